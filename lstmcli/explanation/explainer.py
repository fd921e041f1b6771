"""Explains the predictions of a model, word by word."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcli.errors import LstmcliError, UsageError
from lstmcli.explanation.methods import DEFAULT_METHOD, METHODS
from lstmcli.explanation.phrases import phrases_of
from lstmcli.explanation.reading import ReadText
from lstmcli.explanation.removal import Block
from lstmcli.explanation.results import ExplainedTexts, Explanation, Parts, WordShare
from lstmcli.explanation.rows import column_of, feature_shares
from lstmcli.explanation.target import Labels, in_unit_of_score, unusual_scores
from lstmcli.inference.predictor import PartLogits, Predictions, Predictor
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.ordinal import class_log_odds
from lstmcli.text.spans import WordFinder
from lstmcli.text.token_ids import TokenIds


class Explainer:
    """Explains texts in blocks. The explanation of a text does not depend on other texts."""

    def __init__(
        self, predictor: Predictor, *, method: str = DEFAULT_METHOD, label: str | None = None, phrases: int = 0
    ) -> None:
        """Prepare to explain.

        Args:
            predictor: whose predictions are explained.
            method: of METHODS.
            label: to explain; None: the one that is predicted, see `labels_of`.
            phrases: how many pairs of neighbouring words are looked for in each text.

        Raises:
            UsageError: the model has no such label, or no n-grams, which the method requires.
        """
        names = predictor.model.labels.names
        if label is not None and label not in names:
            what = "label" if predictor.model.scores is None else "score"
            raise UsageError(f"--label {label}: this model has no such {what}; its {what}s are {', '.join(names)}.")
        self._predictor = predictor
        self._method = METHODS[method](predictor)
        self._label = None if label is None else names.index(label)
        self._num_phrases = phrases
        self._find_words = WordFinder(predictor.tokens.tokenizer)

    def explain(self, texts: Sequence[str]) -> ExplainedTexts:
        """Return what is predicted for each text, and why.

        Raises:
            LstmcliError: a logit is not a number.
        """
        distinct = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        with self._predictor.turn():
            found, has_known = self._of_distinct(list(distinct))
        rows = [distinct[text] for text in texts]
        own = found.predictions
        predictions = Predictions(own.probabilities[rows], own.decisions[rows], own.scores[rows])
        explanations = [found.explanations[row] for row in rows]
        return ExplainedTexts(predictions, explanations, len(texts) - int(has_known[rows].sum()))

    def read(self, texts: Sequence[str]) -> list[ReadText]:
        """Return texts as tokens and words, valid until the next call; needs a turn of the predictor."""
        return self._read(texts, self._predictor.tokens.encode(texts))

    def _read(self, texts: Sequence[str], token_ids: TokenIds) -> list[ReadText]:
        ends = token_ids.offsets.tolist()
        return [
            ReadText.of(text, token_ids.flat[start:end], self._find_words(text))
            for text, start, end in zip(texts, ends, ends[1:], strict=False)
        ]

    def _of_distinct(self, texts: list[str]) -> tuple[ExplainedTexts, NDArray[np.bool_]]:
        predictor, model = self._predictor, self._predictor.model
        if not texts:
            empty = np.empty((0, len(model.labels.names)))
            return ExplainedTexts(self._predictions(empty), [], 0), np.empty(0, dtype=np.bool_)
        token_ids = predictor.tokens.encode(texts)
        has_known = predictor.tokens.has_known_word(token_ids)
        parts = predictor.part_logits(token_ids, predictor.row_outputs(texts))
        logits = predictor.mixed(parts)
        if model.scores is None:
            probabilities = probabilities_from_logits(logits, model.labels.output_kind, temperature=model.temperature)
        else:
            probabilities = logits
        if not np.isfinite(probabilities).all():
            raise LstmcliError("the model computes probabilities that are not numbers; its files may be damaged.")
        predictions = self._predictions(probabilities)
        labels = self.labels_of(predictions)
        block = Block(predictor, self._read(texts, token_ids), labels, logits / model.temperature)
        shares = self._method(block)
        beside = feature_shares(predictor, texts, parts, labels)
        columns = [*model.columns.text_before, model.columns.text]
        phrases = phrases_of(block, self._num_phrases) if self._num_phrases else [()] * len(texts)
        explanations = [
            Explanation(
                label=model.labels.names[label],
                probability=float(probabilities[number, label]),
                parts=_parts(parts, number, label, predictor),
                words=_words(text, own, columns),
                phrases=together,
                features=beside[number],
            )
            for number, (text, label, own, together) in enumerate(
                zip(block.texts, labels.tolist(), shares, phrases, strict=True)
            )
        ]
        return ExplainedTexts(predictions, explanations, 0), has_known

    def _predictions(self, probabilities: NDArray[np.float64]) -> Predictions:
        """Return what is predicted; for scores, which stand in the place of probabilities, nothing is decided."""
        if self._predictor.model.scores is None:
            return Predictions.of(probabilities, self._predictor.model.rule)
        return Predictions(probabilities, np.zeros(probabilities.shape, dtype=np.bool_), np.zeros(len(probabilities)))

    def labels_of(self, predictions: Predictions) -> Labels:
        """Return the label to explain of each text: the most probable one that is predicted, or of all if none is.

        Of scores, it is the most unusual one.
        """
        if self._label is not None:
            return np.full(len(predictions.probabilities), self._label)
        if self._predictor.model.scores is not None:
            return unusual_scores(predictions.probabilities, self._predictor.model.scores)
        picked = np.where(predictions.decisions, predictions.probabilities, -1.0)
        has_picked = predictions.decisions.any(axis=1, keepdims=True)
        return np.asarray(np.where(has_picked, picked, predictions.probabilities).argmax(axis=1))


def _parts(parts: PartLogits, number: int, label: int, predictor: Predictor) -> Parts:
    if predictor.model.labels.is_ordered:
        return _ordered_parts(parts, number, label, predictor)
    scores = predictor.model.scores
    network = in_unit_of_score(scores, "network", float(parts.network[number, label]), label)
    if parts.ngrams is None or predictor.scorer is None:
        return Parts(network, None, None)
    ngrams, intercept = float(parts.ngrams[number, label]), float(predictor.scorer.intercepts[label])
    of_both = (in_unit_of_score(scores, "ngrams", each, label) for each in (ngrams, intercept))
    return Parts(network, *of_both)


def _ordered_parts(parts: PartLogits, number: int, label: int, predictor: Predictor) -> Parts:
    """Return the log odds of the label as each part sees them."""
    known = [parts.network[number]]
    if parts.ngrams is not None and predictor.scorer is not None:
        known += [parts.ngrams[number], predictor.scorer.intercepts]
    found = class_log_odds(np.array(known), np.full(len(known), label)).tolist()
    return Parts(*found, *([None] * (3 - len(found))))


def _words(text: ReadText, shares: NDArray[np.float64], columns: Sequence[str]) -> tuple[WordShare, ...]:
    values = text.per_word(shares).tolist()
    return tuple(
        WordShare(
            text.text[word.start : word.end],
            word.start,
            word.end,
            value,
            column_of(columns, text.text, word.start),
        )
        for word, value in zip(text.words, values, strict=True)
    )
