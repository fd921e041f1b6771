"""Further scores in words and cells: those that allow for chance, and AUC."""

from collections.abc import Sequence
from typing import NamedTuple

from lstmcli.metrics.estimates import Estimate
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.metrics.further import OF_EACH_LABEL, OF_SINGLE

FURTHER_TITLES = {
    "kappa": "Cohen's kappa",
    "mcc": "MCC",
    "balanced_accuracy": "balanced accuracy",
    "auc": "AUC",
    "specificity": "specificity",
}

# What a row with the undefined score shows.
NOT_DEFINED = "-"

TRAIT_SCORES = ("auc", "balanced_accuracy", "mcc")

CHANCE = "Guessing reaches 0.5 in AUC and balanced accuracy, and 0 in MCC."


class Cells(NamedTuple):
    """The title, columns, rows and note of a table, and the number of columns with names; see `tables.Table`."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""
    num_names: int = 1


def estimate_text(estimate: Estimate | None) -> str:
    """Return "0.873 [0.851, 0.894]", or NOT_DEFINED for None."""
    if estimate is None:
        return NOT_DEFINED
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def chance_sentence(evaluation: Evaluation) -> str:
    """Say how far the model is from chance, for one label per text; "" for other kinds."""
    if evaluation.kind != "single":
        return ""
    scores = next(iter(evaluation.further.values())).scores
    named = [f"{FURTHER_TITLES[score]} {estimate_text(scores[score])}" for score in OF_SINGLE]
    return f"The model: {', '.join(named)}."


def label_cells(evaluation: Evaluation, shown: Sequence[int], note: str, *, brief: bool) -> list[Cells]:
    """Return a table of the labels `shown`, given as indices; with several labels per text, none if `brief`."""
    labels = next(iter(evaluation.further.values())).labels
    is_traits = evaluation.kind == "traits"
    if not labels or (brief and not is_traits):
        return []
    scores = TRAIT_SCORES if brief else OF_EACH_LABEL
    rows = [
        [labels[index].label, *(estimate_text(getattr(labels[index], score)) for score in scores)] for index in shown
    ]
    title, first = ("Traits against chance", "trait") if is_traits else ("Labels against chance", "label")
    return [Cells(title, [first, *(FURTHER_TITLES[score] for score in scores)], rows, f"{CHANCE} {note}".rstrip())]
