"""The forward pass of a saved network in numpy: token ids to logits. The modules in `models` say what it computes."""

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import ModelSettings
from lstmcli.inference.pooling import POOLINGS, States
from lstmcli.kernels import KERNELS, CellWeights, Packing
from lstmcli.kernels.layer import layer_forward
from lstmcli.kernels.packing import chunk_lengths
from lstmcli.model_format import Weights

Array = NDArray[np.floating]
Parameters = dict[str, Array]

# A matrix product rounds a row differently by the rows beside it. In float32 that moves probabilities by up to 1e-6
# from one batch size to another (measured); in float64 by no digit that is ever printed.
COMPUTE_TYPE = np.float64


class Network:
    """Runs a network with `stored` weights. A row's logits do not depend on its neighbours."""

    def __init__(self, settings: ModelSettings, stored: Weights) -> None:
        self._embedding = stored["embedding.weight"]
        weights: Parameters = {
            name: value.astype(COMPUTE_TYPE) for name, value in stored.items() if name != "embedding.weight"
        }
        self._output_weight, self._output_bias = weights["output.weight"], weights["output.bias"]
        self._kernel = KERNELS[settings.cell]
        self._pool = POOLINGS[settings.pooling]
        self._hidden_size = settings.hidden_size
        self._chunk_tokens = settings.chunk_tokens
        self._num_directions = 2 if settings.bidirectional else 1
        self._layers = [
            [
                CellWeights.from_model(
                    _part(weights, f"recurrent.layers.{layer}.{direction}."), self._kernel.gate_order
                )
                for direction in range(self._num_directions)
            ]
            for layer in range(settings.layers)
        ]
        self._pooling_weights = _part(weights, "pooling.")

    def logits(self, token_ids: NDArray[np.integer], lengths: NDArray[np.int64]) -> Array:
        """Return (batch, labels).

        Args:
            token_ids: (tokens,), the texts of the batch end to end.
            lengths: (batch,), tokens of each text, at least 1.
        """
        pieces = chunk_lengths(lengths, self._chunk_tokens)
        packing = Packing.from_lengths(pieces, num_directions=self._num_directions)
        # Each distinct word is projected once, however often the batch repeats it.
        words, index = np.unique(token_ids, return_inverse=True)
        vectors = self._embedding[words].astype(COMPUTE_TYPE)
        outputs = layer_forward(vectors, index, self._layers[0], self._kernel, packing)
        for weights in self._layers[1:]:
            outputs = layer_forward(outputs, None, weights, self._kernel, packing)
        pooled = self._pool(States(outputs, lengths, self._hidden_size), self._pooling_weights)
        return np.asarray(pooled @ self._output_weight.T + self._output_bias)


def _part(weights: Parameters, prefix: str) -> Parameters:
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
