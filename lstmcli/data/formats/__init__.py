"""The file formats: one file each, and one line here."""

from collections.abc import Callable

from lstmcli.data.formats.base import FileFormat, Record, RecordWriter, Rows
from lstmcli.data.formats.delimited import Delimited
from lstmcli.data.formats.jsonl import JsonLines
from lstmcli.data.formats.parquet import read_parquet
from lstmcli.data.formats.text import TextLines

__all__ = ["BINARY_FORMATS", "EXTENSIONS", "FORMATS", "FileFormat", "Record", "RecordWriter", "Rows"]

FORMATS: dict[str, FileFormat] = {
    "csv": Delimited(","),
    "tsv": Delimited("\t"),
    "csv-semicolon": Delimited(";"),
    "csv-pipe": Delimited("|"),
    "tsv-raw": Delimited("\t", quoting=False),
    "jsonl": JsonLines(),
    "text": TextLines(),
}

# Binary files, which are read by path and never written.
BINARY_FORMATS: dict[str, Callable[[str], Rows]] = {"parquet": read_parquet}

EXTENSIONS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".txt": "text",
    ".parquet": "parquet",
}
