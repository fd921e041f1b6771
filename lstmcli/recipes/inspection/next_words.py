"""`lstmcli next`: which words a run expects to come next, and how surprising the words of a file are to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstmcli.config.model_settings import DataSettings
from lstmcli.data.blank import is_blank
from lstmcli.errors import DataError, RunDirectoryError
from lstmcli.inspection.next_words import Array, Comparison, Guess, NextWordModel, ScoredText, perplexity
from lstmcli.inspection.state_reader import classifier_reader
from lstmcli.recipes.inspection.rows import RowOptions, read_rows
from lstmcli.store.language_model import LearnedSentenceVectors, SavedLanguageModel, read_language_model
from lstmcli.store.layout import LANGUAGE_FOLDER, MODEL_FOLDER, PRETRAINING_FOLDER
from lstmcli.store.model import read_model


@dataclass(frozen=True)
class WordPredictor:
    """What predicts words.

    Attributes:
        model: that predicts.
        held_out: the perplexity of the language model on the texts held out in pretraining.
        language_model: that a classifier started from, whose output `model` borrows; None: `model` is one itself.
    """

    model: NextWordModel
    held_out: float
    language_model: NextWordModel | None = None


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
        held_out: see `WordPredictor`.
        compared: for a classifier.
    """

    name: str
    lines: list[int]
    num_skipped: int
    texts: list[list[ScoredText]]
    num_unknown: int
    perplexity: float | None
    by_direction: dict[str, float | None]
    held_out: float
    compared: Comparison | None = None

    @property
    def num_words(self) -> int:
        """The number of words in all texts."""
        return sum(len(piece.words) for pieces in self.texts for piece in pieces)


def open_next_words(run: Path) -> WordPredictor:
    """Open the language model of a pretraining run, or a classifier whose run has kept the one that it started from.

    Raises:
        RunDirectoryError: there is no language model, or it does not predict words.
    """
    if not run.is_dir():
        raise RunDirectoryError(f"{run}: no such run directory. `lstmcli pretrain` writes one.")
    if (run / LANGUAGE_FOLDER).is_dir() or not (run / MODEL_FOLDER).is_dir():
        saved, held_out = _language_model(run)
        return WordPredictor(NextWordModel(saved, str(run)), held_out)
    own = run / PRETRAINING_FOLDER
    if not (own / LANGUAGE_FOLDER).is_dir():
        raise RunDirectoryError(
            f"{run}: holds a classifier, which predicts labels, not words. Its states can be shown as words only if "
            "its training began by next-word prediction on its own texts (train with --set model.pretrained=none)."
        )
    saved, held_out = _language_model(own, within=run)
    reader = classifier_reader(read_model(run), saved, str(run))
    return WordPredictor(NextWordModel(saved, str(own), reader), held_out, NextWordModel(saved, str(own)))


def _language_model(run: Path, *, within: Path | None = None) -> tuple[SavedLanguageModel, float]:
    saved = read_language_model(run, within=within)
    if isinstance(saved.learned, LearnedSentenceVectors):
        raise RunDirectoryError(
            f"{run}: was made with a teacher ({saved.learned.teacher}), so it has learned sentence vectors and has no "
            "output over words; pretrain without pretraining.teacher to predict words."
        )
    return saved, saved.learned.perplexity


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


def score_file(words: WordPredictor, path: str, options: RowOptions) -> ScoredFile:
    """Return how surprising each word of a file is.

    Raises:
        DataError: the file can't be read, or has no text.
    """
    model = words.model
    rows = read_rows(path, options, DataSettings())
    texts = list(model.scores(rows.texts))
    pieces = [piece for own in texts for piece in own]
    forward, backward = _surprisals(pieces)
    found = perplexity(np.concatenate([forward, backward]))
    by_direction = {"forward": perplexity(forward)}
    if model.is_bidirectional:
        by_direction["backward"] = perplexity(backward)
    return ScoredFile(
        name=rows.name,
        lines=list(rows.lines),
        num_skipped=rows.num_skipped,
        texts=texts,
        num_unknown=sum(not model.is_known(word) for piece in pieces for word in piece.words),
        perplexity=found,
        by_direction=by_direction,
        held_out=words.held_out,
        compared=None if words.language_model is None or found is None else _compared(words.language_model, rows.texts),
    )


def _compared(model: NextWordModel, texts: Sequence[str]) -> Comparison:
    pieces = [piece for own in model.scores(texts) for piece in own]
    without = [model.without_states(piece) for piece in pieces]
    by_model, by_frequencies = (perplexity(np.concatenate(_surprisals(each))) for each in (pieces, without))
    return Comparison(by_model or 1.0, by_frequencies or 1.0)  # there are words


def _surprisals(pieces: Sequence[ScoredText]) -> tuple[Array, Array]:
    return np.concatenate([piece.forward for piece in pieces]), np.concatenate([piece.backward for piece in pieces])
