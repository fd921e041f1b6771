"""Parses the cells of columns that a model reads beside the text: numbers or categories."""

from collections.abc import Iterable, Sequence
from typing import Literal

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.label_cells import BadLabelError
from lstmcli.corpus.label_names import clean_label
from lstmcli.corpus.score_cells import parse_score

Kind = Literal["number", "category"]
KINDS: tuple[Kind, ...] = ("number", "category")


class BadFeatureError(ValueError):
    """A cell is not what a feature expects."""


def wanted_features(settings: DataSettings) -> list[tuple[str, Kind | None]]:
    """Return the columns of `data.features`, each with its kind if it is set."""
    return split_kinds(settings.features)


def split_kinds(entries: Sequence[str]) -> list[tuple[str, Kind | None]]:
    """Return columns, each with its kind if it is set, as in "zip=category"."""
    found: list[tuple[str, Kind | None]] = []
    for entry in entries:
        kind = next((kind for kind in KINDS if entry.endswith(f"={kind}")), None)
        found.append((entry if kind is None else entry[: -len(kind) - 1], kind))
    return found


def number_of(cell: str, column: str) -> float | None:
    """Return the number in a cell, None if it is missing.

    Raises:
        BadFeatureError: it is something else.
    """
    try:
        value = parse_score(cell, column)
    except BadLabelError as error:
        raise BadFeatureError(str(error)) from None
    return None if value != value else value


def category_of(cell: str) -> str:
    """Return the category in a cell, "" if it is missing."""
    return clean_label(cell)


def kind_of(cells: Iterable[str]) -> Kind:
    """Return "number" if all cells that are not missing are numbers, and there are some."""
    try:
        numbers = [number_of(cell, "") for cell in cells]
    except BadFeatureError:
        return "category"
    return "number" if any(number is not None for number in numbers) else "category"
