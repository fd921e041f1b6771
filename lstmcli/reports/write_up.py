"""Two sentences on an evaluation, for a paper."""

from collections.abc import Sequence
from dataclasses import dataclass

from lstmcli.errors import counted
from lstmcli.metrics.estimates import Estimate
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.reports.comparison import points
from lstmcli.reports.table import SCORE_TITLES
from lstmcli.reports.wording import joined

WRITTEN_SCORES = {
    "single": ("accuracy", "macro_f1"),
    "multi": ("macro_f1", "micro_f1", "jaccard"),
    "traits": ("mean_accuracy", "macro_f1"),
}

CELLS = {"rnn": "plain recurrent network", "lstm": "LSTM", "peephole": "LSTM with peepholes"}
POOLINGS = {
    "last": "its last state",
    "mean": "the mean of its states",
    "max": "the maximum of its states",
    "attention": "attention pooling",
}


@dataclass(frozen=True)
class Setting:
    """What the scores are of.

    Attributes:
        rows: which rows, such as "the 469 rows of test.csv".
        model: which model, such as "an LSTM".
        versions: names and versions of what computed them.
    """

    rows: str
    model: str
    versions: Sequence[tuple[str, str]]


def model_words(
    cell: str, hidden_size: int, pooling: str, *, is_bidirectional: bool, num_networks: int, ngrams: bool
) -> str:
    """Return "a bidirectional LSTM (80 hidden units, attention pooling) with a linear model over n-grams"."""
    name = f"{'bidirectional ' if is_bidirectional else ''}{CELLS[cell]}"
    article = "an" if name.startswith("LSTM") else "a"
    subject = f"{article} {name}" if num_networks == 1 else f"an ensemble of {num_networks} networks, each a {name}"
    size = f" ({hidden_size} hidden units per direction, {POOLINGS[pooling]})"
    size = size if is_bidirectional else size.replace(" per direction", "")
    return f"{subject}{size}{', combined with a linear model over n-grams,' if ngrams else ''}"


def write_up(evaluation: Evaluation, setting: Setting) -> str:
    """Return two sentences: the scores of the model, and those of its baselines."""
    model, *others = evaluation.scores
    main, scores = evaluation.main_score, evaluation.scores[model]
    unit = "rows" if evaluation.num_groups is None else f"{evaluation.num_groups:,} groups"
    brackets = f"{evaluation.confidence:.0%} bootstrap intervals over {unit} in brackets"
    reached = [
        f"{_article(name)} {SCORE_TITLES[name]} of {_estimate(scores[name])}"
        for name in WRITTEN_SCORES[evaluation.kind]
    ]
    first = f"On {setting.rows}, {setting.model} reached {joined(reached)} ({brackets})."
    versions = joined([f"{name} {version}" for name, version in setting.versions])
    if not others:
        return f"{first} The scores were computed with {versions}."
    differences = {each.other: each.difference for each in evaluation.comparisons}
    compared = [
        f"{evaluation.scores[other][main].value:.3f} for {_named(other)} (difference {_difference(differences[other])})"
        for other in others
    ]
    over = " over folds" if evaluation.folds else ""
    baselines = f"{_article(main)} {SCORE_TITLES[main]} of {joined(compared)}"
    sizes = f"where differences{over} are in points with {evaluation.confidence:.0%} intervals"
    return f"{first} Its baselines reached {baselines}, {sizes}; all scores were computed with {versions}."


def _article(score: str) -> str:
    return "an" if SCORE_TITLES[score][0] in "a" else "a"


def _named(other: str) -> str:
    return f"the {other}" if other == "majority class" else other


def _estimate(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _difference(estimate: Estimate) -> str:
    return f"{points(estimate.value)}, {points(estimate.low)} to {points(estimate.high)}"


def rows_words(evaluation: Evaluation, split: str, folds: int | None) -> str:
    """Return what the rows are, in words: "the 469 rows of test.csv (test rows of the run)"."""
    rows = counted(evaluation.num_rows, "row")
    if folds is not None:
        name = evaluation.name.removesuffix(", fold by fold")
        return f"the {rows} of {name}, in a cross-validation with {folds} folds"
    return f"the {rows} of {evaluation.name}{split}"
