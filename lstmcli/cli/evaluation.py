"""What `lstmcli evaluate` and `lstmcli cross-validate` share: options for more than scores, and printing them."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcli.cli.messages import write_data, write_tables
from lstmcli.cli.options import OUTPUT
from lstmcli.cli.process import is_terminal
from lstmcli.cli.style import output_style
from lstmcli.errors import UsageError
from lstmcli.visible import visible

if TYPE_CHECKING:
    from lstmcli.recipes.evaluation.wanted import Extras
    from lstmcli.recipes.score import ScoredRows
    from lstmcli.recipes.tasks.reporting import AnyEvaluation, AnyScored

ROWS = "Rows"

PredictionsFile = Annotated[
    Path | None,
    typer.Option(
        "--predictions",
        metavar="FILE",
        rich_help_panel=ROWS,
        help="Also write all rows with their labels, predictions, scores and probabilities; the extension sets the "
        "format.",
    ),
]
RowTraitColumns = Annotated[
    bool,
    typer.Option(
        "--trait-columns",
        rich_help_panel=ROWS,
        help="Add columns gold_<label> and predicted_<label> with 1 or 0 to --predictions; for several labels per text "
        "or yes/no columns.",
    ),
]
Mistakes = Annotated[
    int | None,
    typer.Option(
        "--mistakes", min=1, metavar="N", rich_help_panel=ROWS, help="Also print the N most confident mistakes."
    ),
]
Slices = Annotated[
    list[str] | None,
    typer.Option(
        "--slice",
        metavar="COLUMN",
        rich_help_panel=ROWS,
        help="Also score the rows with each value of a column apart, or with length, texts of different lengths in "
        "words; repeatable.",
    ),
]
SuspectsFile = Annotated[
    Path | None,
    typer.Option(
        "--suspects",
        metavar="FILE",
        rich_help_panel=ROWS,
        help="Also write the labels that are probably wrong, the most suspicious first; the extension sets the format. "
        "Only for rows that the model was not trained on.",
    ),
]
Variants = Annotated[
    bool,
    typer.Option(
        "--variants",
        rich_help_panel=ROWS,
        help="Also count how many predictions change when texts have a typo, capitals, no punctuation, a negation and "
        "so on.",
    ),
]
Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="NAME",
        rich_help_panel=ROWS,
        help="Also score the labels merged into groups, by a file with the columns label and group, or by "
        "goemotions-ekman, goemotions-sentiment, ekman-sentiment, plutchik-basic or mbti-letters; repeatable.",
    ),
]
WriteUp = Annotated[
    bool,
    typer.Option("--write-up", rich_help_panel=OUTPUT, help="Print two sentences for a paper instead of tables."),
]


@dataclass(frozen=True)
class Shown:
    """What is printed, and how; `texts` says whether texts of the rows may be."""

    as_json: bool
    mistakes: int | None
    write_up: bool = False
    suspects: Path | None = None
    texts: bool = True


def wanted_extras(
    predictions: Path | None,
    suspects: Path | None,
    *,
    trait_columns: bool,
    slices: list[str] | None,
    maps: list[str] | None,
    by: str | None = None,
    variants: bool = False,
) -> "Extras":
    """Return what is wanted besides scores, once it is clear that it can be written.

    Raises:
        UsageError: the options don't fit together.
        DataError: a file can't be written.
    """
    from lstmcli.data.whole_output import check_whole
    from lstmcli.recipes.evaluation.wanted import Extras, RowsFile

    rows = None
    if predictions is None and trait_columns:
        raise UsageError("--trait-columns: are columns of the rows; name a file for them with --predictions.")
    if predictions is not None:
        check_whole(predictions, "--predictions")
        rows = RowsFile(predictions, trait_columns)
    if suspects is not None:
        check_whole(suspects, "--suspects")
        if predictions is not None and suspects.absolute() == predictions.absolute():
            raise UsageError(f"--predictions and --suspects can't both write {suspects}; name two files.")
    return Extras(rows, tuple(slices or ()), suspects, variants, tuple(maps or ()), by)


def refuse_for_scores(shown: Shown) -> None:
    """Raise a UsageError if something is to be shown that an evaluation of scores does not have."""
    for option, is_wanted in {"--mistakes": shown.mistakes is not None, "--write-up": shown.write_up}.items():
        if is_wanted:
            raise UsageError(f"{option}: is for models of labels; --predictions writes all rows with both scores.")


def show_scores(scored: "AnyScored", name: str, run: Path, shown: Shown) -> None:
    """Print the scores of the model in `run`, called `name`, and what else is wanted."""
    from lstmcli.recipes.evaluation.mistakes import confident_mistakes
    from lstmcli.recipes.evaluation.written import written
    from lstmcli.recipes.score import ScoredRows
    from lstmcli.recipes.tasks.reporting import console_text, evaluations_json
    from lstmcli.reports.mistakes import mistakes_content, mistakes_text

    mistakes = write_up = None
    if isinstance(scored, ScoredRows):
        mistakes = None if shown.mistakes is None else confident_mistakes(scored, shown.mistakes, texts=shown.texts)
        write_up = written(scored, run) if shown.write_up else None
    else:
        refuse_for_scores(shown)
    if shown.as_json:
        found: dict[str, Any] = {} if mistakes is None else {"mistakes": mistakes_content(mistakes)}
        if write_up is not None:
            found["write_up"] = write_up
        write_data(evaluations_json(scored.evaluations, {"model": name, **found}, scored.provenance))
        return
    if write_up is None:
        evaluations: Sequence[AnyEvaluation] = scored.evaluations
        for number, evaluation in enumerate(evaluations):
            write_tables("\n" * bool(number) + console_text(evaluation, is_terminal=is_terminal(sys.stdout)))
    else:
        write_tables(f"{visible(write_up)}\n")
    if isinstance(scored, ScoredRows):
        show_rows(scored, shown)
    if mistakes is not None:
        write_tables("\n" + mistakes_text(mistakes, output_style(no_color=True)))


def show_rows(scored: "ScoredRows", shown: Shown) -> None:
    """Print suspects and predictions of changed texts, if they are wanted."""
    from lstmcli.reports.suspects import suspects_text
    from lstmcli.reports.variants import variants_text

    evaluation, style = scored.evaluation, output_style(no_color=True)
    if evaluation.variants:
        write_tables("\n" + variants_text(evaluation.variants, style))
    if evaluation.suspects is not None:
        write_tables("\n" + suspects_text(evaluation.suspects, str(shown.suspects), style))
