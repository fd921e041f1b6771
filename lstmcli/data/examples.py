"""Labelled rows as a table; every row that can't be used is counted, named by line, and treated as the settings say."""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from lstmcli.config.settings import DataSettings
from lstmcli.data.formats import Record
from lstmcli.data.label_cells import BadLabelError, label_columns, parse_labels
from lstmcli.data.reading import Source, column_index, open_records
from lstmcli.errors import DataError

MAX_LINES_SHOWN = 5


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


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled rows.

    `table` has one row an example and the columns `line` (1-based line in the file), `text`, `labels` (a sorted tuple
    of names) and `group` (a string, "" where there is no group column).
    """

    name: str
    num_rows: int
    table: pd.DataFrame
    findings: tuple[Finding, ...]

    @property
    def texts(self) -> list[str]:
        """The texts, in file order."""
        return list(self.table["text"])

    @property
    def labels(self) -> list[tuple[str, ...]]:
        """The label names of each example, in file order."""
        return list(self.table["labels"])


def text_key(texts: "pd.Series[str]") -> "pd.Series[str]":
    """Return what makes two texts the same: case and white space don't count."""
    return texts.str.split().str.join(" ").str.casefold()


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
        table, findings, num_rows = _collect(source, settings)
    if known_labels is not None:
        is_unknown = table["labels"].map(lambda names: not set(names) <= set(known_labels)).astype(bool)
        unknown = sorted({name for names in table["labels"][is_unknown] for name in names} - set(known_labels))
        description = f"labels not seen in training ({', '.join(unknown)})"
        table = _treat(table, is_unknown, description, "unknown_labels", settings, findings)
    key = text_key(table["text"])
    has_conflict = table["labels"].groupby(key).transform("nunique") > 1
    table = _treat(table, has_conflict, "the same text with different labels", "conflicting_labels", settings, findings)
    errors = [finding for finding in findings if finding.action == "error"]
    if errors:
        raise DataError("\n".join(_error_line(name, finding) for finding in errors))
    if table.empty:
        reasons = "; ".join(str(finding) for finding in findings) or "there is none below the header"
        raise DataError(f"{name}: no usable row is left of {num_rows:,}: {reasons}.")
    return Examples(name, num_rows, table.reset_index(drop=True), tuple(findings))


def _collect(source: Source, settings: DataSettings) -> tuple[pd.DataFrame, list[Finding], int]:
    rows: list[tuple[int, str, tuple[str, ...], str]] = []
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
            rows.append((record.line, text, labels or (), group))
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
    return pd.DataFrame(rows, columns=["line", "text", "labels", "group"]), findings, num_rows


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
