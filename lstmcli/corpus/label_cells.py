"""Parses the label cells of a row, for the three ways in which a file may store labels."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.label_map import MapInUse
from lstmcli.corpus.label_names import clean_label, listed

YES = {"1", "1.0", "y", "yes", "true", "t"}
NO = {"0", "0.0", "n", "no", "false", "f"}

# Cells without a vote of an annotator. "none" is not among them: it may be a label.
NO_LABEL = {"na", "n/a", "#n/a", "<na>", "nan", "nat", "null"}


class BadLabelError(ValueError):
    """A cell does not contain a valid label."""


def label_columns(settings: DataSettings) -> list[str]:
    """Return the names of the columns that contain labels, or scores."""
    return list(settings.scores or settings.labels or settings.annotators) or [settings.label]


def parse_labels(cells: Sequence[Any], settings: DataSettings) -> tuple[str, ...] | None:
    """Return the row's label names, sorted, or None if a cell is empty (the row is unlabelled).

    Args:
        cells: the cells of `label_columns(settings)`, in that order.
        settings: how to read them, with a map that is read (`with_map`).

    Raises:
        BadLabelError: a yes/no cell is neither, a list stands where one label is expected, or a label can't be mapped.
    """
    found = _parsed(cells, settings)
    if settings.label_map is None or settings.annotators or found is None:  # votes are mapped one by one
        return found
    return mapped(found, settings)


def mapped(labels: tuple[str, ...], settings: DataSettings) -> tuple[str, ...]:
    """Return the groups of labels, sorted; a group stands for itself.

    Raises:
        BadLabelError: a label has no group, or the only one of a text has several.
    """
    in_use = settings.label_map
    if not isinstance(in_use, MapInUse):
        raise ValueError(f"expected a label map that is read, got {in_use!r}")
    names, found = in_use.names, set[str]()
    for label in labels:
        own = in_use.groups.get(label, (label,))
        if label not in in_use.groups and label not in names and in_use.is_strict:
            raise BadLabelError(f"label {label!r} has no group in data.label_map ({in_use}); add a row for it")
        if len(own) > 1 and settings.label_separator is None:
            raise BadLabelError(
                f"label {label!r} has {len(own)} groups in data.label_map ({in_use}); for several labels per text, set "
                "data.label_separator"
            )
        found.update(own)
    return tuple(sorted(found))


def _parsed(cells: Sequence[Any], settings: DataSettings) -> tuple[str, ...] | None:
    if settings.labels:
        answers = [_yes_or_no(cell, column) for cell, column in zip(cells, settings.labels, strict=True)]
        if None in answers:
            return None
        return tuple(column for column, answer in zip(settings.labels, answers, strict=True) if answer)
    if settings.annotators and settings.label_separator is not None:
        return majority_set(parse_vote_sets(cells, settings))
    if settings.annotators:
        return majority(parse_votes(cells, settings))
    if settings.label_separator is None:
        label = label_of(cells[0], settings.label)
        return (label,) if label else None
    return labels_in(cells[0], settings.label_separator) or None


def labels_in(cell: Any, separator: str) -> tuple[str, ...]:
    """Return the labels of a cell that may have several, sorted."""
    return tuple(sorted({clean_label(part) for part in _parts(cell, separator)} - {""}))


def label_of(cell: Any, column: str) -> str:
    """Return the only label of a cell, "" for none.

    Raises:
        BadLabelError: the cell holds a list.
    """
    if isinstance(cell, list):
        raise BadLabelError(f"column {column!r} contains a list; for several labels per text, set data.label_separator")
    return clean_label(_as_text(cell))


def parse_votes(cells: Sequence[Any], settings: DataSettings) -> list[str]:
    """Return the label in each annotator's cell, "" for none; raises as `label_of` and `mapped`."""
    votes = [label_of(cell, column) for cell, column in zip(cells, settings.annotators, strict=True)]
    votes = ["" if is_no_label(vote) else vote for vote in votes]
    return (
        votes if settings.label_map is None else ["".join(mapped((vote,), settings)) if vote else "" for vote in votes]
    )


def parse_vote_sets(cells: Sequence[Any], settings: DataSettings) -> list[tuple[str, ...]]:
    """Return the labels in each annotator's cell, none for no vote; raises as `mapped`."""
    separator = settings.label_separator or ""
    found = [tuple(name for name in labels_in(cell, separator) if not is_no_label(name)) for cell in cells]
    return found if settings.label_map is None else [mapped(own, settings) for own in found]


def majority_set(votes: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Return the labels that more than half of those who voted have given, sorted; None if nobody has voted.

    If there is none, it is the label that most have given, of several the one that comes first.
    """
    counts = Counter(label for own in votes for label in own)
    num_votes = sum(bool(own) for own in votes)
    most = tuple(sorted(label for label, count in counts.items() if 2 * count > num_votes))
    return most or ((counts.most_common(1)[0][0],) if counts else None)


def is_no_label(name: str) -> bool:
    """Whether a label is what R, pandas and spreadsheets write for a cell without a value, such as NA."""
    return name.lower() in NO_LABEL


def majority(votes: Sequence[str]) -> tuple[str, ...] | None:
    """Return the label with most votes, of several the one whose vote comes first; None if nobody has voted."""
    counts = Counter(vote for vote in votes if vote)
    return (counts.most_common(1)[0][0],) if counts else None


def _parts(cell: Any, separator: str) -> list[str]:
    """Return the labels of a cell: those of a list, also of one that a table holds as text, or separated ones."""
    text = _as_text(cell)
    in_list = cell if isinstance(cell, list) else listed(text)
    return text.split(separator) if in_list is None else list(map(_as_text, in_list))


def _as_text(cell: Any) -> str:
    if cell is None or cell != cell:  # NaN, which JSON and Parquet may have for none, differs from itself
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    return str(cell)


def _yes_or_no(cell: Any, column: str) -> bool | None:
    text = clean_label(_as_text(cell)).lower()
    if text in YES:
        return True
    if text in NO:
        return False
    if not text:
        return None
    raise BadLabelError(f"expected yes or no (1/0, y/n, true/false) in column {column!r}, found {text!r}")
