"""The verdicts of a report in sentences: is the model better than the baselines, and does its network help?"""

from lstmcli.errors import counted
from lstmcli.metrics.evaluation import Comparison, Evaluation
from lstmcli.reports.table import SCORE_TITLES

# With fewer rows or groups, bootstrap intervals are far too narrow; with one, they have no width at all.
MIN_DRAWN = 20

# On the model, compared with another system.
VERDICTS = {
    "better": "The model is better than {other}: {amount}.",
    "worse": "The model is WORSE than {other}: {amount}. Use that instead, or train on more rows.",
    "not distinguishable": "The model does NOT differ significantly from {other} on these rows: {amount}.",
}

# On the networks of the model, compared with what its n-grams do without them.
NGRAMS_VERDICTS = {
    "better": "The {added} adds to the n-grams: {amount}.",
    "worse": "The {added} makes the model WORSE than its n-grams alone: {amount}. Train on more rows.",
    "not distinguishable": "The {added} adds NOTHING measurable to the n-grams on these rows: {amount}.",
}


def verdict_sentences(evaluation: Evaluation) -> list[str]:
    """Return one sentence per other system on whether the model differs from it significantly, then any caveats."""
    sentences = [*comparison_sentences(evaluation), *evaluation.notes]
    if evaluation.is_tuned_on:
        sentences.append(
            "The best epoch and the decision rule were chosen on these rows, so the model's scores here are somewhat "
            "optimistic. For unbiased scores, use rows that training never saw (data.test or lstmcli evaluate)."
        )
    return sentences


def comparison_sentences(evaluation: Evaluation) -> list[str]:
    """Return one sentence per other system, or one on why there is no verdict."""
    num_drawn = evaluation.num_rows if evaluation.num_groups is None else evaluation.num_groups
    if num_drawn < MIN_DRAWN and evaluation.comparisons:
        what = "row" if evaluation.num_groups is None else "group"
        return [f"{counted(num_drawn, what)}: too few for a verdict or for reliable intervals."]
    return [_verdict(comparison) for comparison in evaluation.comparisons]


def _verdict(comparison: Comparison) -> str:
    difference = comparison.difference
    amount = (
        f"{100 * difference.value:+.1f} points of {SCORE_TITLES[comparison.score]} "
        f"(interval {100 * difference.low:+.1f} to {100 * difference.high:+.1f})"
    )
    sentences = NGRAMS_VERDICTS if comparison.added_to_ngrams else VERDICTS
    added, other = comparison.added_to_ngrams, comparison.other
    return sentences[comparison.verdict].format(added=added, other=other, amount=amount)
