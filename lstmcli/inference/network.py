"""The forward pass of a saved network in numpy: token ids to logits. The modules in `models` say what it computes."""

import numpy as np
from numpy.typing import NDArray

from lstmcli.inference.pooling import POOLINGS, States
from lstmcli.kernels import KERNELS
from lstmcli.model_format import SavedModel

Array = NDArray[np.floating]
Parameters = dict[str, Array]

# A matrix product rounds a row differently by the rows beside it. In float32 that moves probabilities by up to 1e-6
# from one batch size to another (measured); in float64 by no digit that is ever printed.
COMPUTE_TYPE = np.float64


class Network:
    """Runs the network of `model` on padded batches. A row's logits do not depend on its neighbours or on padding."""

    def __init__(self, model: SavedModel) -> None:
        settings = model.network
        self._embedding = model.weights["embedding.weight"]
        weights: Parameters = {
            name: value.astype(COMPUTE_TYPE) for name, value in model.weights.items() if name != "embedding.weight"
        }
        self._output_weight, self._output_bias = weights["output.weight"], weights["output.bias"]
        self._kernel = KERNELS[settings.cell].forward
        self._pool = POOLINGS[settings.pooling]
        self._hidden_size = settings.hidden_size
        num_directions = 2 if settings.bidirectional else 1
        self._layers = [
            [_part(weights, f"recurrent.layers.{layer}.{direction}.") for direction in range(num_directions)]
            for layer in range(settings.layers)
        ]
        self._pooling_weights = _part(weights, "pooling.")

    def logits(self, token_ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> Array:
        """Return (batch, labels).

        Args:
            token_ids: (batch, time), padding at the end.
            lengths: (batch,), from 1 to time.
        """
        # Each distinct word is projected once, however often the batch repeats it.
        words, position = np.unique(token_ids, return_inverse=True)
        position = position.reshape(token_ids.shape)
        vectors = self._embedding[words].astype(COMPUTE_TYPE)
        reverse = _reverse_index(lengths, token_ids.shape[1])
        is_real = np.arange(token_ids.shape[1]) < lengths[:, None]
        outputs = self._layer(self._layers[0], vectors, position, reverse, is_real)
        for directions in self._layers[1:]:
            flat = outputs.reshape(-1, outputs.shape[2])
            everywhere = np.arange(len(flat)).reshape(token_ids.shape)
            outputs = self._layer(directions, flat, everywhere, reverse, is_real)
        pooled = self._pool(States(outputs, lengths, is_real, self._hidden_size), self._pooling_weights)
        return np.asarray(pooled @ self._output_weight.T + self._output_bias)

    def _layer(
        self,
        directions: list[Parameters],
        vectors: Array,
        position: NDArray[np.int64],
        reverse: NDArray[np.int64],
        is_real: NDArray[np.bool_],
    ) -> Array:
        """Run one layer on `vectors[position]`, (batch, time, input), and return (batch, time, width), 0 at padding."""
        outputs = []
        for number, weights in enumerate(directions):
            projected = vectors @ weights["weight_input"].T
            if "bias" in weights:
                projected += weights["bias"]
            if number == 0:
                outputs.append(self._kernel(projected[position], weights))
            else:
                rows = np.arange(len(position))[:, None]
                turned = self._kernel(projected[position[rows, reverse]], weights)
                outputs.append(turned[rows, reverse])
        return np.concatenate(outputs, axis=2) * is_real[..., None]


def _reverse_index(lengths: NDArray[np.int64], time: int) -> NDArray[np.int64]:
    """Return (batch, time): for each position the one that takes its place when the real part is turned round."""
    positions = np.arange(time)
    return np.where(positions < lengths[:, None], lengths[:, None] - 1 - positions, positions)


def _part(weights: Parameters, prefix: str) -> Parameters:
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
