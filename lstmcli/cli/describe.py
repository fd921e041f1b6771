"""`lstmcli describe`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcli.cli.messages import say, write_data, write_tables
from lstmcli.cli.options import (
    INPUT,
    OUTPUT,
    EscapeFormulas,
    FormatChoice,
    KeptColumns,
    OnErrorChoice,
    OutputFile,
    OutputFormat,
    Progress,
    Quiet,
    Resume,
)
from lstmcli.cli.style import output_style
from lstmcli.errors import UsageError

if TYPE_CHECKING:
    from lstmcli.metrics.group_means import Summary

SUMMARY = "Summary"

# Exit code if some rows have no description.
SOME_ROWS_BROKEN = 3


def describe_command(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE", show_default=False, help="Files of texts, or - for standard input (the default)."
        ),
    ] = None,
    lexicons: Annotated[
        list[str] | None,
        typer.Option(
            "--lexicon",
            "-l",
            metavar="FILE",
            rich_help_panel=INPUT,
            help="Lexicon: a .dic file of LIWC, or a table of words, categories and perhaps weights; repeatable.",
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
            "--encoding",
            metavar="NAME",
            rich_help_panel=INPUT,
            help="Input encoding (default: what fits the file; utf-8 for standard input).",
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option("--text", metavar="COLUMN", rich_help_panel=INPUT, help="Text column (default: text)."),
    ] = None,
    on_error: Annotated[
        OnErrorChoice,
        typer.Option(
            "--on-error",
            metavar="ACTION",
            rich_help_panel=INPUT,
            help="What to do with rows that can't be read or have a blank text: flag keeps them with empty columns "
            "(exit code 3); skip drops them; stop exits with an error.",
        ),
    ] = OnErrorChoice.FLAG,
    summary: Annotated[
        bool,
        typer.Option(
            "--summary", rich_help_panel=SUMMARY, help="Print means over all rows; the rows go to --output alone."
        ),
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            rich_help_panel=SUMMARY,
            help="Print means of the groups of a column, such as the label, and how far they differ.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", rich_help_panel=SUMMARY, help="Print means as JSON instead of tables.")
    ] = False,
    output: OutputFile = None,
    output_format: OutputFormat = FormatChoice.AUTO,
    columns: KeptColumns = None,
    prefix: Annotated[
        str,
        typer.Option(
            "--prefix",
            metavar="TEXT",
            rich_help_panel=OUTPUT,
            help="Start the names of added columns with this (default: nothing).",
        ),
    ] = "",
    escape_formulas: EscapeFormulas = False,
    resume: Resume = False,
    progress: Progress = False,
    quiet: Quiet = False,
) -> None:
    """Count the words of a lexicon in texts, as LIWC does.

    Rows keep their order and columns, and gain the number of words (WC), the percentage of these that the lexicon has
    (Dic), and for each category the percentage of words in it, or the mean weight. With --by, compare groups of rows.

    Examples:
      lstmcli describe posts.csv --lexicon mood.dic > described.csv
      lstmcli describe posts.csv --lexicon mood.dic --by label
      echo "what a lovely surprise" | lstmcli describe --lexicon mood.dic
    """
    from lstmcli.config.lists import split_list
    from lstmcli.recipes.lexicons.describe import SummaryOptions, describe_files, describe_job
    from lstmcli.recipes.predict import InputOptions, OutputOptions
    from lstmcli.reports.row_progress import RowProgress

    paths, lexicons = files or ["-"], lexicons or []
    _check_files(paths, lexicons, output)
    wanted = SummaryOptions(summary or by is not None or as_json, by)
    kept = None if columns is None else split_list(columns)
    inputs = InputOptions(None if input_format is None else input_format.value, encoding, text, on_error.value)
    facts = (inputs, kept, output_format, escape_formulas, prefix, lexicons)
    job = "" if output is None else describe_job([*paths, *lexicons], *facts)
    row_progress = RowProgress() if progress and not quiet else None
    found = describe_files(
        paths,
        lexicons,
        inputs=inputs,
        output=OutputOptions(output, output_format.value, kept, job, resume, escape_formulas=escape_formulas),
        prefix=prefix,
        summary=wanted,
        warn=(lambda _: None) if quiet else (lambda message: say(f"note: {message}")),
        watch=(lambda _: None) if row_progress is None else row_progress.done,
    )
    if row_progress is not None:
        row_progress.finish()
    if found.summary is not None:
        _write_summary(found.summary, as_json=as_json)
    if found.counts.broken and (on_error is OnErrorChoice.FLAG or found.counts.broken == found.counts.rows):
        raise typer.Exit(SOME_ROWS_BROKEN)


def _check_files(paths: list[str], lexicons: list[str], output: str | None) -> None:
    """Raise an error unless all files are there, and the output changes none of them before it is read."""
    from lstmcli.data.output import check_output
    from lstmcli.data.reading import STANDARD_INPUT, check_exist

    if not lexicons:
        raise UsageError("which words are to be counted? Name a lexicon with --lexicon FILE.")
    check_exist([*paths, *lexicons])
    check_output(output, [*paths, *lexicons], STANDARD_INPUT)
    if output is not None and Path(output).exists() and any(Path(each).samefile(output) for each in lexicons):
        raise UsageError(f"--output {output}: this is the lexicon; choose another name.")


def _write_summary(summary: "Summary", *, as_json: bool) -> None:
    from lstmcli.reports.description import summary_content, summary_text
    from lstmcli.reports.inspection.as_json import to_json

    if as_json:
        write_data(to_json(summary_content(summary)))
    else:
        write_tables(summary_text(summary, output_style(no_color=True)))
