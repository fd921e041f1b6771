"""The result of an evaluation in one sentence of plain English, and whether new texts will do as well."""

from lstmcli.errors import counted
from lstmcli.metrics.baseline_names import MAJORITY_NAME, MEDIAN_NAME, NGRAMS_NAME
from lstmcli.metrics.evaluation import Comparison, Evaluation
from lstmcli.reports.table import SCORE_TITLES
from lstmcli.reports.verdicts import MIN_DRAWN
from lstmcli.reports.wording import joined, percent

# The score that people understand without an explanation, and what it says.
PLAIN_SCORE = {"single": "accuracy", "multi": "macro_f1", "traits": "mean_accuracy"}
MODEL_DOES = {
    "single": "gives the right label to {value} of them ({interval})",
    "multi": "reaches an F1 of {value}, averaged over the labels ({interval}; 1 would be perfect)",
    "traits": "answers {value} of the yes/no questions right ({interval})",
}

MAJORITY_DOES = {
    "single": "always choosing the most frequent label",
    "multi": "always choosing the most frequent label",
    "traits": "always giving the more frequent answer",
}

OPTIMISTIC = "The scores are optimistic on these rows:"
ADVICE = "For unbiased scores, use rows that training never saw (data.test or lstmcli evaluate)."


def headline(evaluation: Evaluation) -> str:
    """Return how good the model is on which rows, with an interval, and which baselines it beats how clearly."""
    return f"{_rows(evaluation)}, the model {_reached(evaluation)}{_compared(evaluation)}."


def optimism(evaluation: Evaluation) -> str:
    """Return why scores on these rows are better than on new ones; "" if nothing is known against them."""
    if evaluation.is_tuned_on:
        return f"{OPTIMISTIC} the best epoch and the decision rule were chosen on them. {ADVICE}"
    if evaluation.num_seen:
        return f"{OPTIMISTIC} the model was trained or tuned on {evaluation.num_seen:,} of the texts. {ADVICE}"
    return ""


def _rows(evaluation: Evaluation) -> str:
    rows = f"{counted(evaluation.num_rows, 'text')} of {evaluation.name}"
    if evaluation.folds:
        name = evaluation.name.removesuffix(", fold by fold")
        return (
            f"On the {counted(evaluation.num_rows, 'text')} of {name}, each predicted by a model that had not seen it"
        )
    if evaluation.is_tuned_on:
        return f"On {rows}, which also chose its best epoch"
    if evaluation.num_seen:
        return f"On {rows}, {evaluation.num_seen:,} of which it was trained or tuned on"
    if evaluation.num_seen is None:
        return f"On {rows}"
    # "…, labels mapped by X, that it had never seen"
    return f"On {rows}{',' if ', ' in evaluation.name else ''} that it had never seen"


def _reached(evaluation: Evaluation) -> str:
    estimate = next(iter(evaluation.scores.values()))[PLAIN_SCORE[evaluation.kind]]
    shown = _shown if evaluation.kind == "multi" else percent
    interval = f"{evaluation.confidence:.0%} interval {shown(estimate.low)} to {shown(estimate.high)}"
    return MODEL_DOES[evaluation.kind].format(value=shown(estimate.value), interval=interval)


def _shown(value: float) -> str:
    return f"{value:.2f}"


def _compared(evaluation: Evaluation) -> str:
    if not evaluation.comparisons:
        return "; it was compared with nothing simpler"
    others = [_named(evaluation, comparison) for comparison in evaluation.comparisons]
    num_drawn = evaluation.num_rows if evaluation.num_groups is None else evaluation.num_groups
    if num_drawn < MIN_DRAWN:
        return f"; there are too few rows to compare it with {joined(others, 'or')}"
    by_verdict: dict[str, list[str]] = {}
    for comparison, other in zip(evaluation.comparisons, others, strict=True):
        by_verdict.setdefault(clearness(comparison), []).append(other)
    phrases = [f"{words} {joined(by_verdict[words])}" for words in CLEARNESS if words in by_verdict]
    score = evaluation.main_score
    value = next(iter(evaluation.scores.values()))[score]
    named = "" if score == PLAIN_SCORE[evaluation.kind] else f" by {SCORE_TITLES[score]} ({value.value:.2f}),"
    return f";{named} {'it' if named else 'that'} is {joined(phrases, 'but') if len(phrases) < 3 else joined(phrases)}"


CLEARNESS = ("clearly better than", "not clearly better than", "not better than", "clearly worse than")


def clearness(comparison: Comparison) -> str:
    """Return how the model compares, as one of CLEARNESS."""
    if comparison.verdict == "not distinguishable":
        return CLEARNESS[1] if comparison.difference.value > 0 else CLEARNESS[2]
    return CLEARNESS[0] if comparison.verdict == "better" else CLEARNESS[3]


def _named(evaluation: Evaluation, comparison: Comparison) -> str:
    name = {
        MAJORITY_NAME: MAJORITY_DOES[evaluation.kind],
        MEDIAN_NAME: "always choosing the median label",
        NGRAMS_NAME: "its n-grams alone",
    }.get(comparison.other, comparison.other)
    value = evaluation.scores[comparison.other][comparison.score].value
    is_plain = comparison.score == PLAIN_SCORE[evaluation.kind] != "macro_f1"
    return f"{name} ({percent(value) if is_plain else _shown(value)})"
