"""Reads the texts of a file for commands that look at all of them together."""

from collections.abc import Sequence
from dataclasses import dataclass

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.row_texts import RowSelector
from lstmcli.data.columns import BadRowError
from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.data.reading import Layout, check_exist, input_layout, open_records
from lstmcli.errors import DataError, UsageError


@dataclass(frozen=True)
class TextRows:
    """The texts of a file, and the line in which each begins. `num_skipped` rows are blank or can't be read."""

    name: str
    texts: Sequence[str]
    lines: Sequence[int]
    num_skipped: int


@dataclass(frozen=True)
class RowOptions:
    """How a file is read; what is None is as in training."""

    format_name: str | None = None
    encoding: str | None = None
    column: str | None = None


def read_rows(path: str, options: RowOptions, trained: DataSettings) -> TextRows:
    """Read all texts of `path` ("-": standard input).

    Args:
        path: of the file.
        options: how to read it.
        trained: how training read its files.

    Raises:
        DataError: it can't be read, has no such column, or no text.
        UsageError: a column is named for plain text.
    """
    check_exist([path])
    layout = input_layout(path, Layout(options.format_name, options.encoding), Layout(trained.format, trained.encoding))
    texts, lines, num_skipped = [], [], 0
    with open_records(path, **layout._asdict(), keeps_broken=True) as source:
        if options.column is not None and source.format_name == TEXT_FORMAT:
            raise UsageError("--column: plain text has no columns; name the format of the input with --format.")
        select = RowSelector(source, trained, options.column or trained.text, option="--column")
        for record in source.records:
            try:
                texts.append(select(record))
            except BadRowError:
                num_skipped += 1
            else:
                lines.append(record.line)
        if texts:
            select.check()
    if not texts:
        raise DataError(f"{source.name}: there is no text in it.")
    return TextRows(source.name, texts, lines, num_skipped)
