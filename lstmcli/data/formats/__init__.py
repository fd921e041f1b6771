"""The file formats: one file each, and one line here."""

from collections.abc import Callable

from lstmcli.data.formats.base import FileFormat, Record, RecordWriter, Rows
from lstmcli.data.formats.delimited import Delimited
from lstmcli.data.formats.excel import read_excel
from lstmcli.data.formats.jsonl import JsonLines
from lstmcli.data.formats.parquet import read_parquet
from lstmcli.data.formats.spss import read_spss
from lstmcli.data.formats.text import TextLines
from lstmcli.errors import UsageError

__all__ = ["BINARY_FORMATS", "EXTENSIONS", "FORMATS", "FileFormat", "Record", "RecordWriter", "Rows", "output_format"]

FORMATS: dict[str, FileFormat] = {
    "csv": Delimited(","),
    "tsv": Delimited("\t"),
    "csv-semicolon": Delimited(";"),
    "csv-pipe": Delimited("|"),
    "tsv-raw": Delimited("\t", quoting=False),
    "jsonl": JsonLines(),
    "text": TextLines(),
}


def output_format(name: str, *, escapes_formulas: bool = False) -> FileFormat:
    """Return the format `name`.

    Raises:
        UsageError: `escapes_formulas` is set, but this is no table that a spreadsheet could open.
    """
    wanted = FORMATS[name]
    if not escapes_formulas:
        return wanted
    if not isinstance(wanted, Delimited):
        raise UsageError(
            f"--escape-formulas: the output is {name}, which spreadsheets don't run; omit it, or choose a table with "
            "--output-format csv."
        )
    return wanted.escaping_formulas()


# Binary files, which are read by path and never written.
BINARY_FORMATS: dict[str, Callable[[str], Rows]] = {
    "parquet": read_parquet,
    "excel": read_excel,
    "spss": read_spss,
}

EXTENSIONS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".txt": "text",
    ".parquet": "parquet",
    ".xlsx": "excel",
    ".xls": "excel",
    ".ods": "excel",
    ".sav": "spss",
    ".zsav": "spss",
}
