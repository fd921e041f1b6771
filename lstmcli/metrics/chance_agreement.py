"""Scores that allow for chance: Cohen's kappa, Matthews correlation, balanced accuracy, specificity.

Like all scores, they are functions of sums over rows, here of how often each label was right, picked and actual. Where
a score is not defined, it is NaN here and None in results: 0 would mean "no better than chance".
"""

from collections.abc import Sequence

import numpy as np

from lstmcli.config.model_settings import LabelKind
from lstmcli.metrics.scores import Floats


def agreement_of_labels(right: Floats, picked: Floats, actual: Floats, num_rows: Floats) -> dict[str, Floats]:
    """Return the scores of rows with one label each, (samples,).

    "kappa" is (p - e) / (1 - e), where p is the share of right rows and e the share that would be right if labels were
    picked as often, but at random (Cohen 1960). "mcc" is the Matthews correlation for several classes (Gorodkin 2004).
    "balanced_accuracy" is the mean recall of the labels that occur, of which there must be two.

    Args:
        right: (samples, labels), rows with the label for which it was picked.
        picked: (samples, labels), rows for which the label was picked.
        actual: (samples, labels), rows that have the label.
        num_rows: (samples,). Rows without a picked label count as a label of their own, which no row has.
    """
    num_right, without = right.sum(axis=1), num_rows - picked.sum(axis=1)
    by_chance = (picked * actual).sum(axis=1)
    all_pairs = num_rows * num_rows
    spread = (all_pairs - (picked * picked).sum(axis=1) - without * without) * (
        all_pairs - (actual * actual).sum(axis=1)
    )
    occurs = actual > 0
    recalls = np.where(occurs, _quotient(right, actual), 0.0).sum(axis=1)
    num_occurring = occurs.sum(axis=1).astype(np.float64)
    return {
        "kappa": _quotient(num_rows * num_right - by_chance, all_pairs - by_chance),
        "mcc": _quotient(num_rows * num_right - by_chance, np.sqrt(spread)),
        "balanced_accuracy": np.where(num_occurring >= 2, _quotient(recalls, num_occurring), np.nan),
    }


def agreement_per_label(right: Floats, picked: Floats, actual: Floats, num_rows: Floats) -> dict[str, Floats]:
    """Return the scores of each label as a yes/no question, (samples, labels); arguments as above.

    "balanced_accuracy" is the mean of recall and specificity, the share of rows without the label for which it was not
    picked. It needs rows of both kinds; "mcc" also needs predictions of both kinds.
    """
    rows = num_rows[:, None]
    negative = rows - actual
    neither = negative - picked + right
    spread = picked * (rows - picked) * actual * negative
    specificity = _quotient(neither, negative)
    return {
        "balanced_accuracy": (_quotient(right, actual) + specificity) / 2,
        "mcc": _quotient(right * neither - (picked - right) * (actual - right), np.sqrt(spread)),
        "specificity": specificity,
    }


def chance_scores(sums: Floats, num_labels: int, kind: LabelKind) -> dict[str, Floats]:
    """Return the scores of a system, (samples,), from sums of `scores.row_statistics`, (samples, columns).

    Those of rows with one label each have their names; means over labels begin with "macro_".
    """
    parts = part_sums(sums, num_labels)
    if kind == "single":
        return agreement_of_labels(*parts)
    return {f"macro_{name}": mean_over_labels(values) for name, values in agreement_per_label(*parts).items()}


def mean_over_labels(values: Floats) -> Floats:
    """Return the mean of (samples, labels) over the labels for which the score is defined, (samples,)."""
    is_defined = ~np.isnan(values)
    return _quotient(np.where(is_defined, values, 0.0).sum(axis=1), is_defined.sum(axis=1).astype(np.float64))


def part_sums(sums: Floats, num_labels: int) -> Sequence[Floats]:
    """Return right, picked and actual, (samples, labels) each, and the number of rows, (samples,)."""
    right, picked, actual = (sums[:, part * num_labels : (part + 1) * num_labels] for part in range(3))
    return right, picked, actual, sums[:, -1]


def _quotient(numerator: Floats, denominator: Floats) -> Floats:
    """Divide, with NaN for a denominator that is not above 0."""
    undefined = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    return np.asarray(np.divide(numerator, denominator, out=undefined, where=denominator > 0))
