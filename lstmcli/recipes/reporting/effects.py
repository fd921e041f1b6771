"""How the length of a text, and the number of its words that a model does not know, go with the scores."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.config.settings import EvaluationSettings
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.evaluation import System
from lstmcli.metrics.scores import RowStatistics, row_statistics
from lstmcli.metrics.slices import Slicing, length_bins, slice_scores
from lstmcli.text.vocabulary import UNKNOWN_ID

LENGTH = "length"
UNKNOWN_WORDS = "unknown words"
UNKNOWN_NAMES = ("none", "1 word", "2 words", "3 words or more")

Parts = tuple[Sequence[str], NDArray[np.int64]]


def effects_of(
    texts: Sequence[str],
    targets: NDArray[np.bool_],
    model: System,
    kind: LabelKind,
    settings: EvaluationSettings,
    *,
    predictor: Predictor | None = None,
    groups: NDArray[np.int64] | None = None,
) -> tuple[Slicing, ...]:
    """Return the scores by length and, with a `predictor`, by unknown words; nothing where all texts are alike.

    Args:
        texts: that were predicted.
        targets: (rows, labels).
        model: its predictions.
        kind: of the labels.
        settings: of the bootstrap.
        predictor: the model, if one has predicted all texts.
        groups: see `evaluate`.
    """
    statistics = row_statistics(targets, model.decisions, model.probabilities, kind)
    found = {LENGTH: length_bins(np.array([len(text.split()) for text in texts]))}
    if predictor is not None:
        found[UNKNOWN_WORDS] = unknown_word_bins(texts, predictor)
    return tuple(
        _slicing(name, parts, statistics, kind, settings, groups) for name, parts in found.items() if len(parts[0]) > 1
    )


def _slicing(
    name: str,
    parts: Parts,
    statistics: RowStatistics,
    kind: LabelKind,
    settings: EvaluationSettings,
    groups: NDArray[np.int64] | None,
) -> Slicing:
    return slice_scores(name, parts[0], parts[1], statistics, kind, settings, groups)


def unknown_word_bins(texts: Sequence[str], predictor: Predictor) -> tuple[list[str], NDArray[np.int64]]:
    """Return the names of the UNKNOWN_NAMES that occur, and which of them each text belongs to, (texts,)."""
    with predictor.turn():
        words = predictor.tokens.word_ids(predictor.tokens.encode(texts))
    num_before = np.zeros(len(words.flat) + 1, dtype=np.int64)
    np.cumsum(words.flat == UNKNOWN_ID, out=num_before[1:])
    counts = num_before[words.offsets[1:]] - num_before[words.offsets[:-1]]
    used, parts = np.unique(np.minimum(counts, len(UNKNOWN_NAMES) - 1), return_inverse=True)
    return [UNKNOWN_NAMES[number] for number in used], np.asarray(parts, dtype=np.int64)
