"""Takes from the cells of a row what it is an example of: labels, probabilities, votes or scores."""

from collections.abc import Sequence
from typing import NamedTuple

from lstmcli.config.model_settings import DataSettings, label_kind
from lstmcli.corpus.columns import Cells
from lstmcli.corpus.example_rows import ExampleRows
from lstmcli.corpus.label_cells import parse_labels, parse_vote_sets, parse_votes
from lstmcli.corpus.soft_labels import SoftRows
from lstmcli.corpus.votes import Vote


class RowTargets(NamedTuple):
    """What a row is an example of.

    Attributes:
        labels: its labels, none with scores; None if it has neither.
        values: its probabilities, if they are used.
        has_own: whether the labels are its own, not from the probabilities.
        votes: of several annotators.
        scores: numbers in the place of labels.
    """

    labels: tuple[str, ...] | None
    values: list[float] | None = None
    has_own: bool = True
    votes: Sequence[Vote] | None = None
    scores: list[float] | None = None


def row_targets(cells: Cells, rows: ExampleRows, settings: DataSettings) -> RowTargets:
    """Return the targets in the cells of a row.

    Raises:
        BadLabelError: a cell is not what the settings say.
    """
    if rows.scores is not None:
        scores = rows.scores.parse(cells.labels)
        return RowTargets(None if scores is None else (), scores=scores)
    soft: SoftRows | None = rows.soft
    labels = parse_labels(cells.labels, settings)
    if settings.annotators and settings.label_separator is not None:
        return RowTargets(labels, votes=parse_vote_sets(cells.labels, settings))
    if settings.annotators:
        return RowTargets(labels, votes=parse_votes(cells.labels, settings))
    if soft is None:
        return RowTargets(labels)
    values = soft.parse(cells.probabilities)
    if labels is None and values is not None:
        return RowTargets(soft.labels(values, label_kind(settings)), values, has_own=False)
    return RowTargets(labels, values)
