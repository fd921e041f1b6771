"""What is explained: the log odds of one label."""

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind

# The numbers of labels.
Labels = NDArray[np.int64]


def log_odds(logits: NDArray[np.float64], labels: Labels, kind: LabelKind) -> NDArray[np.float64]:
    """Return the log odds of one label for each text, (texts,).

    Where each label is decided on its own, they are its logit; where there is one label per text, its logit less the
    logarithm of the summed exponentials of all others.

    Args:
        logits: divided by the temperature, (texts, labels).
        labels: (texts,).
        kind: of the labels.
    """
    rows = np.arange(len(logits))
    own = logits[rows, labels]
    if kind != "single" or logits.shape[1] == 1:
        return own
    others = logits.copy()
    others[rows, labels] = -np.inf
    highest = others.max(axis=1)
    return np.asarray(own - highest - np.log(np.exp(others - highest[:, None]).sum(axis=1)))
