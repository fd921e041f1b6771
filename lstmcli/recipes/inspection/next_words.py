"""`lstmcli next`: what a pretraining run expects to come next, and how surprising the words of a file are to it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstmcli.config.model_settings import DataSettings
from lstmcli.data.blank import is_blank
from lstmcli.errors import DataError, RunDirectoryError
from lstmcli.inspection.next_words import Guess, NextWordModel, ScoredText, perplexity
from lstmcli.recipes.inspection.rows import RowOptions, read_rows
from lstmcli.store.language_model import LearnedSentenceVectors, read_language_model
from lstmcli.store.layout import LANGUAGE_FOLDER, MODEL_FOLDER, PRETRAINING_FOLDER


@dataclass(frozen=True)
class Expectation:
    """The most probable words after a text, and before it (none for a network that reads forward only)."""

    text: str
    following: list[Guess]
    preceding: list[Guess]


@dataclass(frozen=True)
class ScoredFile:
    """A file, text by text.

    Attributes:
        name: of the file.
        lines: the line of each text.
        num_skipped: rows without a text.
        texts: the pieces of each text.
        num_unknown: words that the model does not know.
        perplexity: per word, over both directions; None if no text has two words.
        by_direction: the same for each direction.
        held_out: the perplexity of the model on the texts held out in pretraining.
    """

    name: str
    lines: list[int]
    num_skipped: int
    texts: list[list[ScoredText]]
    num_unknown: int
    perplexity: float | None
    by_direction: dict[str, float | None]
    held_out: float

    @property
    def num_words(self) -> int:
        """The number of words in all texts."""
        return sum(len(piece.words) for pieces in self.texts for piece in pieces)


def open_next_words(run: Path) -> tuple[NextWordModel, float]:
    """Return the language model of a pretraining run, and its perplexity on held-out texts.

    Raises:
        RunDirectoryError: there is none, or it does not predict words.
    """
    if not (run / LANGUAGE_FOLDER).is_dir() and (run / MODEL_FOLDER).is_dir():
        own = run / PRETRAINING_FOLDER
        advice = f" For what it started from, use {own}." if (own / LANGUAGE_FOLDER).is_dir() else ""
        raise RunDirectoryError(f"{run}: holds a classifier, which predicts labels, not words.{advice}")
    if not run.is_dir():
        raise RunDirectoryError(f"{run}: no such run directory. `lstmcli pretrain` writes one.")
    saved = read_language_model(run)
    if isinstance(saved.learned, LearnedSentenceVectors):
        raise RunDirectoryError(
            f"{run}: was made with a teacher ({saved.learned.teacher}), so it has learned sentence vectors and has no "
            "output over words; pretrain without pretraining.teacher to predict words."
        )
    return NextWordModel(saved, str(run)), saved.learned.perplexity


def check_text(text: str) -> None:
    """Raise a DataError if there is nothing in `text`."""
    if is_blank(text):
        raise DataError("the text is blank; pass at least one word.")


def expect(model: NextWordModel, text: str, most: int) -> Expectation:
    """Return the `most` probable words around `text`."""
    check_text(text)
    words = model.words_of(text)
    preceding = model.guesses(model.preceding(words), most) if model.is_bidirectional else []
    return Expectation(text, model.guesses(model.following(words), most), preceding)


def score_file(model: NextWordModel, held_out: float, path: str, options: RowOptions) -> ScoredFile:
    """Return how surprising each word of a file is.

    Raises:
        DataError: the file can't be read, or has no text.
    """
    rows = read_rows(path, options, DataSettings())
    texts = list(model.scores(rows.texts))
    pieces = [piece for own in texts for piece in own]
    forward = np.concatenate([piece.forward for piece in pieces])
    backward = np.concatenate([piece.backward for piece in pieces])
    by_direction = {"forward": perplexity(forward)}
    if model.is_bidirectional:
        by_direction["backward"] = perplexity(backward)
    return ScoredFile(
        name=rows.name,
        lines=list(rows.lines),
        num_skipped=rows.num_skipped,
        texts=texts,
        num_unknown=sum(not model.is_known(word) for piece in pieces for word in piece.words),
        perplexity=perplexity(np.concatenate([forward, backward])),
        by_direction=by_direction,
        held_out=held_out,
    )
