"""What training minimises: softmax cross-entropy for one label per text, sigmoid cross-entropy otherwise.

Ordered labels have a sigmoid for each step from one label to the next, with targets that say whether it is taken.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lstmcli.config.model_settings import OutputKind

Loss = Callable[[Tensor, Tensor], Tensor]


def make_loss(targets: NDArray[np.bool_ | np.float32], kind: OutputKind, class_weights: str) -> Loss:
    """Return a function that computes the mean loss, in nats, of logits (batch, labels) and targets (batch, labels).

    Targets range from 0 to 1.

    Args:
        targets: (texts, labels) of the training rows, from which the class weights are computed.
        kind: softmax for "single", sigmoids otherwise.
        class_weights: "none"; "balanced", weights inversely proportional to the frequency of a label; "sqrt", the
            square root of those. With sigmoids, only positive rows are weighted, by the number of negative rows per
            positive row; rows with ordered labels are weighted by their label.
    """
    if kind == "ordered":
        return _ordered_loss(targets, class_weights)
    weights = _OnDevice(_weights(targets, kind, class_weights))
    is_soft = targets.dtype != np.bool_
    if kind == "single":

        def softmax_loss(logits: Tensor, batch_targets: Tensor) -> Tensor:
            labels = batch_targets if is_soft else batch_targets.argmax(dim=1)
            return F.cross_entropy(logits, labels, weight=weights.on(logits.device))

        return softmax_loss

    def sigmoid_loss(logits: Tensor, batch_targets: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits, batch_targets, pos_weight=weights.on(logits.device))

    return sigmoid_loss


def _ordered_loss(targets: NDArray[np.bool_ | np.float32], class_weights: str) -> Loss:
    weights = _OnDevice(_weights(_of_classes(torch.from_numpy(targets)).numpy(), "single", class_weights))

    def cumulative_loss(logits: Tensor, batch_targets: Tensor) -> Tensor:
        of_classes = weights.on(logits.device)
        if of_classes is None:
            return F.binary_cross_entropy_with_logits(logits, batch_targets)
        of_rows = _of_classes(batch_targets) @ of_classes
        losses = F.binary_cross_entropy_with_logits(logits, batch_targets, reduction="none").mean(dim=1)
        return (losses * of_rows).sum() / of_rows.sum()

    return cumulative_loss


def _of_classes(cumulative: Tensor) -> Tensor:
    """Return the probability of each label, (texts, labels), from that of those above each, (texts, labels - 1)."""
    return -torch.diff(F.pad(F.pad(cumulative.float(), (1, 0), value=1.0), (0, 1)), dim=1)


class _OnDevice:
    """A tensor that is moved to a device once, since each move waits for the device."""

    def __init__(self, tensor: Tensor | None) -> None:
        self._tensor = tensor

    def on(self, device: torch.device) -> Tensor | None:
        if self._tensor is not None and self._tensor.device != device:
            self._tensor = self._tensor.to(device)
        return self._tensor


def _weights(targets: NDArray[np.bool_ | np.float32], kind: OutputKind, class_weights: str) -> Tensor | None:
    if class_weights == "none":
        return None
    counts = np.maximum(targets.sum(axis=0), 1)
    if kind == "single":
        weights = len(targets) / (len(counts) * counts)
    else:
        weights = np.maximum(len(targets) - counts, 1) / counts
    if class_weights == "sqrt":
        weights = np.sqrt(weights)
    return torch.from_numpy(weights.astype(np.float32))
