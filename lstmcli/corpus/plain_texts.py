"""Unlabelled texts, from files with one text per line or from a column of a table."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.example_rows import text_key
from lstmcli.corpus.texts import TextStore
from lstmcli.data.blank import is_blank
from lstmcli.data.columns import text_of
from lstmcli.data.formats import EXTENSIONS, Record
from lstmcli.data.formats.text import TEXT_COLUMN
from lstmcli.data.reading import ColumnFinder, Source, Wanted, open_records
from lstmcli.errors import DataError
from lstmcli.events import Finding, RowsRead

TEXT_FORMAT = "text"

DESCRIPTIONS = {
    "repeated_headers": "the header line again",
    "malformed_rows": "more or fewer cells than the header",
    "empty_texts": "empty text",
    "repeated_texts": "repeated text",
}


class PlainTexts(NamedTuple):
    """Texts, and what each means in other words: the same text where nothing else is said."""

    texts: TextStore
    meanings: TextStore


def read_texts(
    paths: Sequence[str], settings: DataSettings, *, meaning: str | None = None
) -> tuple[PlainTexts, list[RowsRead]]:
    """Read the texts of all files; empty and repeated ones are dropped.

    Args:
        paths: files; "-" is standard input. A file without columns has one text per line.
        settings: text column, encoding, and the format of standard input and of files other than .txt.
        meaning: the column of tables with other words for a text, empty where there are none; None for no such column.

    Raises:
        DataError: a file can't be read or lacks the column, or there are no texts left.
    """
    texts, keys = TextStore(), set[int]()
    store = PlainTexts(texts, texts if meaning is None else TextStore())
    reports = []
    for path in paths:
        is_lines = EXTENSIONS.get(Path(path.removesuffix(".gz")).suffix.lower()) == TEXT_FORMAT
        format_name = "auto" if is_lines else settings.format
        with open_records(path, format_name=format_name, encoding=settings.encoding) as source:
            reports.append(_read_file(source, settings.text, meaning, store, keys))
    if not len(texts):
        raise DataError(f"{', '.join(paths)}: there is no text to learn from.")
    return store, reports


def _read_file(source: Source, column: str, meaning: str | None, store: PlainTexts, keys: set[int]) -> RowsRead:
    lines: dict[str, list[int]] = {description: [] for description in DESCRIPTIONS}
    num_rows, num_before = 0, len(store.texts)
    select = _TextSelector(source, column, meaning)
    for record in source.records:
        num_rows += 1
        if record.problem is not None:  # the only one that does not end the reading
            lines["repeated_headers"].append(record.line)
            continue
        problem = "malformed_rows" if record.is_malformed else _take(*select(record), store, keys)
        if problem is not None:
            lines[problem].append(record.line)
    select.check()
    findings = tuple(
        Finding(DESCRIPTIONS[problem], problem, "drop", tuple(found)) for problem, found in lines.items() if found
    )
    return RowsRead(source.name, num_rows, len(store.texts) - num_before, findings)


def _take(text: str, meaning: str, store: PlainTexts, keys: set[int]) -> str | None:
    """Store a text and its meaning, or return the reason why not."""
    if is_blank(text):
        return "empty_texts"
    key = text_key(text)
    if key in keys:
        return "repeated_texts"
    keys.add(key)
    store.texts.append(text)
    if store.meanings is not store.texts:
        store.meanings.append(text if is_blank(meaning) else meaning)
    return None


class _TextSelector:
    """Finds the text of a record, and its meaning, which is empty where there is none."""

    def __init__(self, source: Source, column: str, meaning: str | None) -> None:
        self._name = source.name
        is_text = source.format_name == TEXT_FORMAT
        self._wanted = [
            Wanted(TEXT_COLUMN if is_text else column, "--text (data.text)"),
            Wanted(None if is_text else meaning, "pretraining.meaning"),
        ]
        self._find = ColumnFinder(source.name, self._wanted, varies=source.columns is None)

    def __call__(self, record: Record) -> tuple[str, str]:
        text, meaning = self._find(record.columns)
        return self._cell(record, text, self._wanted[0]), self._cell(record, meaning, self._wanted[1])

    def _cell(self, record: Record, index: int | None, wanted: Wanted) -> str:
        if index is None:
            return ""
        cell = record.cells[index]
        if isinstance(cell, list | dict | bytes):
            raise DataError(
                f"{self._name}, line {record.line}: expected text in {wanted.column!r}, found {cell!r:.40}."
            )
        return cell if type(cell) is str else text_of(record, index)

    def check(self) -> None:
        """Raise a DataError if there were records, but none with one of the columns."""
        self._find.check()
