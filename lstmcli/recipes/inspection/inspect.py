"""`lstmcli inspect`: a text word by word, what units do over a file, and where a unit does the same."""

from dataclasses import dataclass, replace
from pathlib import Path

from lstmcli.data.blank import is_blank
from lstmcli.errors import DataError, UsageError
from lstmcli.inspection.inspector import Inspector
from lstmcli.inspection.results import Inspection, Search, View
from lstmcli.inspection.traces import FORWARD
from lstmcli.recipes.inspection.rows import RowOptions, TextRows, read_rows
from lstmcli.store.model import SavedModel, read_label_model

NUM_WORDS = 8


@dataclass(frozen=True)
class SearchOptions:
    """What to compare, see `Inspector.search`; with `signal` None, the memory, or the state of the plain network."""

    signal: str | None = None
    direction: str = FORWARD
    threshold: float | None = None
    most: int = 10


def inspect_run(
    run: Path,
    path: str | None,
    text: str | None,
    *,
    view: View,
    line: int | None = None,
    rows: RowOptions | None = None,
    search: SearchOptions | None = None,
) -> Inspection:
    """Look into the model of `run`.

    A text is `text`, the one at `line` of the file at `path`, or the only one of the file. With a unit, it is compared
    with the other texts of the file. Without a text, the file is inspected as a whole.

    Raises:
        RunDirectoryError: there is no usable model.
        DataError: the file has no such text.
        UsageError: what is asked for does not fit together or to the model.
    """
    _check(path, text, line, view, search)
    model = read_label_model(run, "lstmcli inspect")
    inspector = Inspector(model, view)
    if path is None:
        return Inspection(text=inspector.text(str(text)))
    found = read_rows(path, rows or RowOptions(), model.columns)
    from_file = Inspection(found.name, found.lines, found.num_skipped)
    if line is not None:
        text = _text_at(line, found)
    elif text is None and len(found.texts) == 1:
        return replace(from_file, text=inspector.text(found.texts[0]))
    if text is None:
        return replace(from_file, file=inspector.texts(found.texts, NUM_WORDS))
    from_file = replace(from_file, text=inspector.text(text))
    if view.unit is None:
        return from_file
    return replace(from_file, search=_search(inspector, model, text, found, search or SearchOptions()))


def _check(path: str | None, text: str | None, line: int | None, view: View, search: SearchOptions | None) -> None:
    if text is not None and line is not None:
        raise UsageError("--text and --line both name a text; use one of them.")
    if line is not None and path is None:
        raise UsageError("--line requires a FILE.")
    if path is None and text is None:
        raise UsageError("name a FILE, or pass a text with --text.")
    if text is not None and is_blank(text):
        raise DataError("--text: the text is blank.")
    is_search = path is not None and (text is not None or line is not None)
    if path is not None and text is not None and view.unit is None:
        raise UsageError("--unit is required to look for something like a text in a FILE.")
    if search is not None and not (is_search and view.unit is not None):
        raise UsageError(
            "--signal, --direction, --threshold and --matches are for a search, which takes --unit, a FILE, and --text "
            "or --line."
        )


def _text_at(line: int, rows: TextRows) -> str:
    if line not in rows.lines:
        raise DataError(f"{rows.name}: no text begins at line {line}.")
    return rows.texts[rows.lines.index(line)]


def _search(inspector: Inspector, model: SavedModel, text: str, rows: TextRows, options: SearchOptions) -> Search:
    signal = options.signal or ("state" if model.network.cell == "rnn" else "cell")
    found = inspector.search(
        text,
        rows.texts,
        signal=signal,
        direction=options.direction,
        threshold=options.threshold,
        most=options.most,
    )
    if found is None:
        side = "below" if (options.threshold or 0.0) < 0.0 else "above"
        raise DataError(
            f"unit {inspector.view.unit} is nowhere {side} {options.threshold} in this text ({signal}, "
            f"{options.direction}); choose another --threshold."
        )
    return found
