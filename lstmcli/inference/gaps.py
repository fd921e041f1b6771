"""Texts with gaps: each text many times, each time without some of its tokens, in half the arithmetic.

A text without its tokens 5 and 6 has the same states as the whole text before token 5, forward, and after token 6,
backward. So the states of whole texts are computed once, and each direction goes on from those beside the gap. Results
equal those of the shortened texts to the last bit.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.inference.batch_invariant import Tiling
from lstmcli.inference.pooling import PieceStates
from lstmcli.inference.recurrence import Direction, States, running_counts
from lstmcli.kernels.weights import Array
from lstmcli.text.token_ids import TokenIds

Places = NDArray[np.int64]


class Gaps(NamedTuple):
    """What is left out of texts: tokens `starts` to `ends`, exclusive, of the text with the number `texts`.

    Each attribute is (gaps,); places are counted from the start of the text. A text may have many gaps, one at a time.
    """

    texts: Places
    starts: Places
    ends: Places

    def of(self, rows: Places | NDArray[np.bool_]) -> "Gaps":
        """Return some of the gaps."""
        return Gaps(self.texts[rows], self.starts[rows], self.ends[rows])

    def left_in(self, token_ids: TokenIds, *, if_nothing: int) -> TokenIds:
        """Return the texts without their gaps, one for each gap, or with the token `if_nothing` where none is left."""
        lengths = token_ids.lengths[self.texts] - (self.ends - self.starts)
        offsets = np.concatenate([[0], np.cumsum(np.maximum(lengths, 1))])
        rows = np.repeat(np.arange(len(lengths)), np.maximum(lengths, 1))
        places = np.arange(offsets[-1]) - offsets[rows]
        is_after = places >= self.starts[rows]
        places += token_ids.offsets[self.texts[rows]] + is_after * (self.ends - self.starts)[rows]
        flat = np.where(lengths[rows] > 0, token_ids.flat[np.minimum(places, len(token_ids.flat) - 1)], if_nothing)
        return TokenIds(flat.astype(token_ids.flat.dtype), offsets)


class _Stretches(NamedTuple):
    """Stretches of tokens that a direction reads: where they begin and how long they are; (stretches,) each.

    before: the token after which, in the direction, a stretch is read; -1 for none.
    """

    begins: Places
    lengths: Places
    before: Places

    def of(self, rows: Places) -> "_Stretches":
        """Return some of them."""
        return _Stretches(self.begins[rows], self.lengths[rows], self.before[rows])

    @property
    def offsets(self) -> Places:
        """The number of tokens in the stretches before each one, (stretches,)."""
        return np.cumsum(self.lengths) - self.lengths


class GapReader:
    """The states of texts without gaps, in the only layer of a network."""

    def __init__(
        self,
        layer: Sequence[Direction],
        projected: Sequence[Array],
        words: Places,
        *,
        tiling: Tiling,
        stacks: Callable[[Places], Iterator[Places]],
    ) -> None:
        """Prepare to read.

        Args:
            layer: its directions.
            projected: input parts of words, for each direction.
            words: (tokens,), rows of `projected`.
            tiling: of products.
            stacks: divides stretches by their lengths into what is computed together, longest first.
        """
        self._layer, self._projected, self._words = layer, projected, words
        self._tiling, self._stacks = tiling, stacks

    def read(self, lengths: Places, gaps: Gaps) -> Callable[[Places], PieceStates]:
        """Read texts of `lengths`, which are all tokens, and around their `gaps`.

        Returns:
            A function that takes numbers of gaps, those with most tokens left first, never none, and returns the states
            at these tokens.
        """
        text_ends = np.cumsum(lengths)
        text_starts = text_ends - lengths
        first, ends = text_starts[gaps.texts], text_ends[gaps.texts]
        whole = _Stretches(text_starts, lengths, np.full(len(lengths), -1))
        after = _Stretches(
            first + gaps.ends, lengths[gaps.texts] - gaps.ends, _where(gaps.starts > 0, first + gaps.starts - 1)
        )
        before = _Stretches(first, gaps.starts, _where(first + gaps.ends < ends, first + gaps.ends))
        tables = [
            self._read(number, whole, stretches)
            for number, stretches in zip(range(len(self._layer)), (after, before), strict=False)
        ]
        num_tokens, num_left = len(self._words), lengths[gaps.texts] - (gaps.ends - gaps.starts)

        def states(rows: Places) -> PieceStates:
            own, starts, left = gaps.of(rows), first[rows], num_left[rows]
            places = np.arange(int(left[0]))[:, None]
            is_after = places >= own.starts
            kept = starts + places, starts + places + own.ends - own.starts
            again = num_tokens + after.offsets[rows] + places - own.starts, num_tokens + before.offsets[rows] + places
            indices = np.where(is_after, again[0], kept[0]), np.where(is_after, kept[1], again[1])
            found = [table.take(index, axis=0, mode="clip") for table, index in zip(tables, indices, strict=False)]
            return self._pieces(found, left)

        return states

    def _read(self, number: int, whole: _Stretches, beside: _Stretches) -> Array:
        """Return the states of a direction at all tokens, and then those at the stretches `beside`, (..., hidden)."""
        direction, num_tokens = self._layer[number], len(self._words)
        hidden = np.empty((num_tokens + int(beside.lengths.sum()), direction.hidden_size), self._tiling.dtype)
        cells = np.empty((num_tokens, *direction.cell_shape), self._tiling.dtype)
        for own, steps, rows, tokens in self._by_stack(whole):
            found, cell = self._run(number, own, None)
            hidden[tokens] = found[steps, rows]
            cells[tokens] = cell[steps, :, rows]
        for own, steps, rows, tokens in self._by_stack(beside):
            found, _ = self._run(number, own, States.after(own.before, hidden, cells))
            hidden[num_tokens + tokens] = found[steps, rows]
        return hidden

    def _by_stack(self, stretches: _Stretches) -> Iterator[tuple[_Stretches, Places, Places, Places]]:
        """Yield some of the stretches, longest first, with the step, the row and the number of each token."""
        used = np.flatnonzero(stretches.lengths)
        offsets = stretches.offsets
        for stack in self._stacks(stretches.lengths[used]):
            own = stretches.of(used[stack])
            steps, rows = np.nonzero(np.arange(int(own.lengths[0]))[:, None] < own.lengths)
            yield own, steps, rows, offsets[used[stack]][rows] + steps

    def _run(self, number: int, stretches: _Stretches, start: States | None) -> tuple[Array, Array]:
        """Run a direction; return (steps, rows, hidden) and (steps, parts, rows, units)."""
        direction = self._layer[number]
        padding = 0, self._tiling.padded(len(stretches.lengths)) - len(stretches.lengths)
        begins, lengths = np.pad(stretches.begins, padding), np.pad(stretches.lengths, padding)
        counts = running_counts(lengths)
        words = self._words[begins + np.minimum(np.arange(len(counts))[:, None], np.maximum(lengths - 1, 0))]
        parts, units = direction.cell_shape
        outputs = np.empty((*words.shape, direction.hidden_size), self._tiling.dtype)
        cells = np.empty((len(counts), parts, words.shape[1], units), self._tiling.dtype)
        direction.run(
            direction.from_words(self._projected[number], words),
            counts,
            outputs,
            is_backward=number == 1,
            start=None if start is None else start.padded(len(lengths)),
            cells=cells if start is None else None,
        )
        return outputs, cells

    def _pieces(self, states: Sequence[Array], lengths: Places) -> PieceStates:
        """Return the states of all directions, (steps, rows, hidden) each, with rows that pad a product."""
        num_steps, num_rows, size = states[0].shape
        lengths = np.pad(lengths, (0, self._tiling.padded(num_rows) - num_rows))
        outputs = np.zeros((num_steps, len(lengths), len(states) * size), self._tiling.dtype)
        for number, each in enumerate(states):
            outputs[:, :num_rows, number * size : (number + 1) * size] = each
        found = PieceStates(outputs, lengths, [self._tiling.padded(count) for count in running_counts(lengths)])
        outputs[found.is_over] = 0.0
        return found


def _where(has: NDArray[np.bool_], tokens: Places) -> Places:
    return np.where(has, tokens, -1)
