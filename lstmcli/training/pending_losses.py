"""Losses of updates that a GPU may not have computed yet."""

import torch
from torch import Tensor

# Updates between two looks at the losses. Looking waits for the GPU, which then has nothing to do until the next batch.
MOST_PENDING = 50


class PendingLosses:
    """Returns the losses of updates in their order, those on a GPU later and many at a time."""

    def __init__(self) -> None:
        self._pending: list[Tensor] = []

    @property
    def num_pending(self) -> int:
        """How many losses were added and not returned."""
        return len(self._pending)

    def add(self, loss: Tensor | float) -> list[float]:
        """Add the loss of an update, a number or a tensor without dimensions, and return what is to be returned now."""
        if not isinstance(loss, Tensor) or not loss.is_cuda:
            return [float(loss)]
        self._pending.append(loss)
        return self.settle() if len(self._pending) >= MOST_PENDING else []

    def settle(self) -> list[float]:
        """Return all losses that are pending."""
        pending, self._pending = self._pending, []
        losses: list[float] = torch.stack(pending).tolist() if pending else []
        return losses
