"""Shares by removal: what the model says without a word, and about the word alone."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lstmcli.explanation.reading import ReadText, Shares, gaps_of, joined
from lstmcli.explanation.target import Labels, explained_outputs, log_odds
from lstmcli.inference.predictor import PartLogits, Predictor
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.vocabulary import UNKNOWN_ID

# Versions of texts are predicted together up to this many tokens, which bounds memory.
MAX_VERSION_TOKENS = 1 << 17


class Block:
    """Texts that are explained together, each for one label.

    Attributes:
        texts: as they were read.
        labels: (texts,), the label of each.
    """

    def __init__(
        self, predictor: Predictor, texts: Sequence[ReadText], labels: Labels, logits: NDArray[np.float64]
    ) -> None:
        """Take texts as they were read, by a predictor whose `turn` it is.

        Args:
            predictor: that is explained.
            texts: as it read them.
            labels: (texts,), the label of each.
            logits: (texts, outputs), divided by the temperature.
        """
        self.texts, self.labels = texts, labels
        self._predictor, self._logits = predictor, logits

    @cached_property
    def outputs(self) -> list[list[tuple[int, float]]]:
        """The outputs that stand for the label of each text, see `explained_outputs`."""
        kind = self._predictor.model.labels.output_kind
        each = zip(self._logits, self.labels.tolist(), strict=True)
        return [explained_outputs(logits, label, kind) for logits, label in each]

    @cached_property
    def without(self) -> Shares:
        """By how much the log odds of the label fall when each unit is left out, (units,) for each text."""
        return self.without_neighbours(1)

    def without_neighbours(self, units: int) -> Shares:
        """Return the same for each `units` of them that are side by side, (units + 1 - this,), or none, for each."""
        whole = self._log_odds(self._logits, self.labels)
        shares: Shares = []
        for group in self._groups():
            own = [self.texts[number] for number in group]
            gaps = gaps_of(own, units=units)
            if not len(gaps.texts):
                shares += [np.empty(0)] * len(group)
                continue
            of_rows = self._predictor.row_outputs([text.text for text in own])
            parts = self._predictor.part_logits_with_gaps(joined([text.ids for text in own]), gaps, of_rows)
            numbers = gaps.texts + group.start
            found = whole[numbers] - self._log_odds(_mixed(self._predictor, parts), self.labels[numbers])
            shares += np.split(found, np.searchsorted(gaps.texts, np.arange(1, len(own))))
        return shares

    @cached_property
    def alone(self) -> Shares:
        """By how much the log odds of the label rise above those of no known word when each unit stands alone."""
        shares: Shares = []
        for group in self._groups():
            own = [self.texts[number] for number in group]
            nothing = np.array([UNKNOWN_ID], own[0].ids.dtype)
            units = [unit for text in own for unit in text.units_alone()]
            sizes = [text.num_units for text in own]
            of_rows = self._predictor.row_outputs([text.text for text in own])
            if of_rows is not None:
                of_rows = np.repeat(of_rows, sizes, axis=0)
                found = mixed_logits(self._predictor, joined(units), of_rows) if units else np.empty((0, 0))
                without = mixed_logits(self._predictor, joined([nothing] * len(units)), of_rows) if units else found
            else:
                found = mixed_logits(self._predictor, joined([nothing, *units]))
                found, without = found[1:], np.broadcast_to(found[:1], (len(units), found.shape[1]))
            labels = np.repeat(self.labels[group.start : group.stop], sizes)
            alone = self._log_odds(found, labels) - self._log_odds(without, labels)
            shares += np.split(alone, np.cumsum(sizes)[:-1])
        return shares

    def _log_odds(self, logits: NDArray[np.float64], labels: Labels) -> NDArray[np.float64]:
        return log_odds(logits, labels, self._predictor.model.labels.output_kind)

    def _groups(self) -> Iterator[range]:
        """Yield the numbers of texts, of which there is at least one, whose versions are predicted together."""
        start, num_tokens = 0, 0
        for number, text in enumerate(self.texts):
            size = text.num_units * len(text.ids)
            if number > start and num_tokens + size > MAX_VERSION_TOKENS:
                yield range(start, number)
                start, num_tokens = number, 0
            num_tokens += size
        yield range(start, len(self.texts))


def leave_one_out(block: Block) -> Shares:
    """Return what each unit is worth as the last of its text."""
    return block.without


def without_and_alone(block: Block) -> Shares:
    """Return the mean of what a unit is worth as the last of the text and as its first.

    Where two words say the same, leaving one out changes little; alone, a word lacks its context. Shapley values are
    means over all sets of words, of which these are the largest and the smallest. Source: Covert, Lundberg and Lee
    2021, "Explaining by Removing", arXiv 2011.14878, who compare removing one feature and including one.
    """
    return [(last + first) / 2.0 for last, first in zip(block.without, block.alone, strict=True)]


def mixed_logits(
    predictor: Predictor, token_ids: TokenIds, of_rows: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return the logits of the whole model, divided by its temperature, (texts, outputs); see `part_logits`."""
    return _mixed(predictor, predictor.part_logits(token_ids, of_rows))


def _mixed(predictor: Predictor, parts: PartLogits) -> NDArray[np.float64]:
    return np.asarray(predictor.mixed(parts) / predictor.model.temperature)
