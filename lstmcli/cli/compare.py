"""`lstmcli compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcli.cli.messages import write_data, write_tables
from lstmcli.cli.options import INPUT, AsJson, Encoding, Format, FormatChoice, Ordered, names_in_order
from lstmcli.cli.style import output_style
from lstmcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from lstmcli.recipes.comparison.sides import Compared
    from lstmcli.recipes.evaluate import ColumnOverrides

COMPARISON = "Comparison"

STANDARD_INPUT = "-"


def parse_margin(word: str) -> float:
    """Return 0.01 for "0.01" and for "1%".

    Raises:
        typer.BadParameter: it is not a number above 0 and below 1.
    """
    try:
        margin = float(word.removesuffix("%")) / (100.0 if word.endswith("%") else 1.0)
    except ValueError:
        margin = 0.0
    if not 0.0 < margin < 1.0:
        raise typer.BadParameter(f"expected a difference of scores, such as 0.01 or 1%, got {word!r}.")
    return margin


def compare_command(
    first: Annotated[
        str, typer.Argument(metavar="A", help="Run directory, or file of predictions.", show_default=False)
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="The same as A.", show_default=False)],
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="Labelled rows, if A and B are run directories.", show_default=False),
    ] = None,
    input_format: Format = None,
    encoding: Encoding = None,
    text: Annotated[
        str | None,
        typer.Option(
            "--text",
            metavar="COLUMN",
            rich_help_panel=INPUT,
            help="Text column (default: as in training; text in files of predictions).",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            metavar="COLUMN",
            rich_help_panel=INPUT,
            help="Column of the true labels (default: as in training; gold in files of predictions).",
        ),
    ] = None,
    prediction: Annotated[
        str | None,
        typer.Option(
            "--prediction",
            metavar="COLUMN",
            rich_help_panel=INPUT,
            help="Column of the predicted labels in files of predictions (default: prediction).",
        ),
    ] = None,
    label_separator: Annotated[
        str | None,
        typer.Option(
            "--label-separator",
            metavar="TEXT",
            rich_help_panel=INPUT,
            help="What separates several labels in files of predictions (default: | if they have the probability "
            "columns of such labels, else nothing).",
        ),
    ] = None,
    ordered: Ordered = None,
    group: Annotated[
        str | None,
        typer.Option(
            "--group",
            metavar="COLUMN",
            rich_help_panel=COMPARISON,
            help="Resample the rows with the same cell here together, such as those of an author (default: as in "
            "training).",
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            "--margin",
            parser=parse_margin,
            metavar="X",
            rich_help_panel=COMPARISON,
            help="Also say whether A and B are equivalent within X (such as 0.01 or 1%): whether the 90% interval of "
            "the difference lies within it.",
        ),
    ] = None,
    flips: Annotated[
        int,
        typer.Option(
            "--flips",
            min=0,
            metavar="N",
            rich_help_panel=COMPARISON,
            help="Show the first N rows that only A has right, and that only B has right.",
        ),
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare two models, or two files of predictions, on the same rows.

    Shows how their scores differ, with bootstrap intervals, McNemar's exact test of accuracy, and which rows only one
    of them has right. Files of predictions are those of lstmcli evaluate --predictions, or of any other program.

    Examples:
      lstmcli compare runs/old runs/new data/emotion/test.csv
      lstmcli compare old.csv new.csv --margin 0.01 --flips 5
      lstmcli compare ours.csv theirs.csv --label mood --prediction guess
      lstmcli compare pain-old.csv pain-new.csv --ordered none,mild,severe
    """
    from lstmcli.recipes.comparison.outcome import compare_sides
    from lstmcli.reports.comparison import comparison_content, comparison_text
    from lstmcli.reports.inspection.as_json import to_json

    if _are_runs(first, second):
        if prediction is not None or label_separator is not None or ordered is not None:
            raise UsageError("--prediction, --label-separator and --ordered: only for files of predictions.")
        columns_of_rows = input_format, encoding, text, label, group
        if _compared_as_scores(
            first, second, file, columns_of_rows, given=margin is not None or flips, as_json=as_json
        ):
            return
        compared = _compare_runs(first, second, file, columns_of_rows)
    else:
        if file is not None:
            raise UsageError(f"A and B are files of predictions, which have their rows; omit {file}.")
        columns = {"text": text, "gold": label, "prediction": prediction, "group": group, "separator": label_separator}
        compared = _compare_files(first, second, columns, input_format, encoding, names_in_order(ordered))
    outcome = compare_sides(compared, margin=margin, num_flips=flips)
    if as_json:
        write_data(to_json(comparison_content(outcome)))
    else:
        write_tables(comparison_text(outcome, output_style(no_color=True)))


def _are_runs(first: str, second: str) -> bool:
    """Whether both are folders.

    Raises:
        DataError: one is missing.
        UsageError: only one is a folder, or one is standard input.
    """
    for name in (first, second):
        if name == STANDARD_INPUT:
            raise UsageError("A and B are run directories or files; standard input can't be one.")
        if not Path(name).exists():
            raise DataError(f"{name}: no such file or run directory.")
    folders = [name for name in (first, second) if Path(name).is_dir()]
    if len(folders) == 1:
        raise UsageError(
            f"{folders[0]} is a folder, but the other is a file. Compare two runs, or two files: lstmcli evaluate "
            f"{folders[0]} FILE --predictions OUT.csv"
        )
    return len(folders) == 2


RowColumns = tuple[FormatChoice | None, str | None, str | None, str | None, str | None]


def _compared_as_scores(
    first: str, second: str, file: str | None, columns: RowColumns, *, given: bool | int, as_json: bool
) -> bool:
    """Compare two models of scores and return True; return False if they predict labels.

    `given` says whether there are options that only labels have.
    """
    name = _rows_of_runs(file)
    from lstmcli.recipes.comparison.scores import compare_score_runs, predict_scores
    from lstmcli.reports.inspection.as_json import to_json
    from lstmcli.reports.scores.comparison import score_comparison_content, score_comparison_text

    if not predict_scores(Path(first), Path(second)):
        return False
    if given:
        raise UsageError("--margin and --flips: for models of labels; A and B predict scores.")
    outcome = compare_score_runs(Path(first), Path(second), name, _overrides(columns))
    if as_json:
        write_data(to_json(score_comparison_content(outcome)))
    else:
        write_tables(score_comparison_text(outcome, output_style(no_color=True)))
    return True


def _compare_runs(first: str, second: str, file: str | None, columns: RowColumns) -> "Compared":
    from lstmcli.recipes.comparison.runs import compare_runs

    return compare_runs(Path(first), Path(second), _rows_of_runs(file), _overrides(columns))


def _rows_of_runs(file: str | None) -> str:
    if file is None:
        raise UsageError("A and B are run directories, so name a FILE of labelled rows to compare them on.")
    if file == STANDARD_INPUT or Path(file).is_fifo():
        raise UsageError("the rows are read once for each run, so they can't come through a pipe; name a file.")
    return file


def _overrides(columns: RowColumns) -> "ColumnOverrides":
    from lstmcli.recipes.evaluate import ColumnOverrides

    input_format, encoding, text, label, group = columns
    format_name = None if input_format is None else input_format.value
    return ColumnOverrides(format_name, encoding, text, label, group)  # type: ignore[arg-type]


def _compare_files(
    first: str,
    second: str,
    columns: dict[str, str | None],
    input_format: FormatChoice | None,
    encoding: str | None,
    ordered: tuple[str, ...],
) -> "Compared":
    from lstmcli.data.reading import Layout
    from lstmcli.recipes.comparison.prediction_files import FileOptions, compare_files

    layout = Layout(None if input_format is None else input_format.value, encoding)
    given = {name: value for name, value in columns.items() if value is not None}
    return compare_files(first, second, FileOptions(layout=layout, ordered=ordered, **given))
