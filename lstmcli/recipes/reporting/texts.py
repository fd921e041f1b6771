"""Chooses the rows of an evaluation that are worth reading, and finds out which of their words count."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.label_set import LabelSet
from lstmcli.explanation.explainer import Explainer
from lstmcli.explanation.methods import DEFAULT_METHOD
from lstmcli.explanation.results import Explanation
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.decisions import decision_scores
from lstmcli.metrics.evaluation import System
from lstmcli.reports.report_page.content import ShownText, ShownTexts

MAX_TEXTS = 20

# Of a long text, as many words are shown.
MAX_WORDS = 60

# An explanation predicts a text once without each of its words, and each word alone. So many words may be predicted for
# it by default: about half a second. Texts that are too long for that are explained by their n-grams alone.
MAX_EXPLAINED_WORDS = 40_000

# A training may predict this fraction of the words that it has read, which takes less than 2% of its CPU time.
MAX_TRAINING_SHARE = 0.06

NOTES = {
    DEFAULT_METHOD: "Underlined words speak for the prediction, dotted ones against it, the stronger the colour the "
    "more: by what the model predicts without each word, and from it alone (lstmcli explain).",
    "linear": "Underlined words speak for the prediction, dotted ones against it, as far as the n-grams alone go: to "
    "ask the network about each word would have taken too long here (lstmcli explain does).",
}

SPACES = re.compile(r"\s+")

Pieces = list[tuple[str, float | None]]

# The number of a row -> the predictor that has predicted it.
PredictorOf = Callable[[int], Predictor]


@dataclass(frozen=True)
class ReadableRows:
    """Rows that people may look at.

    Attributes:
        texts: of the rows.
        place_of: where a row is, by its number, such as "line 7".
        labels: the columns of what follows.
        targets: (rows, labels).
        model: its predictions.
    """

    texts: Sequence[str]
    place_of: Callable[[int], str]
    labels: LabelSet
    targets: NDArray[np.bool_]
    model: System


def shown_texts(
    rows: ReadableRows, predictor_of: PredictorOf | None = None, *, most_words: float = MAX_EXPLAINED_WORDS
) -> ShownTexts:
    """Return the most confident mistakes and the most doubtful rows.

    Args:
        rows: to choose from.
        predictor_of: the predictor of a row; None: no word is explained.
        most_words: see MAX_EXPLAINED_WORDS.
    """
    model = rows.model
    scores = decision_scores(model.probabilities, model.decisions)
    is_wrong = (rows.targets != model.decisions).any(axis=1)
    wrong = np.flatnonzero(is_wrong)
    mistakes = wrong[np.argsort(-scores[wrong], kind="stable")[:MAX_TEXTS]].tolist()
    doubtful = [row for row in np.argsort(scores, kind="stable").tolist() if row not in set(mistakes)][:MAX_TEXTS]
    chosen = [*mistakes, *doubtful]
    explanations, method = _explained(rows.texts, chosen, predictor_of, most_words)
    shown = [_shown(rows, row, float(scores[row]), explanations.get(row)) for row in chosen]
    return ShownTexts(shown[: len(mistakes)], shown[len(mistakes) :], NOTES.get(method, ""))


def _explained(
    texts: Sequence[str], rows: Sequence[int], predictor_of: PredictorOf | None, most_words: float
) -> tuple[dict[int, Explanation], str]:
    """Return the explanations by row, and the method; none if there is no method that is quick enough."""
    if predictor_of is None or not rows:
        return {}, ""
    lengths = [len(texts[row].split()) for row in rows]
    method = DEFAULT_METHOD
    if sum(length * (length + 1) for length in lengths) > most_words:
        method = "linear"
    if method == "linear" and predictor_of(rows[0]).scorer is None:
        return {}, ""
    by_predictor: dict[int, tuple[Predictor, list[int]]] = {}
    for row in rows:
        predictor = predictor_of(row)
        by_predictor.setdefault(id(predictor), (predictor, []))[1].append(row)
    found: dict[int, Explanation] = {}
    for predictor, own in by_predictor.values():
        explained = Explainer(predictor, method=method).explain([texts[row] for row in own])
        found |= dict(zip(own, explained.explanations, strict=True))
    return found, method


def _shown(rows: ReadableRows, row: int, score: float, explanation: Explanation | None) -> ShownText:
    text = rows.texts[row]
    pieces, num_hidden = _plain(text) if explanation is None else _coloured(text, explanation)
    return ShownText(
        place=rows.place_of(row),
        pieces=pieces,
        num_hidden=num_hidden,
        gold=rows.labels.join(rows.targets[row]),
        prediction=rows.labels.join(rows.model.decisions[row]),
        score=score,
    )


def _plain(text: str) -> tuple[Pieces, int]:
    words = text.split()
    return [(" ".join(words[:MAX_WORDS]), None)], max(0, len(words) - MAX_WORDS)


def _coloured(text: str, explanation: Explanation) -> tuple[Pieces, int]:
    """Return the words as the model reads them, and what is between them."""
    pieces: list[tuple[str, float | None]] = []
    end = 0
    for word in explanation.words[:MAX_WORDS]:
        pieces.append((_one_line(text[end : word.start]), None))
        pieces.append((_one_line(word.word), word.share))
        end = word.end
    num_hidden = len(explanation.words) - len(explanation.words[:MAX_WORDS])
    if not num_hidden:
        pieces.append((_one_line(text[end:]), None))
    return [(piece, share) for piece, share in pieces if piece], num_hidden


def _one_line(text: str) -> str:
    return SPACES.sub(" ", text)
