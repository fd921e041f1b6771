"""The forward pass of a saved network in numpy, from token ids to logits. The modules in `models` document it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import ModelSettings
from lstmcli.data.sealed import RowGuard
from lstmcli.inference.batch_invariant import MAX_ROWS, RowProduct, choose_tiling, split_outputs
from lstmcli.inference.gaps import GapReader, Gaps
from lstmcli.inference.pooling import POOLINGS, PieceStates
from lstmcli.inference.recurrence import Direction, DirectionMatrices, running_counts
from lstmcli.inference.words import MAX_KEPT_BYTES, ProjectedWords
from lstmcli.kernels import KERNELS
from lstmcli.kernels.packing import chunk_lengths
from lstmcli.kernels.weights import Array, Weights

Ids = NDArray[np.int64]

# Maximum rows times steps of a stack: enough for large products, few enough to stay in the cache.
MAX_ROW_STEPS = 1 << 15


class Network:
    """Runs a saved network. The logits of a text do not depend on other texts, see `batch_invariant`."""

    def __init__(
        self,
        settings: ModelSettings,
        stored: Weights,
        *,
        max_kept_bytes: int = MAX_KEPT_BYTES,
        word_guard: RowGuard | None = None,
        most_rows: int = MAX_ROWS,
    ) -> None:
        """Prepare the `stored` weights.

        Args:
            settings: the shape of the network.
            stored: its weights by torch's names.
            max_kept_bytes: the most that cached input projections of words take.
            word_guard: checks rows of the word vectors before they are read.
            most_rows: that are multiplied at once, a multiple of MAX_ROWS.
        """
        kernel, size = KERNELS[settings.cell], settings.hidden_size
        self._hidden_size, self._chunk_tokens = size, settings.chunk_tokens
        layers = [
            [
                DirectionMatrices.from_model(_part(stored, f"recurrent.layers.{layer}.{direction}."), kernel, size)
                for direction in range(2 if settings.bidirectional else 1)
            ]
            for layer in range(settings.layers)
        ]
        products = [product for layer in layers for direction in layer for product in direction.products()]
        pooling, output = _part(stored, "pooling."), split_outputs(stored["output.weight"])
        products += [split_outputs(matrix) for matrix in pooling.values() if matrix.ndim == 2 and len(matrix) > 1]
        self._tiling = choose_tiling([*products, output], most_rows=most_rows)
        self._layers = [[Direction(each, kernel, size, self._tiling) for each in layer] for layer in layers]
        self._words = ProjectedWords(
            stored["embedding.weight"],
            [direction.project for direction in self._layers[0]],
            width=self._layers[0][0].width,
            dtype=self._tiling.dtype,
            max_bytes=max_kept_bytes,
            guard=word_guard,
        )
        self._pooling = POOLINGS[settings.pooling](pooling, size, self._tiling)
        self._output = RowProduct(output, self._tiling)
        self._output_bias = stored["output.bias"].astype(self._tiling.dtype)

    @property
    def most_rows(self) -> int:
        """The number of texts that are best read together."""
        return self._tiling.most_rows

    def logits(self, token_ids: NDArray[np.integer], lengths: NDArray[np.int64]) -> Array:
        """Return (texts, labels).

        Args:
            token_ids: (tokens,), text after text.
            lengths: (texts,), in tokens, at least 1.
        """
        projected, index = self._words.look_up(token_ids)
        pieces = chunk_lengths(lengths, self._chunk_tokens)
        starts = np.cumsum(pieces) - pieces
        numbers: Array | None = None
        for rows in self._stacks(pieces):
            found = self._of_pieces(projected, index, starts[rows], pieces[rows])
            if numbers is None:
                numbers = np.empty((len(pieces), found.shape[1]), found.dtype)
            numbers[rows] = found
        assert numbers is not None  # there is a text
        first_pieces = np.searchsorted(starts, np.cumsum(lengths) - lengths)
        pooled = self._pooling.of_texts(numbers, first_pieces)
        return self._of_pooled(pooled)

    def reads_gaps(self, lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether `logits_with_gaps` takes texts of these lengths."""
        is_one_piece = lengths <= (self._chunk_tokens or lengths.max(initial=0))
        return np.asarray(is_one_piece & (len(self._layers) == 1))

    def logits_with_gaps(self, token_ids: NDArray[np.integer], lengths: NDArray[np.int64], gaps: Gaps) -> Array:
        """Return the logits of texts without some of their tokens, (gaps, labels), of which some must be left.

        Args:
            token_ids: (tokens,), text after text.
            lengths: (texts,), in tokens, at least 1, none longer than a piece.
            gaps: what is left out.
        """
        projected, index = self._words.look_up(token_ids)
        reader = GapReader(self._layers[0], projected, index, tiling=self._tiling, stacks=self._stacks)
        left = reader.read(lengths, gaps)
        numbers: Array | None = None
        for rows in self._stacks(lengths[gaps.texts] - (gaps.ends - gaps.starts)):
            found = self._pooling.of_pieces(left(rows))[: len(rows)]
            if numbers is None:
                numbers = np.empty((len(gaps.texts), found.shape[1]), found.dtype)
            numbers[rows] = found
        assert numbers is not None  # there is a gap
        return self._of_pooled(self._pooling.of_texts(numbers, np.arange(len(numbers))))

    def _of_pooled(self, pooled: Array) -> Array:
        return np.asarray(self._output.of_all(pooled)[:, : len(self._output_bias)] + self._output_bias)

    def _stacks(self, lengths: Ids) -> Iterator[Ids]:
        """Yield stacks of pieces of similar length, longest first. Stacks are of similar size."""
        by_length = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(lengths):
            most = min(self._tiling.most_rows, self._tiling.padded(MAX_ROW_STEPS // int(lengths[by_length[start]]) + 1))
            num_left = len(lengths) - start
            rows = self._tiling.padded(-(-num_left // -(-num_left // most)))
            yield by_length[start : start + rows]
            start += rows

    def _of_pieces(self, projected: list[Array], index: Ids, starts: Ids, lengths: Ids) -> Array:
        """Return the pooling summaries of these pieces, longest first, (pieces, numbers)."""
        num_pieces, size = len(lengths), self._hidden_size
        padding = 0, self._tiling.padded(num_pieces) - num_pieces
        starts, lengths = np.pad(starts, padding), np.pad(lengths, padding)
        counts = running_counts(lengths)
        words = index[starts + np.minimum(np.arange(len(counts))[:, None], np.maximum(lengths - 1, 0))]
        states: Array | None = None
        for layer in self._layers:
            outputs = np.empty((*words.shape, len(layer) * size), self._tiling.dtype)
            for number, direction in enumerate(layer):
                read = (
                    direction.from_words(projected[number], words) if states is None else direction.from_states(states)
                )
                direction.run(read, counts, outputs[..., number * size :][..., :size], is_backward=number == 1)
            states = outputs
        assert states is not None  # there is a layer
        padded_counts = [self._tiling.padded(count) for count in counts]
        return self._pooling.of_pieces(PieceStates(states, lengths, padded_counts))[:num_pieces]


def _part(weights: Weights, prefix: str) -> Weights:
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
