"""Turns the labels of rows into the targets of the network and of the n-gram model."""

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.examples import Examples
from lstmcli.corpus.label_set import LabelSet


def label_targets(examples: Examples, labels: LabelSet) -> NDArray[np.bool_]:
    """Return (rows, labels), True where the row has the label."""
    label_set_of_row, label_sets = examples.used_label_sets
    return labels.targets(label_sets)[label_set_of_row]


def training_targets(examples: Examples, labels: LabelSet, soft_share: float) -> NDArray[np.bool_ | np.float32]:
    """Return (rows, labels): booleans, or probabilities where the rows have some.

    Args:
        examples: training rows.
        labels: of the corpus.
        soft_share: weight of the probabilities in a row that also has labels, from 0 to 1.
    """
    own = label_targets(examples, labels)
    soft = examples.soft
    if soft is None:
        return own
    rows = examples.table["text"].to_numpy()
    values = np.zeros(own.shape, dtype=np.float32)
    values[:, [labels.names.index(name) for name in soft.names]] = soft.values[rows]
    if labels.kind == "single":
        sums = values.sum(axis=1, keepdims=True)
        values = np.where(sums > 0.0, values / np.where(sums > 0.0, sums, 1.0), np.nan)
    share = np.where(soft.has_own[rows], np.float32(soft_share), np.float32(1.0))[:, None]
    return np.where(np.isnan(values), own, share * values + (1.0 - share) * own).astype(np.float32)
