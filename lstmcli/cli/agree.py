"""`lstmcli agree`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcli.cli.messages import write_data, write_tables
from lstmcli.cli.options import INPUT, AsJson, FormatChoice
from lstmcli.cli.style import output_style
from lstmcli.errors import UsageError

if TYPE_CHECKING:
    from lstmcli.recipes.agreement.reading import RatingColumns

RATINGS = "Ratings"


class ScaleChoice(StrEnum):
    """The choices of --scale."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


def agree_command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Rated rows; - is standard input.", show_default=False)],
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels", metavar="A,B", rich_help_panel=RATINGS, help="Columns with the ratings of an annotator each."
        ),
    ] = None,
    item: Annotated[
        str | None,
        typer.Option(
            "--item",
            metavar="COLUMN",
            rich_help_panel=RATINGS,
            help="Instead of --labels, if each row is one rating: the column that says of which item.",
        ),
    ] = None,
    annotator: Annotated[
        str | None,
        typer.Option("--annotator", metavar="COLUMN", rich_help_panel=RATINGS, help="With --item: whose rating it is."),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option("--label", metavar="COLUMN", rich_help_panel=RATINGS, help="With --item: the rating."),
    ] = None,
    scale: Annotated[
        ScaleChoice,
        typer.Option(
            "--scale",
            rich_help_panel=RATINGS,
            help="What a difference between two categories is: any (nominal), larger the further they are apart in an "
            "order (ordinal), or that of their numbers (interval).",
        ),
    ] = ScaleChoice.NOMINAL,
    order: Annotated[
        str | None,
        typer.Option(
            "--order",
            metavar="LOW,...,HIGH",
            rich_help_panel=RATINGS,
            help="Order of ordinal categories (default: that of their numbers).",
        ),
    ] = None,
    label_separator: Annotated[
        str | None,
        typer.Option(
            "--label-separator",
            metavar="TEXT",
            rich_help_panel=RATINGS,
            help="What separates several labels of one rating, such as '|': agreement on sets of labels (MASI), and on "
            "each label.",
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            "--run",
            metavar="RUN",
            rich_help_panel=RATINGS,
            help="Compare with a model as one more annotator; it reads the text column.",
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            "--text", metavar="COLUMN", rich_help_panel=INPUT, help="With --run: text column (default: text)."
        ),
    ] = None,
    input_format: Annotated[
        FormatChoice | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            rich_help_panel=INPUT,
            help="Input format (default: by the extension and the first rows).",
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding", metavar="NAME", rich_help_panel=INPUT, help="Input encoding (default: what fits the file)."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how far annotators agree, and a model with them.

    Krippendorff's alpha and Fleiss' kappa of all annotators, Cohen's kappa of each two, with bootstrap intervals over
    the items. Cells without a rating may be empty. A model that agrees with annotators as much as these with each other
    has reached what the labels allow.

    Examples:
      lstmcli agree ratings.csv --labels anna,ben,chris
      lstmcli agree mood.csv --labels anna,ben --scale ordinal --order no,mild,high
      lstmcli agree emotions.csv --labels anna,ben --label-separator '|'
      lstmcli agree votes.csv --item id --annotator rater --label emotion
    """
    from lstmcli.data.reading import Layout
    from lstmcli.recipes.agreement.agree import agree
    from lstmcli.recipes.agreement.reading import RatingColumns, parse_order
    from lstmcli.reports.agreement import agreement_content, agreement_text
    from lstmcli.reports.inspection.as_json import to_json

    if text is not None and run is None:
        raise UsageError("--text: only with --run, whose model reads the texts.")
    read = None if run is None else text or "text"
    columns = RatingColumns(_annotators(labels), item, annotator, label, read, label_separator)
    if label_separator == "":
        raise UsageError("--label-separator: expected at least one character.")
    _check(columns)
    layout = Layout(None if input_format is None else input_format.value, encoding)
    found = agree(file, columns, layout=layout, scale=scale.value, order=parse_order(order), run=run)
    if as_json:
        write_data(to_json(agreement_content(found)))
    else:
        write_tables(agreement_text(found, output_style(no_color=True)))


def _annotators(labels: str | None) -> tuple[str, ...]:
    if labels is None:
        return ()
    names = tuple(name for part in labels.split(",") if (name := part.strip()))
    if len(names) < 2 or len(set(names)) < len(names):
        raise UsageError("--labels: name at least two different columns, such as --labels anna,ben.")
    return names


def _check(columns: "RatingColumns") -> None:
    """Raise a UsageError unless there is one way to find the ratings."""
    by_row = {"--item": columns.item, "--annotator": columns.annotator, "--label": columns.label}
    given = [option for option, column in by_row.items() if column is not None]
    if columns.annotators and given:
        raise UsageError(f"--labels and {given[0]} can't be combined: a row holds all ratings of an item, or one.")
    if not columns.annotators and len(given) < len(by_row):
        raise UsageError(
            "where are the ratings? Name the annotators' columns with --labels A,B, or with --item, --annotator and "
            "--label the columns of rows that are one rating each."
        )
