"""python -m experiments.row_fidelity RUN: what readers of tables make of odd files, as a Markdown table.

Each library reads every cell as text, as far as it has options for it: this is what a careful user would get.
"""

import csv
import importlib.metadata
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from experiments.odd_files import ODD_FILES, OddFile

Rows = list[list[str]]


def main(run: str) -> None:
    """Print the table and what stands below it."""
    readers = {name: reader for name, reader in READERS.items() if _is_there(name)}
    names = [f"{name} {importlib.metadata.version(name)}" for name in readers]
    print(f"| file | rows | lstmcli predict | {' | '.join(names)} |")
    print(f"|---|---|---|{'---|' * len(readers)}")
    with tempfile.TemporaryDirectory() as folder:
        for file in ODD_FILES:
            path = Path(folder) / file.name
            path.write_bytes(file.content)
            outcomes = [_own_outcome(file, path, run), *(_outcome(file, path, reader) for reader in readers.values())]
            stem, extension = file.name.rsplit(".", 1)
            print(f"| {stem} ({extension}) | {len(file.rows) - 1} | {' | '.join(outcomes)} |")


def changed_rows(file: OddFile, found: Rows) -> list[int] | None:
    """Return the numbers, from 1, of rows that were not found as they are; None if their number or names differ."""
    if not found or found[0] != file.rows[0] or len(found) != len(file.rows):
        return None
    is_json = file.name.endswith(".jsonl")
    pairs = enumerate(zip(file.rows[1:], found[1:], strict=True), start=1)
    return [
        number
        for number, (wanted, row) in pairs
        if not _same(wanted, row, is_json=is_json) and not (number in file.unreadable and row in file.also_right)
    ]


def _same(wanted: list[str], found: list[str], *, is_json: bool) -> bool:
    """Whether all cells are the same; numbers of JSON are, if they have the same value."""
    return len(wanted) == len(found) and all(
        one == other or (is_json and _number(one) is not None and _number(one) == _number(other))
        for one, other in zip(wanted, found, strict=True)
    )


def _number(cell: str) -> Decimal | None:
    try:
        return Decimal(cell)
    except InvalidOperation:
        return None


def predicted_rows(file: OddFile, path: Path, run: str) -> tuple[Rows, bool]:
    """Return the rows that `lstmcli predict` writes, without what it adds, and whether it says that some are broken."""
    command = [sys.executable, "-m", "lstmcli", "predict", run, str(path)]
    result = subprocess.run(command, capture_output=True, check=False)
    if result.returncode not in {0, 3}:
        raise ValueError(result.stderr.decode())
    return rows_of_output(file, result.stdout.decode("utf-8")), result.returncode == 3


def rows_of_output(file: OddFile, output: str) -> Rows:
    """Return the rows in the output of `lstmcli predict` for a file, without what it adds."""
    if file.name.endswith(".jsonl"):
        return _rows_of_objects(file, output)
    csv.field_size_limit(sys.maxsize)
    delimiter = "\t" if file.name.endswith(".tsv") else ","
    return [row[:-2] for row in csv.reader(io.StringIO(output, newline=""), delimiter=delimiter)]


def _rows_of_objects(file: OddFile, output: str) -> Rows:
    rows = [file.rows[0]]
    for line in output.removesuffix("\n").split("\n"):
        row = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
        added = {"prediction", "score"} | ({"error"} if row["prediction"] is None else set())
        cells = {name: cell for name, cell in row.items() if name not in added}
        if set(cells) == {"input"}:
            rows.append([cells["input"], *[""] * (len(rows[0]) - 1)])
        elif set(cells) <= set(rows[0]):
            rows.append([cells.get(name, "") for name in rows[0]])
    return rows


def _own_outcome(file: OddFile, path: Path, run: str) -> str:
    found, is_told = predicted_rows(file, path, run)
    outcome = _described(file, found)
    return f"{outcome}, {len(file.unreadable)} flagged" if is_told and file.unreadable else outcome


def _outcome(file: OddFile, path: Path, read: Callable[[str], Rows]) -> str:
    try:
        return _described(file, read(str(path)))
    except (TypeError, AttributeError, ImportError):  # a call of ours that is wrong is no refusal
        raise
    except Exception:  # each library has errors of its own
        return "refused"


def _described(file: OddFile, found: Rows) -> str:
    changed = changed_rows(file, found)
    if changed is not None:
        return f"**{len(changed)} changed**" if changed else "kept"
    num_rows = len(file.rows) - 1
    return "**other names**" if len(found) - 1 == num_rows else f"**{len(found) - 1} of {num_rows} rows**"


def _is_there(library: str) -> bool:
    try:
        importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _texts(columns: list[str], rows: Any) -> Rows:
    return [columns, *(["" if cell is None or cell != cell else str(cell) for cell in row] for row in rows)]


def _delimiter(path: str) -> str:
    return "\t" if path.endswith(".tsv") else ","


def read_with_pandas(path: str) -> Rows:
    """Read a file with pandas."""
    import pandas

    if path.endswith(".jsonl"):
        frame = pandas.read_json(path, lines=True, dtype=False)
    else:
        frame = pandas.read_csv(path, dtype=str, keep_default_na=False, sep=_delimiter(path))
    return _texts(list(frame.columns), frame.itertuples(index=False))


def read_with_pyarrow(path: str) -> Rows:
    """Read a file with pyarrow."""
    import pyarrow
    from pyarrow import csv as arrow_csv
    from pyarrow import json as arrow_json

    if path.endswith(".jsonl"):
        table = arrow_json.read_json(path)
    else:
        parsing = arrow_csv.ParseOptions(delimiter=_delimiter(path), newlines_in_values=True)
        names = arrow_csv.open_csv(path, parse_options=parsing).schema.names
        types = arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pyarrow.string()), strings_can_be_null=False)
        table = arrow_csv.read_csv(path, parse_options=parsing, convert_options=types)
    return _texts(table.schema.names, zip(*(column.to_pylist() for column in table.columns), strict=True))


def read_with_polars(path: str) -> Rows:
    """Read a file with polars."""
    import polars

    if path.endswith(".jsonl"):
        frame = polars.read_ndjson(path, infer_schema_length=None)
    else:
        frame = polars.read_csv(path, separator=_delimiter(path), infer_schema=False, empty_string_is_null=False)
    return _texts(frame.columns, frame.iter_rows())


def read_with_duckdb(path: str) -> Rows:
    """Read a file with DuckDB."""
    import duckdb

    if path.endswith(".jsonl"):
        found = duckdb.sql("SELECT * FROM read_json($path, format = 'newline_delimited')", params={"path": path})
    else:
        query = "SELECT * FROM read_csv($path, all_varchar = true, header = true, delim = $delimiter)"
        found = duckdb.sql(query, params={"path": path, "delimiter": _delimiter(path)})
    assert found is not None  # a query that returns rows
    return _texts(found.columns, found.fetchall())


READERS = {
    "pandas": read_with_pandas,
    "pyarrow": read_with_pyarrow,
    "polars": read_with_polars,
    "duckdb": read_with_duckdb,
}

if __name__ == "__main__":
    main(sys.argv[1])
