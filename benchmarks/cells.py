"""One layer, forward and backward: the kernels compared with `nn.LSTM` and with a loop over steps."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from benchmarks.corpora import word_ids
from benchmarks.timing import in_turn, layer_operations, milliseconds, product_rate, ratio, table
from lstmcli.config.settings import EngineName
from lstmcli.models.recurrent import Recurrent

SHAPES = ((64, 20, 300, 128), (32, 20, 100, 128))
BASE = "nn.LSTM, equal lengths"


def _ours(
    cell: str, inputs: Tensor, index: Tensor | None, lengths: Tensor, hidden: int, engine: EngineName
) -> Callable[[], None]:
    layer = Recurrent(cell, inputs.shape[-1], hidden, layers=1, bidirectional=False, dropout=0.0, engine=engine)
    vectors = inputs.clone().requires_grad_()

    def run() -> None:
        layer(vectors, index, lengths).states.sum().backward()

    return run


def _torch(inputs: Tensor, hidden: int, *, lengths: Tensor | None = None) -> Callable[[], None]:
    layer = nn.LSTM(inputs.shape[-1], hidden, batch_first=True)
    batch = inputs.clone().requires_grad_()

    def run() -> None:
        if lengths is None:
            layer(batch)[0].sum().backward()
        else:
            packed = pack_padded_sequence(batch, lengths, batch_first=True, enforce_sorted=False)
            layer(packed)[0].data.sum().backward()

    return run


def equal_lengths() -> None:
    """Texts of equal length, the best case for torch's layer, which uses oneDNN."""
    rate = product_rate()
    for batch, time, size, hidden in SHAPES:
        generator = np.random.default_rng(0)
        inputs = torch.randn(batch, time, size)
        flat, lengths = inputs.flatten(0, 1), torch.full((batch,), time)
        words, index = np.unique(word_ids(batch * time, 20_000, generator), return_inverse=True)
        vectors, positions = torch.randn(len(words), size), torch.from_numpy(index)
        candidates = {BASE: _torch(inputs, hidden)}
        bounds = {BASE: layer_operations(batch * time, batch * time, size, hidden, 4)}
        for cell, gates in (("lstm", 4), ("peephole", 4.25), ("rnn", 1)):
            name = f"{cell}, kernels, distinct inputs"
            candidates[name] = _ours(cell, flat, None, lengths, hidden, "kernels")
            bounds[name] = layer_operations(batch * time, batch * time, size, hidden, gates)
            name = f"{cell}, kernels, words of a text"
            candidates[name] = _ours(cell, vectors, positions, lengths, hidden, "kernels")
            bounds[name] = layer_operations(len(words), batch * time, size, hidden, gates)
        for cell in ("lstm", "peephole", "rnn"):
            candidates[f"{cell}, loop over steps"] = _ours(cell, flat, None, lengths, hidden, "reference")
        times = in_turn(candidates, rounds=15)
        rows = []
        for name, found in times.items():
            bound = f"{min(found) * rate / bounds[name]:.2f}" if name in bounds else ""
            rows.append([name, milliseconds(found), ratio(times, name, BASE), bound])
        title = f"One layer, forward and backward: {batch} texts of {time} words, input {size}, hidden {hidden}"
        table(title, ["path", "ms", f"time / {BASE}", "time / arithmetic bound"], rows)


def ragged() -> None:
    """Texts of different lengths: short texts and essays."""
    for batch, low, high, size, hidden, rounds in ((64, 5, 35, 300, 128, 9), (32, 100, 700, 300, 128, 3)):
        lengths = torch.from_numpy(np.random.default_rng(0).integers(low, high + 1, batch))
        inputs = torch.randn(batch, int(lengths.max()), size)
        flat = inputs[torch.arange(inputs.shape[1]) < lengths[:, None]]
        candidates = {
            "kernels, lstm": _ours("lstm", flat, None, lengths, hidden, "kernels"),
            "kernels, peephole": _ours("peephole", flat, None, lengths, hidden, "kernels"),
            "nn.LSTM, padded": _torch(inputs, hidden),
            "nn.LSTM, packed": _torch(inputs, hidden, lengths=lengths),
        }
        times = in_turn(candidates, rounds=rounds)
        rows = [[name, milliseconds(found), ratio(times, name, "kernels, lstm")] for name, found in times.items()]
        title = (
            f"One layer, forward and backward: {batch} texts of {low} to {high} words, input {size}, hidden {hidden}"
        )
        table(title, ["path", "ms", "time / kernels, lstm"], rows)
