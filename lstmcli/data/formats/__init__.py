"""The file formats: one file each, and one line here."""

from lstmcli.data.formats.base import FileFormat, Record, RecordWriter, Rows
from lstmcli.data.formats.delimited import Delimited
from lstmcli.data.formats.jsonl import JsonLines
from lstmcli.data.formats.text import TextLines

__all__ = ["EXTENSIONS", "FORMATS", "FileFormat", "Record", "RecordWriter", "Rows"]

FORMATS: dict[str, FileFormat] = {
    "csv": Delimited(","),
    "tsv": Delimited("\t"),
    "csv-semicolon": Delimited(";"),
    "tsv-raw": Delimited("\t", quoting=False),
    "jsonl": JsonLines(),
    "text": TextLines(),
}

EXTENSIONS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".txt": "text"}
