"""`lstmcli next`."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcli.cli.inspect import Column, output_style, say_skipped
from lstmcli.cli.messages import say, write_data, write_tables
from lstmcli.cli.options import INPUT, OUTPUT, AsJson, Encoding, Format, Quiet, Run
from lstmcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from lstmcli.inspection.next_words import NextWordModel
    from lstmcli.recipes.inspection.next_words import ScoredFile

SAMPLING = "Sampling"

OF_CLASSIFIER = (
    "note: these are the words that the states of this classifier would predict with the output of the language model "
    "that it started from. Training on labels has changed the states; --file FILE measures how well they still predict."
)


def next_command(
    run: Run,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", show_default=False, help="The text so far; not with --file.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", metavar="FILE", rich_help_panel=INPUT, help="Score the words of this file (-: standard input)."
        ),
    ] = None,
    column: Column = None,
    input_format: Format = None,
    encoding: Encoding = None,
    top_k: Annotated[
        int,
        typer.Option(
            "--top-k", "-k", min=1, max=1000, metavar="N", rich_help_panel=OUTPUT, help="Number of words to list."
        ),
    ] = 10,
    words: Annotated[
        bool,
        typer.Option(
            "--words",
            rich_help_panel=OUTPUT,
            help="Show every word: of a TEXT with the words expected after it, of a --file with its surprisal (TSV).",
        ),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample",
            min=1,
            max=1000,
            metavar="N",
            rich_help_panel=SAMPLING,
            help="Continue the text with N words, each drawn with its probability.",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, metavar="N", rich_help_panel=SAMPLING, help="The same seed draws the same words."
        ),
    ] = 1,
    temperature: Annotated[
        float,
        typer.Option(
            "--temperature",
            min=0.01,
            max=100.0,
            metavar="X",
            rich_help_panel=SAMPLING,
            help="Divides the logits: below 1, probable words are drawn more often; above 1, improbable ones.",
        ),
    ] = 1.0,
) -> None:
    """Show which words a network expects after and before a text.

    RUN is a run directory of lstmcli pretrain, or of a training that began by next-word prediction: then, the words are
    those that the states of the classifier would still predict. With --file, the per-word perplexity of a file, and how
    surprising its words are, in bits: n bits stand for a probability of 1 in 2 to the power n.

    Examples:
      lstmcli next runs/words "i am so"
      lstmcli next runs/words "i am so" --words
      lstmcli next runs/words "i am so" --sample 20 --seed 3
      lstmcli next runs/words --file held-out.txt
      lstmcli next runs/words --file held-out.txt --words > surprisals.tsv
    """
    _check_usage(text, file, sample, words=words, as_json=as_json)

    from lstmcli.recipes.inspection.next_words import check_text, open_next_words, score_file
    from lstmcli.recipes.inspection.rows import RowOptions

    if text is not None:
        check_text(text)
    found = open_next_words(run)
    if file is not None:
        options = RowOptions(None if input_format is None else input_format.value, encoding, column)
        scored = score_file(found, file, options)
        if not quiet:
            say_skipped(scored.name, scored.num_skipped)
        _print_file(scored, words=words, as_json=as_json)
        return
    if found.language_model is not None and not quiet:
        say(OF_CLASSIFIER)
    if sample is not None:
        _print_sample(found.model, str(text), sample, seed, temperature, as_json=as_json)
    elif words:
        _print_words(found.model, str(text), top_k, as_json=as_json)
    else:
        _print_guesses(found.model, str(text), top_k, as_json=as_json)


def _check_usage(text: str | None, file: str | None, sample: int | None, *, words: bool, as_json: bool) -> None:
    if sys.stdout is None:
        raise DataError("standard output is closed; redirect it to a file.")
    if (text is None) == (file is None):
        raise UsageError("pass either the TEXT so far, or a --file to score.")
    if file is not None and sample is not None:
        raise UsageError("--sample continues a TEXT, not a --file.")
    if words and file is not None and as_json:
        raise UsageError("--words: with a --file, --json has the words in any case.")
    if words and sample is not None:
        raise UsageError(
            "--words shows the words expected at each place of a TEXT, --sample continues it; pass only one."
        )


def _write_json(content: dict[str, Any]) -> None:
    from lstmcli.reports.inspection.as_json import to_json

    write_data(to_json(content))


def _print_guesses(model: "NextWordModel", text: str, top_k: int, *, as_json: bool) -> None:
    from lstmcli.recipes.inspection.next_words import expect
    from lstmcli.reports.inspection.next_words import guesses_content, guesses_text

    found = expect(model, text, top_k)
    if as_json:
        following, preceding = guesses_content(found.following), guesses_content(found.preceding)
        _write_json({"text": text, "next": following, "previous": preceding})
    else:
        write_tables(guesses_text(found.following, found.preceding, output_style(no_color=True)))


def _print_words(model: "NextWordModel", text: str, top_k: int, *, as_json: bool) -> None:
    from lstmcli.reports.inspection.next_words import guesses_at_each_text, guesses_content

    words = model.words_of(text)
    found = list(model.guesses_at_each(words, top_k))
    if as_json:
        each = [
            {"word": word, "next": guesses_content(following), "previous": guesses_content(preceding)}
            for word, (following, preceding) in zip(words, found, strict=True)
        ]
        _write_json({"text": text, "words": each})
    else:
        write_tables(guesses_at_each_text(words, found, output_style(no_color=True)))


def _print_sample(
    model: "NextWordModel", text: str, num_words: int, seed: int, temperature: float, *, as_json: bool
) -> None:
    from lstmcli.visible import visible

    drawn = list(model.sample(model.words_of(text), num_words, seed=seed, temperature=temperature))
    if as_json:
        _write_json({"text": text, "seed": seed, "temperature": temperature, "words": drawn})
    else:
        write_tables(f"{visible(text)} {visible(' '.join(drawn))}\n")


def _print_file(found: "ScoredFile", *, words: bool, as_json: bool) -> None:
    from lstmcli.reports.inspection.next_words import (
        compared_content,
        file_text,
        perplexity_lines,
        surprising_lines,
        texts_content,
        word_rows,
    )

    if as_json:
        _write_json(
            {
                "file": found.name,
                "num_texts": len(found.texts),
                "num_words": found.num_words,
                "num_unknown": found.num_unknown,
                "perplexity": found.perplexity,
                **{f"{name}_perplexity": value for name, value in found.by_direction.items()},
                "held_out_perplexity": found.held_out,
                **compared_content(found.compared),
                "texts": texts_content(found.texts, found.lines),
            }
        )
    elif words:
        write_tables("".join(word_rows(found.texts, found.lines)))
    else:
        parts = [*perplexity_lines(found.perplexity, found.by_direction, found.held_out, found.compared), ""]
        parts += surprising_lines(found.texts, found.lines)
        style = output_style(no_color=True)
        write_tables(file_text(found.name, len(found.texts), found.num_words, found.num_unknown, parts, style))
