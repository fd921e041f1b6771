"""What training minimises: softmax cross-entropy for one label per text, sigmoid cross-entropy otherwise.

Ordered labels have a sigmoid for each step from one label to the next, with targets that say whether it is taken.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lstmcli.config.model_settings import OutputKind

Loss = Callable[[Tensor, Tensor], Tensor]


def make_loss(
    targets: NDArray[np.bool_ | np.float32],
    kind: OutputKind,
    class_weights: str,
    row_weights: NDArray[np.float64] | None = None,
) -> Loss:
    """Return a function that computes the mean loss, in nats, of logits (batch, labels) and targets (batch, labels).

    Targets range from 0 to 1.

    Args:
        targets: (texts, labels) of the training rows, from which the class weights are computed.
        kind: softmax for "single", sigmoids otherwise.
        class_weights: "none"; "balanced", weights inversely proportional to the frequency of a label; "sqrt", the
            square root of those. With sigmoids, only positive rows are weighted, by the number of negative rows per
            positive row; rows with ordered labels are weighted by their label.
        row_weights: (texts,); None: all count as one. Otherwise the targets of a batch have one more column, see
            `with_weights`.
    """
    if kind == "ordered":
        return _ordered_loss(targets, class_weights, row_weights)
    weights = _OnDevice(_weights(targets, kind, class_weights, row_weights))
    is_soft = targets.dtype != np.bool_
    if row_weights is not None:
        return _weighted_loss(targets, kind, weights, row_weights)
    if kind == "single":

        def softmax_loss(logits: Tensor, batch_targets: Tensor) -> Tensor:
            labels = batch_targets if is_soft else batch_targets.argmax(dim=1)
            return F.cross_entropy(logits, labels, weight=weights.on(logits.device))

        return softmax_loss

    def sigmoid_loss(logits: Tensor, batch_targets: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits, batch_targets, pos_weight=weights.on(logits.device))

    return sigmoid_loss


def with_weights(targets: NDArray[Any], row_weights: NDArray[np.float64] | None) -> NDArray[Any]:
    """Return the targets (texts, outputs) as batches have them: with one more column if rows have weights."""
    return targets if row_weights is None else np.column_stack([targets, row_weights]).astype(np.float32)


def _weighted_loss(
    targets: NDArray[np.bool_ | np.float32], kind: OutputKind, weights: "_OnDevice", row_weights: NDArray[np.float64]
) -> Loss:
    """Return the loss with weights of rows in the last column of the targets of a batch.

    It is divided by the weight that so many rows have on average over all training rows, not by that of the batch:
    otherwise a light row would count more in a batch of light rows than beside a heavy one.
    """
    is_soft, on_cpu = targets.dtype != np.bool_, weights.on(torch.device("cpu"))
    if kind == "single" and not is_soft and on_cpu is not None:
        counted = on_cpu.numpy().astype(np.float64)[targets.argmax(axis=1)]  # class weights divide the loss, too
    else:
        counted = np.ones(len(targets))
    scale = float(counted.sum() / (row_weights @ counted))

    def softmax_loss(logits: Tensor, batch_targets: Tensor) -> Tensor:
        own, of_rows = batch_targets[:, :-1], batch_targets[:, -1] * scale
        labels, of_labels = own if is_soft else own.argmax(dim=1), weights.on(logits.device)
        losses = F.cross_entropy(logits, labels, weight=of_labels, reduction="none")
        divisor = len(losses) if is_soft or of_labels is None else of_labels[labels].sum()
        return (of_rows * losses).sum() / divisor

    def sigmoid_loss(logits: Tensor, batch_targets: Tensor) -> Tensor:
        own, of_rows = batch_targets[:, :-1], batch_targets[:, -1:] * scale
        return F.binary_cross_entropy_with_logits(logits, own, of_rows, pos_weight=weights.on(logits.device))

    return softmax_loss if kind == "single" else sigmoid_loss


def _ordered_loss(
    targets: NDArray[np.bool_ | np.float32], class_weights: str, row_weights: NDArray[np.float64] | None
) -> Loss:
    classes = _of_classes(torch.from_numpy(targets)).numpy()
    weights = _OnDevice(_weights(classes, "single", class_weights, row_weights))
    if row_weights is not None:
        return _weighted_ordered_loss(classes, weights, row_weights)

    def cumulative_loss(logits: Tensor, batch_targets: Tensor) -> Tensor:
        of_classes = weights.on(logits.device)
        if of_classes is None:
            return F.binary_cross_entropy_with_logits(logits, batch_targets)
        of_rows = _of_classes(batch_targets) @ of_classes
        losses = F.binary_cross_entropy_with_logits(logits, batch_targets, reduction="none").mean(dim=1)
        return (losses * of_rows).sum() / of_rows.sum()

    return cumulative_loss


def _weighted_ordered_loss(
    classes: NDArray[np.floating], weights: "_OnDevice", row_weights: NDArray[np.float64]
) -> Loss:
    """Return the loss of ordered labels with weights of rows; see `_weighted_loss`."""
    on_cpu = weights.on(torch.device("cpu"))
    counted = np.ones(len(classes)) if on_cpu is None else classes @ on_cpu.numpy().astype(np.float64)
    scale = float(counted.sum() / (row_weights @ counted))

    def cumulative_loss(logits: Tensor, batch_targets: Tensor) -> Tensor:
        own, of_rows = batch_targets[:, :-1], batch_targets[:, -1] * scale
        losses = F.binary_cross_entropy_with_logits(logits, own, reduction="none").mean(dim=1)
        of_classes = weights.on(logits.device)
        if of_classes is None:
            return (of_rows * losses).mean()
        of_labels = _of_classes(own) @ of_classes
        return (of_rows * of_labels * losses).sum() / of_labels.sum()

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


def _weights(
    targets: NDArray[np.bool_ | np.float32],
    kind: OutputKind,
    class_weights: str,
    row_weights: NDArray[np.float64] | None,
) -> Tensor | None:
    if class_weights == "none":
        return None
    counts = np.maximum(targets.sum(axis=0) if row_weights is None else row_weights @ targets, 1)
    num_rows = len(targets) if row_weights is None else row_weights.sum()
    weights = num_rows / (len(counts) * counts)
    if kind != "single":
        weights = np.maximum(num_rows - counts, 1) / counts
    if class_weights == "sqrt":
        weights = np.sqrt(weights)
    return torch.from_numpy(weights.astype(np.float32))
