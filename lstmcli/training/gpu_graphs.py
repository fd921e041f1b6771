"""Whole updates as CUDA graphs: a GPU takes an update at once, instead of a hundred calls one by one."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lstmcli.models.classifier import Classifier
from lstmcli.models.gpu.layer import runs_fused
from lstmcli.training.batch import LabelledBatch
from lstmcli.training.classification import Classification
from lstmcli.training.gpu_batches import EvenBatch, Shape, even_steps, labelled_batch
from lstmcli.training.gpu_updates import GpuUpdater

# Graphs at a time. Each keeps the memory of its inputs, and all share the memory in which they compute.
MOST_GRAPHS = 100

# In longer batches the calls take less time than the work.
LONGEST = 128

# The most slots per token. Batches hold texts of similar length, so few have more.
MOST_SLOTS = 2.0


class _Graph:
    """An update of batches of one shape, which are copied to `memory`. `loss` is then that of the batch."""

    def __init__(self, memory: Tensor) -> None:
        self.memory = memory
        self.graph = torch.cuda.CUDAGraph()
        self.loss: Tensor


class GraphedUpdates:
    """Updates of a classifier. The first of each shape is computed by calls, and the second one is recorded.

    Both compute the same on the same shapes, so a resumed training, which records anew, has the same result.
    """

    def __init__(self, model: Classifier, objective: Classification, updater: GpuUpdater, device: torch.device) -> None:
        self._model = model
        self._objective = objective
        self._updater = updater
        self._device = device
        self._graphs: dict[Shape, _Graph | None] = {}
        self._stream: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool: Any = torch.cuda.graph_pool_handle()
        self._longest = min(LONGEST, model.recurrent.chunk_tokens or LONGEST)

    def fits(self, rows: NDArray[np.int64]) -> bool:
        """Return whether `update` takes a batch of these training texts."""
        lengths = self._objective.lengths[rows]
        longest = int(lengths.max())
        return longest <= self._longest and even_steps(longest) * len(rows) <= MOST_SLOTS * int(lengths.sum())

    def update(self, rows: NDArray[np.int64], learning_rate: float) -> Tensor:
        """Update all weights and their average, and return the loss, in nats, on the GPU."""
        batch = self._objective.even_batch(rows)
        self._updater.announce(learning_rate)
        if batch.shape not in self._graphs:
            if len(self._graphs) < MOST_GRAPHS:
                self._graphs[batch.shape] = None
            memory = batch.memory.to(self._device, non_blocking=True)
            return self._compute(labelled_batch(batch.shape, memory))
        graph = self._graphs[batch.shape]
        if graph is None:
            graph = self._graphs[batch.shape] = self._record(batch)
        graph.memory.copy_(batch.memory, non_blocking=True)
        graph.graph.replay()
        return graph.loss.clone()

    def _compute(self, batch: LabelledBatch) -> Tensor:
        self._updater.prepare(batch.words)
        loss = self._objective.backpropagate(self._model, batch)
        self._updater.apply()
        return loss

    def _record(self, batch: EvenBatch) -> _Graph:
        """Record an update, which computes nothing."""
        graph = _Graph(torch.empty_like(batch.memory, device=self._device))
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream), _no_garbage_collection():
            graph.graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
            try:
                graph.loss = self._compute(labelled_batch(batch.shape, graph.memory))
            finally:
                graph.graph.capture_end()
        torch.cuda.current_stream(self._device).wait_stream(self._stream)
        self._updater.forget_gradients()  # so that the next graph can use their memory
        return graph


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Freeing what another training has left on the GPU would end the recording."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def graphed_updates(model: nn.Module, objective: object, updater: object) -> GraphedUpdates | None:
    """Return updates as graphs, if that is possible: on a GPU, with the Triton kernels."""
    if not (
        isinstance(model, Classifier) and isinstance(objective, Classification) and isinstance(updater, GpuUpdater)
    ):
        return None
    device = model.embedding.weight.device
    cell: Any = model.recurrent.layers[0][0]  # type: ignore[index]
    if model.recurrent.engine == "reference" or not runs_fused(cell, device):
        return None
    return GraphedUpdates(model, objective, updater, device)
