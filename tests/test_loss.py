"""The losses, against what their formulas give by hand."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from lstmcli.training.loss import make_loss

TARGETS = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], dtype=bool)
LOGITS = torch.tensor([[0.3, -0.2], [1.0, 0.5], [-0.4, 0.1], [0.2, 0.9]])


def test_losses_without_weights_are_the_mean_cross_entropies() -> None:
    targets = torch.from_numpy(TARGETS).float()
    assert_close(make_loss(TARGETS, "single", "none")(LOGITS, targets), F.cross_entropy(LOGITS, targets.argmax(1)))
    by_hand = -(targets * LOGITS.sigmoid().log() + (1 - targets) * (1 - LOGITS.sigmoid()).log()).mean()
    assert_close(make_loss(TARGETS, "multi", "none")(LOGITS, targets), by_hand)


@pytest.mark.parametrize(("name", "ratio"), [("balanced", 3.0), ("sqrt", math.sqrt(3.0))])
def test_class_weights_lift_the_rare_label(name: str, ratio: float) -> None:
    targets = torch.from_numpy(TARGETS).float()
    row_losses = F.cross_entropy(LOGITS, targets.argmax(1), reduction="none")
    weights = torch.tensor([1.0, 1.0, 1.0, ratio])
    expected = (weights * row_losses).sum() / weights.sum()
    assert_close(make_loss(TARGETS, "single", name)(LOGITS, targets), expected)

    losses = F.binary_cross_entropy_with_logits(LOGITS, targets, reduction="none")
    positive = torch.tensor([1 / ratio, ratio])  # three of four rows have label 0, one has label 1
    expected = torch.where(targets.bool(), positive * losses, losses).mean()
    assert_close(make_loss(TARGETS, "multi", name)(LOGITS, targets), expected)
