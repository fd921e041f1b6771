"""The part of `model.json` on ordered labels, checked value by value when it is read."""

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np

from lstmcli.config.model_settings import Measure
from lstmcli.corpus.label_set import LabelSet
from lstmcli.metrics.decisions import DecisionRule
from lstmcli.store.checks import numbers_in

MAX_CUT = 1e9


def order_to_dict(labels: LabelSet, rule: DecisionRule) -> dict[str, Any]:
    """Return whether labels are ordered, and for what they are chosen, as it is stored; nothing for other labels."""
    return ({"ordered": True} if labels.is_ordered else {}) | measure_to_dict(rule)


def measure_to_dict(rule: DecisionRule) -> dict[str, Any]:
    """Return what the predicted one of ordered labels is best for; nothing if it is the most probable one."""
    return {} if rule.measure == "accuracy" else {"measure": rule.measure, "cuts": list(rule.cuts)}


def in_order(labels: LabelSet) -> LabelSet:
    """Return the labels if they can be ordered as they say.

    Raises:
        ValueError: they can't.
    """
    if type(labels.is_ordered) is not bool:
        raise ValueError(f"ordered is {labels.is_ordered!r:.80}")
    if labels.is_ordered and (labels.kind != "single" or len(labels.names) < 2):
        raise ValueError("ordered: expected at least two labels, of which a text has one")
    return labels


def measure_from_dict(stored: Mapping[str, Any], labels: LabelSet) -> tuple[Measure, tuple[float, ...]]:
    """Read what `measure_to_dict` returned, which may be of unknown origin.

    Raises:
        ValueError, TypeError: a value is not what it should be.
    """
    measure, cuts = stored.get("measure", "accuracy"), stored.get("cuts", [])
    if measure not in (get_args(Measure) if labels.is_ordered else ("accuracy",)):
        raise ValueError(f"measure is {measure!r:.80}")
    num_cuts = len(labels.names) - 1 if measure == "qwk" else 0
    found = numbers_in(cuts, num_cuts, "cuts", (-MAX_CUT, MAX_CUT))
    if (np.diff(found) < 0.0).any():
        raise ValueError("cuts: expected ascending numbers")
    return measure, tuple(found.tolist())
