"""Unlabelled texts, from files with one text per line or from a column of a table."""

from collections.abc import Sequence
from pathlib import Path

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.example_rows import text_key
from lstmcli.corpus.progress import LEAST_BYTES, StageProgress
from lstmcli.corpus.seen_keys import SeenKeys
from lstmcli.corpus.texts import TextStore
from lstmcli.data.blank import is_blank
from lstmcli.data.columns import text_of
from lstmcli.data.formats import EXTENSIONS, FORMATS, Record
from lstmcli.data.formats.text import TEXT_COLUMN
from lstmcli.data.reading import ColumnFinder, Source, Wanted, open_records
from lstmcli.errors import DataError
from lstmcli.events import Finding, RowsRead, Tell, ignore

TEXT_FORMAT = "text"

DESCRIPTIONS = {
    "repeated_headers": "the header line again",
    "malformed_rows": "more or fewer cells than the header",
    "empty_texts": "empty text",
    "repeated_texts": "repeated text",
}


def read_texts(paths: Sequence[str], settings: DataSettings, tell: Tell = ignore) -> tuple[TextStore, list[RowsRead]]:
    """Read the texts of all files; empty and repeated ones are dropped.

    Args:
        paths: files; "-" is standard input. A file without columns has one text per line.
        settings: text column, encoding, and the format of standard input and of files other than .txt.
        tell: is told how far the reading of a large file is.

    Raises:
        DataError: a file can't be read or lacks the column, or there are no texts left.
    """
    store, keys = TextStore(), SeenKeys()
    reports = []
    for path in paths:
        is_lines = EXTENSIONS.get(Path(path.removesuffix(".gz")).suffix.lower()) == TEXT_FORMAT
        format_name = "auto" if is_lines else settings.format
        progress = _progress(path, tell)
        see = None if progress is None else lambda data, progress=progress: progress.add(len(data))
        with open_records(path, format_name=format_name, encoding=settings.encoding, see=see) as source:
            reports.append(_read_file(source, settings.text, store, keys))
        if progress is not None:
            progress.finish()
    if not len(store):
        raise DataError(f"{', '.join(paths)}: there is no text to learn from.")
    return store, reports


def _progress(path: str, tell: Tell) -> StageProgress | None:
    """Return what counts the bytes of a large file as they are read; None for small ones, pipes and binary formats."""
    file = Path(path)
    is_text = EXTENSIONS.get(Path(path.removesuffix(".gz")).suffix.lower()) in FORMATS
    if not is_text or not file.is_file() or file.stat().st_size < LEAST_BYTES:
        return None
    return StageProgress("read", file.stat().st_size, tell)


def _read_file(source: Source, column: str, store: TextStore, keys: SeenKeys) -> RowsRead:
    lines: dict[str, list[int]] = {description: [] for description in DESCRIPTIONS}
    num_rows, num_before = 0, len(store)
    select = _TextSelector(source, column)
    for record in source.records:
        num_rows += 1
        if record.problem is not None:  # the only one that does not end the reading
            lines["repeated_headers"].append(record.line)
            continue
        problem = _take(None if record.is_malformed else select(record), store, keys)
        if problem is not None:
            lines[problem].append(record.line)
    select.check()
    findings = tuple(
        Finding(DESCRIPTIONS[problem], problem, "drop", tuple(found)) for problem, found in lines.items() if found
    )
    return RowsRead(source.name, num_rows, len(store) - num_before, findings)


def _take(text: str | None, store: TextStore, keys: SeenKeys) -> str | None:
    """Store a text, or return the reason why not; None means a malformed row."""
    if text is None:
        return "malformed_rows"
    if is_blank(text):
        return "empty_texts"
    if not keys.add(text_key(text)):
        return "repeated_texts"
    store.append(text)
    return None


class _TextSelector:
    """Finds the text of a record."""

    def __init__(self, source: Source, column: str) -> None:
        self._name = source.name
        self._column = TEXT_COLUMN if source.format_name == TEXT_FORMAT else column
        self._find = ColumnFinder(
            source.name, [Wanted(self._column, "--text (data.text)")], varies=source.columns is None
        )

    def __call__(self, record: Record) -> str:
        (index,) = self._find(record.columns)
        cell = None if index is None else record.cells[index]
        if isinstance(cell, list | dict | bytes):
            raise DataError(f"{self._name}, line {record.line}: expected text in {self._column!r}, found {cell!r:.40}.")
        if type(cell) is str:
            return cell
        return "" if index is None else text_of(record, index)

    def check(self) -> None:
        """Raise a DataError if there were records, but none with the column."""
        self._find.check()
