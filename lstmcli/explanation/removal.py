"""Shares by removal: what the model says without a word, and about the word alone."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcli.explanation.reading import ReadText, Shares, gaps_of, joined
from lstmcli.explanation.target import log_odds
from lstmcli.inference.predictor import PartLogits, Predictor
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.vocabulary import UNKNOWN_ID

# Versions of texts are predicted together up to this many tokens, which bounds memory.
MAX_VERSION_TOKENS = 1 << 17


def leave_one_out(
    predictor: Predictor,
    texts: Sequence[ReadText],
    labels: Sequence[int],
    logits: NDArray[np.float64],
    *,
    units: int = 1,
) -> Shares:
    """Return by how much the log odds of the label fall when each unit is left out, (units,) for each text.

    Args:
        predictor: whose `turn` it is.
        texts: as they were read.
        labels: the label of each text.
        logits: of the whole texts, (texts, labels).
        units: how many units are left out at once, side by side; (units + 1 - this,), or none, for each text.
    """
    kind = predictor.model.labels.kind
    shares: Shares = []
    for group in _groups(texts):
        own = [texts[number] for number in group]
        gaps = gaps_of(own, units=units)
        found = np.empty((0, logits.shape[1]))
        if len(gaps.texts):
            found = _mixed(predictor, predictor.part_logits_with_gaps(joined([text.ids for text in own]), gaps))
        by_text = np.split(found, np.searchsorted(gaps.texts, np.arange(1, len(own))))
        for number, without in zip(group, by_text, strict=True):
            whole = log_odds(logits[number : number + 1], labels[number], kind)
            shares.append(whole - log_odds(without, labels[number], kind))
    return shares


def alone(predictor: Predictor, texts: Sequence[ReadText], labels: Sequence[int]) -> Shares:
    """Return by how much the log odds of the label rise above those of no known word when each unit stands alone."""
    kind = predictor.model.labels.kind
    shares: Shares = []
    for group in _groups(texts):
        own = [texts[number] for number in group]
        nothing = np.array([UNKNOWN_ID], own[0].ids.dtype)
        units = [unit for text in own for unit in text.units_alone()]
        found = mixed_logits(predictor, joined([nothing, *units]))
        by_text = np.split(found[1:], np.cumsum([text.num_units for text in own])[:-1])
        for number, with_unit in zip(group, by_text, strict=True):
            without = log_odds(found[:1], labels[number], kind)
            shares.append(log_odds(with_unit, labels[number], kind) - without)
    return shares


def without_and_alone(
    predictor: Predictor, texts: Sequence[ReadText], labels: Sequence[int], logits: NDArray[np.float64]
) -> Shares:
    """Return the mean of what a unit is worth as the last of the text and as its first, see the other two functions.

    Where two words say the same, leaving one out changes little; alone, a word lacks its context. Shapley values are
    means over all sets of words, of which these are the largest and the smallest. Source: Covert, Lundberg and Lee
    2021, "Explaining by Removing", arXiv 2011.14878, who compare removing one feature and including one.
    """
    last, first = leave_one_out(predictor, texts, labels, logits), alone(predictor, texts, labels)
    return [(own + other) / 2.0 for own, other in zip(last, first, strict=True)]


def _groups(texts: Sequence[ReadText]) -> Iterator[list[int]]:
    """Yield the numbers of texts whose versions are predicted together."""
    group: list[int] = []
    num_tokens = 0
    for number, text in enumerate(texts):
        size = text.num_units * len(text.ids)
        if group and num_tokens + size > MAX_VERSION_TOKENS:
            yield group
            group, num_tokens = [], 0
        group.append(number)
        num_tokens += size
    if group:
        yield group


def mixed_logits(predictor: Predictor, token_ids: TokenIds) -> NDArray[np.float64]:
    """Return the logits of the whole model, divided by its temperature, (texts, labels)."""
    return _mixed(predictor, predictor.part_logits(token_ids))


def _mixed(predictor: Predictor, parts: PartLogits) -> NDArray[np.float64]:
    return np.asarray(predictor.mixed(parts) / predictor.model.temperature)
