"""Reads a lexicon from a file, whatever its format is."""

from pathlib import Path

from lstmcli.data.guessing import guess_encoding
from lstmcli.data.reading import STANDARD_INPUT, check_exist, open_records
from lstmcli.errors import DataError
from lstmcli.lexicons.dic import FENCE, is_fence, read_dic
from lstmcli.lexicons.lexicon import Lexicon, LexiconBuilder
from lstmcli.lexicons.tables import read_table


def read_lexicon(path: str) -> Lexicon:
    """Read a .dic file or a table; its content says which, and its bytes in which encoding.

    Raises:
        DataError: the file can't be read, or is no lexicon.
    """
    if path == STANDARD_INPUT:
        raise DataError("--lexicon -: a lexicon can't come from standard input; name a file.")
    check_exist([path])
    encoding = guess_encoding(path) if Path(path).is_file() else "utf-8"
    with open_records(path, format_name="text", encoding=encoding) as source:
        lines = [(record.line, record.cells[0]) for record in source.records]
    lines = [(line, text) for line, text in lines if text.strip()]
    if not lines:
        raise DataError(f"{path}: is empty; expected words and their categories.")
    builder = LexiconBuilder(path)
    if is_fence(lines[0][1]):
        read_dic(lines, builder)
    elif path.lower().endswith(".dic"):
        raise DataError(
            f"{path}, line {lines[0][0]}: a .dic file starts with a line with {FENCE}, then come the categories, "
            f"another line with {FENCE}, and the words."
        )
    else:
        read_table(lines, builder)
    return builder.finish(lexicon_name(path))


def lexicon_name(path: str) -> str:
    """Return the name of a lexicon's file without its folder and extensions: "mood" for "lexicons/mood.dic"."""
    return Path(path).name.removesuffix(".gz").rsplit(".", 1)[0] or Path(path).name
