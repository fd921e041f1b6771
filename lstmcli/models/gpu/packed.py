"""Recurrent layers by cuDNN, over texts of different lengths without padding."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lstmcli.kernels import Packing
from lstmcli.models.cells import Cell, LstmCell, RnnCell
from lstmcli.models.devices import to_device

# The functions of torch, and cuDNN's names of what they compute.
FUNCTIONS: dict[type[Cell], tuple[Any, str]] = {LstmCell: (torch.lstm, "LSTM"), RnnCell: (torch.rnn_tanh, "RNN_TANH")}


class PackedTexts:
    """The order in which cuDNN takes the tokens of texts: all first tokens, longest text first, then all second ones.

    Attributes:
        batch_sizes: (steps,), on the CPU, how many texts have each step.
        tokens: the token of each place, numbered text after text.
        places: the place of each token.
    """

    def __init__(self, lengths: Tensor, device: torch.device) -> None:
        """Pack texts of `lengths`, on the CPU."""
        packing = Packing.from_lengths(lengths.numpy(), num_directions=1)
        self.batch_sizes = torch.from_numpy(np.diff(packing.offsets))
        places = np.empty_like(packing.tokens[0])
        places[packing.tokens[0]] = np.arange(len(places))
        self.tokens, self.places = to_device(torch.from_numpy(np.stack([packing.tokens[0], places])), device)


def packed_layer(directions: nn.ModuleList, vectors: Tensor, index: Tensor | None, texts: PackedTexts) -> Tensor:
    """Run one recurrent layer of a cell that cuDNN has; on a CPU, torch's own.

    Args:
        directions: the cells.
        vectors: (rows, input).
        index: (tokens,), the row of each token, text after text; None: token n has row n.
        texts: of the batch.

    Returns:
        (tokens, directions * hidden), text after text.
    """
    first: Cell = directions[0]  # type: ignore[assignment]
    function, _ = FUNCTIONS[type(first)]
    if index is None:
        inputs = vectors.index_select(0, texts.tokens)
    else:  # whose backward pass adds up the tokens of a row in the same order each time
        inputs = F.embedding(index.index_select(0, texts.tokens), vectors)
    state = vectors.new_zeros(len(directions), int(texts.batch_sizes[0]), first.hidden_size)
    outputs: Tensor = function(
        inputs,
        texts.batch_sizes,
        (state, state) if function is torch.lstm else state,
        _weights(directions),
        has_biases=first.has_bias,
        num_layers=1,
        dropout=0.0,
        train=directions.training,
        bidirectional=len(directions) == 2,
    )[0]
    return outputs.index_select(0, texts.places)


def _weights(directions: nn.ModuleList) -> list[Tensor]:
    """Return the weights in torch's order; on a GPU they are moved once to one piece of memory, as cuDNN wants them."""
    found: list[Tensor] | None = getattr(directions, "packed_weights", None)
    if found is not None:
        return found
    weights: list[Tensor] = []
    for cell in directions:
        named = dict(cell.named_parameters())
        weights += [named["weight_input"], named["weight_hidden"]]
        if "bias" in named:  # torch has two, which are only ever added
            weights += [named["bias"], torch.zeros_like(named["bias"], requires_grad=False)]
    if weights[0].is_cuda:
        _join(directions[0], weights, is_bidirectional=len(directions) == 2)  # type: ignore[arg-type]
    directions.packed_weights = weights  # type: ignore[assignment]
    return weights


def _join(cell: Cell, weights: list[Tensor], *, is_bidirectional: bool) -> None:
    _, name = FUNCTIONS[type(cell)]
    with torch.no_grad():
        torch._cudnn_rnn_flatten_weight(
            weights,
            4 if cell.has_bias else 2,
            cell.input_size,
            torch.backends.cudnn.rnn.get_cudnn_mode(name),  # type: ignore[no-untyped-call]
            cell.hidden_size,
            0,
            1,
            False,
            is_bidirectional,
        )
