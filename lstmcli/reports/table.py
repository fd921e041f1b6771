"""A table of a report, and how scores are called and written in it."""

from dataclasses import dataclass, field

from lstmcli.metrics.estimates import Estimate
from lstmcli.reports.further import NOT_DEFINED, estimate_text
from lstmcli.reports.scores.titles import TITLES

SCORE_TITLES = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "micro_f1": "micro-F1",
    "jaccard": "Jaccard",
    "mean_accuracy": "mean accuracy",
    "log_loss": "log loss",
    "perplexity": "perplexity",
    "cosine": "cosine",
    "agreement": "agreement",
    "qwk": "QWK",
    "kappa": "kappa",
    "mcc": "MCC",
    "macro_mcc": "macro-MCC",
    "macro_balanced_accuracy": "balanced accuracy",
    **TITLES,
}

# Where a score has no rows to be computed from.
NO_SCORE = NOT_DEFINED


@dataclass(frozen=True)
class Table:
    """A title, the names of the columns, and rows of cells.

    Attributes:
        title: of the table.
        columns: their names.
        rows: of cells; `num_names` cells name the row, the others are figures.
        note: a remark below the table.
        num_names: number of columns with names.
        shades: for each row, how dark the cell of each figure is, from 0 to 1. Empty: no cell is.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""
    num_names: int = 1
    shades: list[list[float]] = field(default_factory=list)


def format_estimate(estimate: Estimate) -> str:
    """Return "0.873 [0.851, 0.894]"."""
    return estimate_text(estimate)


def format_points(estimate: Estimate) -> str:
    """Return "+1.2 [-0.3, +2.7]": a difference in hundredths."""
    return f"{100 * estimate.value:+.1f} [{100 * estimate.low:+.1f}, {100 * estimate.high:+.1f}]"
