"""Labelled rows as a table; unusable rows are counted, reported by line, and handled as the settings say."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.columns import CellSelector
from lstmcli.corpus.example_rows import NO_GROUP, ExampleRows
from lstmcli.corpus.label_map import with_map
from lstmcli.corpus.label_names import clean_label
from lstmcli.corpus.row_collector import RowCollector
from lstmcli.corpus.row_weights import WeightRows
from lstmcli.corpus.score_cells import ScoreValues
from lstmcli.corpus.soft_labels import SoftLabels
from lstmcli.corpus.texts import Texts, TextStore
from lstmcli.corpus.votes import vote_rows
from lstmcli.data.reading import open_records
from lstmcli.errors import DataError, counted, nearest
from lstmcli.events import Finding, RowsRead


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled rows. Memory holds only a few numbers per row; the texts may be in a temporary file.

    Attributes:
        name: of the file, or of a part of it.
        num_rows: number of rows read.
        table: one row per example, with the columns `line` (1-based line in the file), `text` (its number in `store`),
            `text_key` (see `text_key`), `label_set` (index into `label_sets`) and `group` (a number, the same for rows
            of the same non-empty group; NO_GROUP for others).
        label_sets: the distinct sets of labels, each a sorted tuple of names.
        store: the texts.
        findings: rows that can't be used as they are.
        soft: probabilities, or shares of votes, as targets, if they are used; row n belongs to text n of `store`.
        ends: for each file, the number of texts in `store` once it was read.
        scores: numbers as targets, instead of labels; row n belongs to text n of `store`.
        weights: of training rows, if they have some; number n belongs to text n of `store`.
        cells: what rows have beside their texts, if anything is read; number n belongs to text n of `store`.
    """

    name: str
    num_rows: int
    table: pd.DataFrame
    label_sets: tuple[tuple[str, ...], ...]
    store: TextStore
    findings: tuple[Finding, ...]
    soft: SoftLabels | None = None
    ends: tuple[int, ...] = ()
    scores: ScoreValues | None = None
    weights: NDArray[np.float64] | None = None
    cells: TextStore | None = None

    @property
    def report(self) -> RowsRead:
        """What a user should know about these rows."""
        return RowsRead(self.name, self.num_rows, len(self.table), self.findings)

    @property
    def texts(self) -> Texts:
        """The texts, in file order."""
        return Texts(self.store, self.table["text"].to_numpy(), self.cells)

    @property
    def used_label_sets(self) -> tuple[NDArray[np.int64], list[tuple[str, ...]]]:
        """The index of each row's label set, (rows,), and the label sets that these rows have."""
        used, which = np.unique(self.table["label_set"], return_inverse=True)
        return which, [self.label_sets[index] for index in used]

    @property
    def labels(self) -> list[tuple[str, ...]]:
        """The label names of each example, in file order."""
        return [self.label_sets[index] for index in self.table["label_set"]]

    @property
    def row_weights(self) -> NDArray[np.float64] | None:
        """The weight of each row, (rows,); None: all count as one."""
        return None if self.weights is None else self.weights[self.table["text"].to_numpy()]

    @property
    def groups(self) -> NDArray[np.int64] | None:
        """See `number_groups`."""
        return number_groups(self.table["group"].to_numpy())

    def having(self, is_wanted: "pd.Series[bool] | np.ndarray", **changes: Any) -> "Examples":
        """Return the rows where `is_wanted` is True, with `changes` to other attributes."""
        return replace(self, table=self.table[is_wanted].reset_index(drop=True), **changes)

    def digest(self) -> str:
        """Return a hash of all texts and labels."""
        digest = hashlib.sha256(self.store.digest())
        digest.update(repr(self.label_sets).encode("utf-8", "surrogatepass"))
        for column in ("text", "label_set"):
            digest.update(self.table[column].to_numpy().tobytes())
        if self.soft is not None:
            digest.update(repr(self.soft.names).encode("utf-8", "surrogatepass") + self.soft.values.tobytes())
        if self.scores is not None:
            digest.update(repr(self.scores.names).encode("utf-8", "surrogatepass") + self.scores.values.tobytes())
        if self.row_weights is not None:
            digest.update(self.row_weights.tobytes())
        if self.cells is not None:
            digest.update(self.cells.digest())
        return digest.hexdigest()


def number_groups(groups: NDArray[np.integer]) -> NDArray[np.int64] | None:
    """Number the `groups` of rows (the column `group` of `Examples.table`) from 0; a row without a group is its own.

    Returns None if no row has a group.
    """
    alone = groups == NO_GROUP
    if alone.all():
        return None
    keys = np.where(alone, -1 - np.arange(len(groups)), groups)
    return np.asarray(np.unique(keys, return_inverse=True)[1], dtype=np.int64)


def read_examples(
    paths: str | Sequence[str],
    settings: DataSettings,
    *,
    known_labels: Collection[str] | None = None,
    soft: bool = False,
    needs_group: bool = True,
    weighted: bool = False,
) -> Examples:
    """Read labelled rows from a file, or from several as if they were one.

    Args:
        paths: the file or files.
        settings: columns, format, encoding, and how to handle unusable rows.
        known_labels: the labels of the model; rows with other labels are handled by `settings.unknown_labels`. None
            while the labels are being learned.
        soft: whether the columns probability_<label> are targets, in which case a row needs no label.
        needs_group: whether it is an error if the column `settings.group` is missing.
        weighted: whether the rows are to be learned from, and have the weights in the column `settings.weight`.

    Raises:
        DataError: a column is missing, there are no usable rows, a label is invalid, or the settings make a finding an
            error. One message lists all such findings of the file.
        UsageError: there is no such label map.
    """
    settings = with_map(settings, is_strict=known_labels is None)
    rows, findings, num_rows = ExampleRows(settings.scores), list[Finding](), 0
    names, ends = list[str](), list[int]()
    rows.votes = vote_rows(settings)
    rows.weights = WeightRows(settings.weight) if weighted and settings.weight is not None else None
    for path in [paths] if isinstance(paths, str) else paths:
        with open_records(path, format_name=settings.format, encoding=settings.encoding) as source:
            names.append(source.name)
            selector = CellSelector(source, settings, soft=soft, needs_group=needs_group, weighted=weighted)
            collector = RowCollector(source.name, selector, rows, settings)
            num_rows += collector.collect(source.records)
            findings += collector.findings()
            ends.append(len(rows.store))
    name = " + ".join(names)
    table, label_sets = rows.table(), tuple(rows.label_sets)
    if known_labels is not None:
        label_sets = _as_known(label_sets, known_labels)
        unknown_sets = [index for index, names in enumerate(label_sets) if not set(names) <= set(known_labels)]
        is_unknown = table["label_set"].isin(unknown_sets)
        found = {name for index in table["label_set"][is_unknown].unique() for name in label_sets[index]}
        unknown = [_with_nearest(name, known_labels) for name in sorted(found - set(known_labels))]
        description = f"labels not seen in training ({', '.join(unknown)})"
        table = _treat(table, is_unknown, description, "unknown_labels", settings, findings)
    has_conflict = _has_conflict(table)
    table = _treat(table, has_conflict, "the same text with different labels", "conflicting_labels", settings, findings)
    errors = [finding for finding in findings if finding.action == "error"]
    if errors:
        raise DataError(*(_error_line(name, finding) for finding in errors))
    if table.empty:
        reasons = "; ".join(str(finding) for finding in findings) or "there are no rows below the header"
        raise DataError(f"{name}: no usable rows ({num_rows:,} read): {reasons}.")
    table = table.reset_index(drop=True)
    scores = None if rows.scores is None else rows.scores.score_values()
    told = tuple(findings)
    weights = None if rows.weights is None else rows.weights.values()
    soft_labels = rows.soft_labels()
    return Examples(
        name, num_rows, table, label_sets, rows.store, told, soft_labels, tuple(ends), scores, weights, rows.cells
    )


def _as_known(label_sets: tuple[tuple[str, ...], ...], known: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Return the sets with the names of the model where these are spelled as only older versions stored them."""
    names = {clean_label(name): name for name in known if clean_label(name) != name and clean_label(name) not in known}
    return (
        tuple(tuple(sorted(names.get(name, name) for name in of_row)) for of_row in label_sets) if names else label_sets
    )


def _with_nearest(name: str, known: Collection[str]) -> str:
    near = nearest(name, known)
    return name if near is None else f"{name}, similar to {near!r}"


def _has_conflict(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return for each row whether its text occurs in another row with different labels."""
    keys = table["text_key"].to_numpy()
    in_order = np.sort(keys)
    repeated_keys = np.unique(in_order[1:][in_order[1:] == in_order[:-1]])
    if not len(repeated_keys):
        return pd.Series(data=False, index=table.index)
    nearest = np.searchsorted(repeated_keys, keys).clip(max=len(repeated_keys) - 1)
    repeated = table[repeated_keys[nearest] == keys]  # usually few rows, and pandas needs much memory for many
    conflicts = repeated.groupby("text_key")["label_set"].transform("nunique") > 1
    in_all: pd.Series[bool] = conflicts.reindex(table.index, fill_value=False)
    return in_all


def _treat(
    table: pd.DataFrame,
    is_found: "pd.Series[bool]",
    description: str,
    kind: str,
    settings: DataSettings,
    findings: list[Finding],
) -> pd.DataFrame:
    """Add the rows to `findings`, and return the table without them if the setting is "drop"."""
    if not is_found.any():
        return table
    action = getattr(settings, kind)
    findings.append(Finding(description, kind, action, tuple(table["line"][is_found])))
    return table[~is_found] if action == "drop" else table


def _error_line(name: str, finding: Finding) -> str:
    choices = "keep or drop" if finding.setting == "conflicting_labels" else "drop"
    rows = counted(len(finding.lines), "row")
    return f"{name}: {rows}: {finding}. Fix them, or set data.{finding.setting} to {choices}."
