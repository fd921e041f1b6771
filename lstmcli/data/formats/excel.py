"""The first sheet of a spreadsheet (.xlsx, .xls, .ods), read with python-calamine, an optional dependency.

The first row that is not empty is the header. Whole numbers lose the ".0" that spreadsheets store them with, and dates
and times are written in ISO form.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lstmcli.data.formats.base import Record, Rows
from lstmcli.errors import DataError


def read_excel(path: str) -> Rows:
    """Read the header of a file and return its records, which are read lazily; `line` is the row's number.

    Raises:
        DataError: python-calamine is missing, or the file is not a spreadsheet or has no rows.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise DataError(
            f"{path}: reading spreadsheets needs the package python-calamine; install it with: pip install "
            "'lstmcli[excel]', or save the sheet as CSV (UTF-8) and read that."
        ) from None
    try:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
        rows = enumerate(sheet.iter_rows(), start=1)
    except (CalamineError, OSError, ValueError) as error:
        reason = str(error).split("\n", 1)[0].rstrip(".")
        raise DataError(f"{path}: is damaged or not a spreadsheet ({reason}).") from None
    columns = next((_header(cells) for _, cells in rows if any(cell != "" for cell in cells)), None)
    if columns is None:
        raise DataError(f"{path} is empty: expected a header line with column names in the first sheet.")
    return Rows(columns, _records(rows, columns))


def _header(cells: Sequence[Any]) -> list[str]:
    names = [str(_plain(cell)) for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def _records(rows: Iterable[tuple[int, Sequence[Any]]], columns: Sequence[str]) -> Iterator[Record]:
    for number, row in rows:
        cells = list(map(_plain, row))
        while len(cells) > len(columns) and cells[-1] == "":
            cells.pop()
        if any(cell != "" for cell in cells):
            yield Record(number, columns, cells)


def _plain(cell: Any) -> Any:
    """Return a cell as text, a number or a boolean."""
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell if isinstance(cell, str | bool | int | float) else str(cell)
