"""What a model reads of a row beside the words of one text: features, and from which column a word is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcli.data.row_text import COLUMN_MARK
from lstmcli.explanation.results import FeatureShare, WordColumn
from lstmcli.explanation.target import Labels, log_odds
from lstmcli.inference.predictor import PartLogits, Predictor

NO_COLUMN = WordColumn(None, 0)


def feature_shares(
    predictor: Predictor, texts: Sequence[str], parts: PartLogits, labels: Labels
) -> list[tuple[FeatureShare, ...]]:
    """Return how much each feature of a row speaks for the label of its text, compared with an average row.

    Args:
        predictor: that is explained.
        texts: with their rows.
        parts: what each part of the model says about them.
        labels: (texts,), that are explained.
    """
    features = predictor.model.features
    if features is None or parts.ngrams is None:
        return [()] * len(texts)
    groups = list(dict.fromkeys(features.groups))
    added = features.parts(texts)
    shares = np.empty((len(texts), len(groups)))
    whole = _log_odds(predictor, parts, labels)
    for number, group in enumerate(groups):
        own = added[:, [name == group for name in features.groups]].sum(axis=1)
        without = PartLogits(parts.network, parts.ngrams - own)
        shares[:, number] = whole - _log_odds(predictor, without, labels)
    return [
        tuple(FeatureShare(group, features.shown(text)[group], share) for group, share in zip(groups, row, strict=True))
        for text, row in zip(texts, shares.tolist(), strict=True)
    ]


def _log_odds(predictor: Predictor, parts: PartLogits, labels: Labels) -> NDArray[np.float64]:
    model = predictor.model
    return log_odds(predictor.mixed(parts) / model.temperature, labels, model.labels.output_kind)


def column_of(columns: Sequence[str], text: str, place: int) -> WordColumn | None:
    """Return from which of the joined `columns` the word at `place` of a text is; None if only one was read."""
    if len(columns) < 2:
        return None
    if text.startswith(COLUMN_MARK, place):
        return NO_COLUMN
    mark = text.rfind(COLUMN_MARK, 0, place)
    number = text.count(COLUMN_MARK, 0, place)
    return WordColumn(columns[min(number, len(columns) - 1)], 0 if mark < 0 else mark + len(COLUMN_MARK) + 1)
