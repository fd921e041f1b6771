"""Labelled rows as a table; every row that can't be used is counted, named by line, and treated as the settings say."""

import hashlib
from array import array
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcli.config.settings import DataSettings
from lstmcli.data.formats import Record
from lstmcli.data.label_cells import BadLabelError, label_columns, parse_labels
from lstmcli.data.reading import Source, column_index, open_records
from lstmcli.data.texts import Texts, TextStore
from lstmcli.errors import DataError

MAX_LINES_SHOWN = 5

# The number of rows without a group.
NO_GROUP = -1


@dataclass(frozen=True)
class Finding:
    """Rows that share a peculiarity, what was done with them, and the setting that decides it."""

    description: str
    setting: str
    action: str
    lines: tuple[int, ...]

    def __str__(self) -> str:
        shown = ", ".join(str(line) for line in self.lines[:MAX_LINES_SHOWN])
        more = f" and {len(self.lines) - MAX_LINES_SHOWN:,} more" if len(self.lines) > MAX_LINES_SHOWN else ""
        return f"{self.description} at line{'s' if len(self.lines) > 1 else ''} {shown}{more}"


@dataclass(frozen=True)
class ReadReport:
    """What was read from a file, or what a part of it holds: rows read, rows kept, and what was found."""

    name: str
    num_rows: int
    num_kept: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled rows. What is held of each in memory are a few numbers; the texts may lie in a file.

    Attributes:
        name: of the file, or of the part of it.
        num_rows: read from the file.
        table: one row an example, with the columns `line` (1-based line in the file), `text` (its number in `store`),
            `text_key` (see `text_key`), `label_set` (index into `label_sets`) and `group` (a number, the same for rows
            of the same non-empty group; NO_GROUP for others).
        label_sets: the distinct sets of labels, each a sorted tuple of names.
        store: the texts.
        findings: rows that can't be used as they are.
    """

    name: str
    num_rows: int
    table: pd.DataFrame
    label_sets: tuple[tuple[str, ...], ...]
    store: TextStore
    findings: tuple[Finding, ...]

    @property
    def report(self) -> ReadReport:
        """What a user should know of these rows."""
        return ReadReport(self.name, self.num_rows, len(self.table), self.findings)

    @property
    def texts(self) -> Texts:
        """The texts, in file order."""
        return Texts(self.store, self.table["text"].to_numpy())

    @property
    def used_label_sets(self) -> tuple[NDArray[np.int64], list[tuple[str, ...]]]:
        """The label sets that these rows have, and for each row, (rows,), which of them is its own."""
        used, which = np.unique(self.table["label_set"], return_inverse=True)
        return which, [self.label_sets[index] for index in used]

    @property
    def labels(self) -> list[tuple[str, ...]]:
        """The label names of each example, in file order."""
        return [self.label_sets[index] for index in self.table["label_set"]]

    def having(self, is_wanted: "pd.Series[bool] | np.ndarray", **changes: Any) -> "Examples":
        """Return the rows where `is_wanted` is True, with `changes` to other attributes."""
        return replace(self, table=self.table[is_wanted].reset_index(drop=True), **changes)

    def digest(self) -> str:
        """Return a hash of all texts and labels."""
        digest = hashlib.sha256(self.store.digest())
        digest.update(repr(self.label_sets).encode("utf-8", "surrogatepass"))
        for column in ("text", "label_set"):
            digest.update(self.table[column].to_numpy().tobytes())
        return digest.hexdigest()


def text_key(text: str) -> int:
    """Return a 64-bit hash that two texts share if they are the same: case and white space don't count."""
    folded = " ".join(text.split()).casefold().encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(folded, digest_size=8).digest(), "little", signed=True)


def read_examples(path: str, settings: DataSettings, *, known_labels: Collection[str] | None = None) -> Examples:
    """Read labelled rows from `path`.

    Args:
        path: the file.
        settings: columns, format, encoding, and what happens to rows that can't be used.
        known_labels: the labels of the model; a row with another one is treated by `settings.unknown_labels`. None
            while the labels are being learned.

    Raises:
        DataError: a column is missing, no usable row is left, a yes/no cell is neither, or the settings make a finding
            an error. All findings of the file are in the one message.
    """
    with open_records(path, format_name=settings.format, encoding=settings.encoding) as source:
        name = source.name
        table, label_sets, store, findings, num_rows = _collect(source, settings)
    if known_labels is not None:
        unknown_sets = [index for index, names in enumerate(label_sets) if not set(names) <= set(known_labels)]
        is_unknown = table["label_set"].isin(unknown_sets)
        found = {name for index in table["label_set"][is_unknown].unique() for name in label_sets[index]}
        description = f"labels not seen in training ({', '.join(sorted(found - set(known_labels)))})"
        table = _treat(table, is_unknown, description, "unknown_labels", settings, findings)
    has_conflict = _has_conflict(table)
    table = _treat(table, has_conflict, "the same text with different labels", "conflicting_labels", settings, findings)
    errors = [finding for finding in findings if finding.action == "error"]
    if errors:
        raise DataError("\n".join(_error_line(name, finding) for finding in errors))
    if table.empty:
        reasons = "; ".join(str(finding) for finding in findings) or "there is none below the header"
        raise DataError(f"{name}: no usable row is left of {num_rows:,}: {reasons}.")
    return Examples(name, num_rows, table.reset_index(drop=True), label_sets, store, tuple(findings))


def _has_conflict(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return for each row whether its text stands in another row with other labels."""
    keys = table["text_key"].to_numpy()
    in_order = np.sort(keys)
    repeated_keys = np.unique(in_order[1:][in_order[1:] == in_order[:-1]])
    if not len(repeated_keys):
        return pd.Series(data=False, index=table.index)
    nearest = np.searchsorted(repeated_keys, keys).clip(max=len(repeated_keys) - 1)
    repeated = table[repeated_keys[nearest] == keys]  # few rows as a rule, and pandas needs much memory for many
    conflicts = repeated.groupby("text_key")["label_set"].transform("nunique") > 1
    in_all: pd.Series[bool] = conflicts.reindex(table.index, fill_value=False)
    return in_all


class ExampleRows:
    """Rows on their way into a table, a few bytes each."""

    def __init__(self) -> None:
        self.store = TextStore()
        self.label_sets: dict[tuple[str, ...], int] = {}
        self._columns = {"line": array("i"), "text_key": array("q"), "label_set": array("i"), "group": array("i")}
        self._groups: dict[str, int] = {"": NO_GROUP}

    def append(self, line: int, text: str, labels: tuple[str, ...], group: str) -> None:
        """Add a row: its line in the file, text, sorted label names, and group ("" for none)."""
        self.store.append(text)
        self._columns["line"].append(line)
        self._columns["text_key"].append(text_key(text))
        self._columns["label_set"].append(self.label_sets.setdefault(labels, len(self.label_sets)))
        self._columns["group"].append(self._groups.setdefault(group, len(self._groups) - 1))

    def table(self) -> pd.DataFrame:
        """Return `Examples.table`. No row can be added any more."""
        table = pd.DataFrame({"text": np.arange(len(self.store), dtype=np.int32)})
        for name in list(self._columns):
            column = self._columns.pop(name)
            table[name] = np.array(column, dtype=np.dtype(column.typecode))
        return table


def _collect(
    source: Source, settings: DataSettings
) -> tuple[pd.DataFrame, tuple[tuple[str, ...], ...], TextStore, list[Finding], int]:
    rows = ExampleRows()
    lines: dict[str, list[int]] = {"malformed_rows": [], "unlabelled": [], "empty_texts": []}
    bad_labels: list[str] = []
    num_rows = 0
    selector = _Selector(source, settings)
    for record in source.records:
        num_rows += 1
        if record.is_malformed:
            lines["malformed_rows"].append(record.line)
            continue
        text, label_cells, group = selector.select(record)
        try:
            labels = parse_labels(label_cells, settings)
        except BadLabelError as error:
            bad_labels.append(f"line {record.line}: {error}")
            continue
        if labels is None:
            lines["unlabelled"].append(record.line)
        if not text.strip():
            lines["empty_texts"].append(record.line)
        if (labels is not None or settings.unlabelled == "keep") and (text.strip() or settings.empty_texts == "keep"):
            rows.append(record.line, text, labels or (), group)
    if bad_labels:
        shown = "; ".join(bad_labels[:MAX_LINES_SHOWN])
        raise DataError(f"{source.name}: {len(bad_labels):,} rows have a label that can't be read: {shown}.")
    descriptions = {
        "malformed_rows": "more or fewer cells than the header (an unquoted comma?)",
        "unlabelled": "no label",
        "empty_texts": "empty text",
    }
    findings = [
        Finding(description, kind, getattr(settings, kind), tuple(lines[kind]))
        for kind, description in descriptions.items()
        if lines[kind]
    ]
    return rows.table(), tuple(rows.label_sets), rows.store, findings, num_rows


class _Selector:
    """Finds the text, label and group cells of a record; a column that the first record lacks is a mistake."""

    def __init__(self, source: Source, settings: DataSettings) -> None:
        self._name = source.name
        self._settings = settings
        self._columns: list[str] | None = None
        self._text: int | None = None
        self._labels: list[int | None] = []
        self._group: int | None = None

    def select(self, record: Record) -> tuple[str, list[object], str]:
        if record.columns is not self._columns:
            self._look_up(list(record.columns))
            self._columns = record.columns  # type: ignore[assignment]
        cells = [record.cells[index] if index is not None else None for index in (self._text, self._group)]
        if isinstance(cells[0], list | dict):
            raise DataError(
                f"{self._name}, line {record.line}: {self._settings.text!r} is no text but {cells[0]!r:.40}."
            )
        text, group = ("" if cell is None else str(cell) for cell in cells)
        return text, [None if index is None else record.cells[index] for index in self._labels], group

    def _look_up(self, columns: list[str]) -> None:
        settings = self._settings
        if self._columns is not None:
            # Only JSON Lines come here again: keys that some objects lack are empty cells there.
            wanted = (settings.text, *label_columns(settings), settings.group)
            found = [columns.index(name) if name in columns else None for name in wanted]
            self._text, *self._labels, self._group = found
            return
        setting = "data.labels" if settings.labels else "data.label (train) or --label"
        self._text = column_index(columns, settings.text, self._name, "data.text (train) or --text")
        self._labels = [column_index(columns, column, self._name, setting) for column in label_columns(settings)]
        if settings.group is not None:
            self._group = column_index(columns, settings.group, self._name, "data.group")


def _treat(
    table: pd.DataFrame,
    is_found: "pd.Series[bool]",
    description: str,
    kind: str,
    settings: DataSettings,
    findings: list[Finding],
) -> pd.DataFrame:
    """Note the rows in `findings` and return the table without them if the setting says "drop"."""
    if not is_found.any():
        return table
    action = getattr(settings, kind)
    findings.append(Finding(description, kind, action, tuple(table["line"][is_found])))
    return table[~is_found] if action == "drop" else table


def _error_line(name: str, finding: Finding) -> str:
    choices = "keep or drop" if finding.setting == "conflicting_labels" else "drop"
    return f"{name}: {len(finding.lines):,} rows: {finding}. Mend them, or set data.{finding.setting} to {choices}."
