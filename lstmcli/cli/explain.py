"""`lstmcli explain`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from lstmcli.cli.inspect import NoColor, output_style
from lstmcli.cli.messages import say, write_data, write_tables
from lstmcli.cli.options import (
    OUTPUT,
    AsJson,
    Encoding,
    EscapeFormulas,
    Format,
    FormatChoice,
    KeptColumns,
    OnError,
    OnErrorChoice,
    OutputFile,
    Quiet,
    Run,
    TextColumn,
)
from lstmcli.cli.predict import SOME_ROWS_BROKEN
from lstmcli.cli.process import is_terminal
from lstmcli.errors import UsageError

if TYPE_CHECKING:
    from lstmcli.data.formats import FileFormat
    from lstmcli.recipes.inspection.rows import RowOptions

EXPLANATION = "Explanation"
OTHER = "Instead of rows"

DEFAULT_TOP = 10


class MethodChoice(StrEnum):
    """The choices of --method; a test compares them with the methods."""

    WITHOUT_AND_ALONE = "without-and-alone"
    LEAVE_ONE_OUT = "leave-one-out"
    INTEGRATED_GRADIENTS = "integrated-gradients"
    CONTEXTUAL_DECOMPOSITION = "contextual-decomposition"
    LINEAR = "linear"


def explain_command(
    run: Run,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE", show_default=False, help="Files of texts, or - for standard input (the default)."
        ),
    ] = None,
    input_format: Format = None,
    encoding: Encoding = None,
    text: TextColumn = None,
    on_error: OnError = OnErrorChoice.FLAG,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            metavar="LABEL",
            rich_help_panel=EXPLANATION,
            help="Explain this label, or this score of a model of scores (default: the most probable label of the "
            "prediction, or the most unusual score).",
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            "--top",
            min=1,
            metavar="N",
            rich_help_panel=EXPLANATION,
            help="Keep only the N strongest words of each text.",
        ),
    ] = None,
    method: Annotated[
        MethodChoice,
        typer.Option(
            "--method",
            metavar="NAME",
            rich_help_panel=EXPLANATION,
            help="How shares are computed: leave-one-out predicts the text without each word; without-and-alone "
            "averages this with what the word is worth alone; integrated-gradients follows the network's gradient; "
            "contextual-decomposition follows what stems from the word through the network's gates; linear divides the "
            "logit of the n-grams alone.",
        ),
    ] = MethodChoice.WITHOUT_AND_ALONE,
    phrases: Annotated[
        int | None,
        typer.Option(
            "--phrases",
            min=1,
            metavar="N",
            rich_help_panel=EXPLANATION,
            help="Also show the N pairs of neighbouring words that do most only together, such as 'not good'.",
        ),
    ] = None,
    output: OutputFile = None,
    output_format: Annotated[
        FormatChoice,
        typer.Option(
            "--output-format",
            "-F",
            metavar="FORMAT",
            rich_help_panel=OUTPUT,
            help="Output format; auto uses the extension of --output, or else --format, or else JSON Lines.",
        ),
    ] = FormatChoice.AUTO,
    columns: KeptColumns = None,
    escape_formulas: EscapeFormulas = False,
    labels: Annotated[
        bool,
        typer.Option(
            "--labels",
            rich_help_panel=OTHER,
            help="Print the words and character n-grams with the largest weights for each label (--top: how many).",
        ),
    ] = False,
    faithfulness: Annotated[
        str | None,
        typer.Option(
            "--faithfulness",
            metavar="FILE",
            rich_help_panel=OTHER,
            help="Print how faithful each method is to the model on the texts of a file.",
        ),
    ] = None,
    as_json: AsJson = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", rich_help_panel=OUTPUT, help="Also write a page for people."),
    ] = None,
    no_color: NoColor = False,
    quiet: Quiet = False,
) -> None:
    """Show which words drive the predictions.

    Each row keeps its order and columns, and gains the prediction, the logits of the network and the n-grams, and for
    each word how much it speaks for the label. A terminal shows the words with marks, a pipe gets JSON Lines.

    Examples:
      echo "i am not happy" | lstmcli explain runs/emotion
      lstmcli explain runs/emotion reviews.csv | jq -r '.words[].word' | sort
      lstmcli explain runs/emotion reviews.csv --label joy --html joy.html
    """
    if labels or faithfulness is not None:
        _summarise(run, files, faithfulness, top, _row_options(input_format, encoding, text), as_json=as_json)
        return

    from lstmcli.config.lists import split_list
    from lstmcli.data.output import check_output
    from lstmcli.data.reading import STANDARD_INPUT, check_exist
    from lstmcli.recipes.explanation.explain import ExplainOptions, explain_files
    from lstmcli.recipes.predict import InputOptions, OutputOptions
    from lstmcli.store.model import read_model

    paths = files or ["-"]
    check_exist(paths)
    check_output(output, paths, STANDARD_INPUT)
    _check_page(html, [*paths, *([] if output is None else [output])])
    inputs = InputOptions(None if input_format is None else input_format.value, encoding, text, on_error.value)
    model = read_model(run)
    with _open_page(html) as page:
        counts = explain_files(
            model,
            paths,
            options=ExplainOptions(label, top, method.value, phrases),
            inputs=inputs,
            output=OutputOptions(
                output,
                output_format.value,
                None if columns is None else split_list(columns),
                escape_formulas=escape_formulas,
            ),
            warn=(lambda _: None) if quiet else (lambda message: say(f"note: {message}")),
            screen=_screen(no_color=no_color),
            page=page,
        )
    if html is not None and not quiet:
        say(f"wrote    {html}")
    if counts.broken and (on_error is OnErrorChoice.FLAG or counts.broken == counts.rows):
        raise typer.Exit(SOME_ROWS_BROKEN)


def _row_options(input_format: FormatChoice | None, encoding: str | None, text: str | None) -> "RowOptions":
    from lstmcli.recipes.inspection.rows import RowOptions

    return RowOptions(None if input_format is None else input_format.value, encoding, text)


def _summarise(
    run: Path, files: list[str] | None, faithfulness: str | None, top: int | None, rows: "RowOptions", *, as_json: bool
) -> None:
    """Print what is asked for instead of rows."""
    if files:
        raise UsageError("--labels and --faithfulness FILE print no rows; omit the other files.")
    from lstmcli.reports.inspection.as_json import to_json

    if faithfulness is None:
        from lstmcli.explanation.vocabulary import strongest
        from lstmcli.reports.explanation.tables import labels_content, labels_text
        from lstmcli.store.model import read_model

        found = strongest(read_model(run), top or DEFAULT_TOP)
        if not found:
            raise UsageError("--labels: this model has no n-grams.")
        content, shown = labels_content(found), labels_text(found)
    else:
        from lstmcli.recipes.explanation.faithfulness import measure
        from lstmcli.reports.explanation.tables import faithfulness_content, faithfulness_text

        measured = measure(run, faithfulness, rows)
        content, shown = faithfulness_content(measured), faithfulness_text(measured)
    if as_json:
        write_data(to_json(content))
    else:
        write_tables(shown)


def _screen(*, no_color: bool) -> "FileFormat | None":
    if not is_terminal(sys.stdout):
        return None
    from lstmcli.reports.explanation.screen import Screen

    return Screen(output_style(no_color=no_color))


def _check_page(html: Path | None, others: list[str]) -> None:
    if html is not None and any(Path(other).resolve() == html.resolve() for other in others):
        raise UsageError(f"--html {html}: this is another file of the command; choose another name.")


@contextmanager
def _open_page(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    from lstmcli.data.atomic import atomic_path
    from lstmcli.reports.explanation.page import page_parts

    head, tail = page_parts()
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as page:
        page.write(head)
        yield page
        page.write(tail)
