"""What is explained: the log odds of one label."""

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind


def log_odds(logits: NDArray[np.float64], label: int, kind: LabelKind) -> NDArray[np.float64]:
    """Return the log odds of a label, (texts,), from logits that are divided by the temperature, (texts, labels).

    Where each label is decided on its own, they are its logit; where there is one label per text, its logit less the
    logarithm of the summed exponentials of all others.
    """
    own: NDArray[np.float64] = logits[:, label]
    if kind != "single" or logits.shape[1] == 1:
        return own
    others = np.delete(logits, label, axis=1)
    highest = others.max(axis=1)
    return np.asarray(own - highest - np.log(np.exp(others - highest[:, None]).sum(axis=1)))
