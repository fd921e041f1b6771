"""What is explained: the log odds of one label, or one score in its own unit."""

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import OutputKind
from lstmcli.metrics.ordinal import class_log_odds, output_weights
from lstmcli.metrics.score_outputs import ScoreOutputs

# The numbers of labels.
Labels = NDArray[np.int64]


def log_odds(logits: NDArray[np.float64], labels: Labels, kind: OutputKind) -> NDArray[np.float64]:
    """Return the log odds of one label for each text, (texts,).

    Where each label is decided on its own, they are its logit; where there is one label per text, its logit less the
    logarithm of the summed exponentials of all others. Of scores, the "logits" are the scores, and returned as
    they are.

    Args:
        logits: divided by the temperature, (texts, outputs).
        labels: (texts,).
        kind: of the logits.
    """
    if kind == "ordered":
        return class_log_odds(logits, labels)
    rows = np.arange(len(logits))
    own = logits[rows, labels]
    if kind != "single" or logits.shape[1] == 1:
        return own
    others = logits.copy()
    others[rows, labels] = -np.inf
    highest = others.max(axis=1)
    return np.asarray(own - highest - np.log(np.exp(others - highest[:, None]).sum(axis=1)))


def explained_outputs(logits: NDArray[np.float64], label: int, kind: OutputKind) -> list[tuple[int, float]]:
    """Return the outputs that stand for a label of one text, each with its weight, for methods that divide outputs.

    That is the logit of the label; where labels are ordered, those outputs on which its log odds depend, with the slope
    of the log odds at the outputs of this text.

    Args:
        logits: divided by the temperature, (outputs,).
        label: its number.
        kind: of the logits.
    """
    if kind != "ordered":
        return [(label, 1.0)]
    weights = output_weights(logits, label)
    return [(output, float(weights[output])) for output in np.flatnonzero(weights).tolist()] or [(0, 0.0)]


def unusual_scores(values: NDArray[np.float64], scores: ScoreOutputs) -> Labels:
    """Return the score of each text, (texts,), that is furthest from its mean in the training rows.

    Distances are in standard deviations of these rows, since scores may have different units.
    """
    return np.asarray(np.abs((values - scores.means) / scores.deviations).argmax(axis=1))


def in_unit_of_score(scores: ScoreOutputs | None, part: str, output: float, label: int) -> float:
    """Return what an output of the "network" or the "ngrams" adds to a score; a logit stays as it is."""
    if scores is None:
        return output
    weights = scores.network_weights if part == "network" else scores.ngram_weights
    return float(scores.deviations[label] * weights[label] * output)
