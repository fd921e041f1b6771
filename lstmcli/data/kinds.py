"""Recognises files that hold no lines of text, whatever their name says, by their first bytes."""

from typing import NamedTuple

from lstmcli.errors import DataError


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        start: its first bytes.
        name: with its article.
        advice: what to do with one.
        is_text: whether a file with one text per line may start like this too, though no table does.
    """

    start: bytes
    name: str
    advice: str
    is_text: bool = False


AS_CSV = "save it as CSV (UTF-8) and read that"
AS_TEXT = "save it as plain text (UTF-8) and read that"
CONVERT = "convert it to CSV or JSON Lines"

ZIP_START = b"PK\x03\x04"
GZIP_START = b"\x1f\x8b\x08"

KINDS = [
    Kind(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office file, such as .xls", AS_CSV),
    Kind(b"%PDF-", "a PDF document", "extract its text, for example with pdftotext"),
    Kind(b"PAR1\x15", "a Parquet file", "read it with --format parquet (data.format), or name it .parquet"),
    Kind(
        b"SQLite format 3\0",
        "an SQLite database",
        "export a table, for example with sqlite3 -csv -header FILE 'select * from NAME'",
    ),
    Kind(GZIP_START, "gzip data in gzip data", "decompress it once, for example with zcat"),
    *(
        Kind(b"BZh%d1AY&SY" % level, "bzip2 data", "decompress it first, for example with bzcat")
        for level in range(1, 10)
    ),
    Kind(b"\xfd7zXZ\0", "xz data", "decompress it first, for example with xzcat"),
    Kind(b"\x28\xb5\x2f\xfd", "Zstandard data", "decompress it first, for example with zstdcat"),
    Kind(b"\x04\x22\x4d\x18", "LZ4 data", "decompress it first, for example with lz4cat"),
    Kind(b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    Kind(b"Rar!\x1a\x07", "a RAR archive", "unpack it first"),
    Kind(b"PK\x05\x06", "an empty zip archive", "pack it again"),
    Kind(b"ARROW1\0\0", "an Arrow (Feather) file", "convert it to Parquet, CSV or JSON Lines"),
    Kind(b"FEA1\0", "a Feather file", "convert it to Parquet, CSV or JSON Lines"),
    Kind(b"Obj\x01", "an Avro file", CONVERT),
    Kind(b"\x89HDF\r\n\x1a\n", "an HDF5 file", CONVERT),
    Kind(b"\x93NUMPY", "a NumPy file", CONVERT),
    Kind(b"\x80\x04\x95", "a Python pickle", CONVERT),
    Kind(b"\x80\x05\x95", "a Python pickle", CONVERT),
    Kind(b"$FL2@(#)", "an SPSS file", "read it with --format spss (data.format), or name it .sav"),
    Kind(b"$FL3@(#)", "an SPSS file", "read it with --format spss (data.format), or name it .zsav"),
    Kind(b"<stata_dta>", "a Stata file", "export it as CSV"),
    Kind(b"\x89PNG\r\n", "a PNG image", "choose another file"),
    Kind(b"\xff\xd8\xff", "a JPEG image", "choose another file"),
    Kind(b"GIF89a", "a GIF image", "choose another file"),
    Kind(b"\x7fELF", "a program", "choose another file"),
    Kind(b"{\\rtf", "an RTF document", AS_TEXT, is_text=True),
    Kind(b"<!doctype html", "an HTML page", "download the data itself, or " + CONVERT, is_text=True),
    Kind(b"<html", "an HTML page", "download the data itself, or " + CONVERT, is_text=True),
    Kind(b"<?xml", "an XML file", CONVERT, is_text=True),
    Kind(b"version https://git-lfs", "a Git LFS pointer", "fetch the file itself with git lfs pull", is_text=True),
]

# Names of files in a zip archive that show what it is.
PACKED = {
    b"xl/": Kind(ZIP_START, "an Excel workbook (.xlsx)", AS_CSV),
    b"opendocument.spreadsheet": Kind(ZIP_START, "an OpenDocument spreadsheet (.ods)", AS_CSV),
    b"word/": Kind(ZIP_START, "a Word document (.docx)", AS_TEXT),
    b"": Kind(ZIP_START, "a zip archive", "unpack it first, for example with unzip"),
}

TAR_PLACE = 257


def refuse_other_kinds(head: bytes, name: str, *, has_columns: bool) -> None:
    """Raise DataError if the first bytes are those of a file without lines of text.

    Args:
        head: at least some of the first bytes.
        name: of the input, for the message.
        has_columns: whether its lines are to be rows or objects rather than texts.
    """
    if head.startswith(ZIP_START):
        kind = next(kind for part, kind in PACKED.items() if part in head)
    elif head[TAR_PLACE : TAR_PLACE + 5] == b"ustar":
        kind = Kind(b"", "a tar archive", "unpack it first, for example with tar -xf")
    else:
        start = head[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        kinds = (
            kind
            for kind in KINDS
            if (has_columns and start.startswith(kind.start) if kind.is_text else head.startswith(kind.start))
        )
        found = next(kinds, None)
        if found is None:
            return
        kind = found
    raise DataError(f"{name}: is {kind.name}, not text; {kind.advice}.")
