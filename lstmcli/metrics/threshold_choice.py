"""The thresholds that `decision.thresholds` asks for, tuned on validation rows, and where each comes from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.config.thresholds import ThresholdSetting, choices_by_label
from lstmcli.metrics.decisions import SET_BY_HAND, DecisionRule
from lstmcli.metrics.jaccard_thresholds import SHRINKAGE_ROWS as JACCARD_ROWS
from lstmcli.metrics.jaccard_thresholds import jaccard_thresholds
from lstmcli.metrics.least_thresholds import precision_threshold, recall_threshold
from lstmcli.metrics.share_thresholds import share_threshold
from lstmcli.metrics.thresholds import SHRINKAGE_ROWS as F1_ROWS
from lstmcli.metrics.thresholds import f1_thresholds

Floats = NDArray[np.float64]

ONE_HALF = "one half"

# What "auto" stands for; where answers are those of groups, `FOR_GROUPS`.
AUTO: dict[LabelKind, str] = {"single": "half", "multi": "f1", "traits": "half"}
FOR_GROUPS = "share"

# No probability reaches it but that of a model without any doubt.
NEVER = 1.0


@dataclass(frozen=True)
class ChosenThresholds:
    """Thresholds with where each comes from, in words, (labels,) each, and notes on those that could not be had."""

    values: Floats
    origins: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass
class _Rows:
    """Validation rows, and the thresholds that are tuned for all labels at once, each only when it is first needed."""

    probabilities: Floats
    targets: NDArray[np.bool_]
    at_least_one: bool
    names: Sequence[str]
    tuned: dict[str, Floats] = field(default_factory=dict)
    short: dict[str, list[str]] = field(default_factory=dict)

    def of_all(self, goal: str) -> Floats:
        if goal not in self.tuned:
            if goal == "f1":
                self.tuned[goal] = f1_thresholds(self.probabilities, self.targets)
            else:
                self.tuned[goal] = jaccard_thresholds(self.probabilities, self.targets, at_least_one=self.at_least_one)
        return self.tuned[goal]


Choose = Callable[[_Rows, int, float], tuple[float, str]]


def choose_thresholds(
    setting: ThresholdSetting,
    probabilities: Floats,
    targets: NDArray[np.bool_],
    names: Sequence[str],
    kind: LabelKind,
    *,
    at_least_one: bool = False,
    auto: str | None = None,
) -> ChosenThresholds:
    """Return a threshold for each label.

    Args:
        setting: what to choose them for.
        probabilities: (validation rows, labels).
        targets: (validation rows, labels).
        names: of the labels.
        kind: of the labels, not "single".
        at_least_one: as in `DecisionRule`.
        auto: what "auto" stands for; None: see AUTO.
    """
    rows = _Rows(probabilities, targets, at_least_one, names)
    found = []
    for label, choice in enumerate(choices_by_label(setting, names)):
        goal = auto or AUTO[kind] if choice.goal == "auto" else choice.goal
        found.append(_CHOOSERS[goal](rows, label, choice.value))
    values, origins = zip(*found, strict=True)
    return ChosenThresholds(np.array(values, dtype=np.float64), origins, tuple(_notes(rows.short)))


def choose_rule(
    setting: ThresholdSetting,
    probabilities: Floats,
    targets: NDArray[np.bool_],
    names: Sequence[str],
    kind: LabelKind,
    *,
    is_labelled: bool,
    auto: str | None = None,
) -> tuple[DecisionRule, tuple[str, ...]]:
    """Return the rule with the thresholds of `choose_thresholds`, and notes on them; other arguments as there.

    If every training text has a label (`is_labelled`), predicting none is always wrong, where a text may have several.
    """
    at_least_one = kind == "multi" and is_labelled and allows_closest(setting, names)
    chosen = choose_thresholds(setting, probabilities, targets, names, kind, at_least_one=at_least_one, auto=auto)
    return DecisionRule(kind, chosen.values, at_least_one, chosen.origins), chosen.notes


def allows_closest(setting: ThresholdSetting, names: Sequence[str]) -> bool:
    """Return whether a text without a label above its threshold may get the closest one.

    A threshold that was set by hand, or that promises a precision or recall, is never passed over.
    """
    return not any(choice.goal in _PROMISES for choice in choices_by_label(setting, names))


def _tuned(goal: str, title: str, few: float) -> Choose:
    def choose(rows: _Rows, label: int, _: float) -> tuple[float, str]:
        count = int(rows.targets[:, label].sum())
        return float(rows.of_all(goal)[label]), f"{title}, mostly common" if count < few else title

    return choose


def _half(_rows: _Rows, _label: int, _: float) -> tuple[float, str]:
    return 0.5, ONE_HALF


def _share(rows: _Rows, label: int, _: float) -> tuple[float, str]:
    return share_threshold(rows.probabilities[:, label], rows.targets[:, label]), "share of the label"


def _number(_rows: _Rows, _label: int, value: float) -> tuple[float, str]:
    return value, SET_BY_HAND


def _precision(rows: _Rows, label: int, least: float) -> tuple[float, str]:
    threshold = precision_threshold(rows.probabilities[:, label], rows.targets[:, label], least)
    if threshold is not None:
        return threshold, f"precision {least:g}"
    rows.short.setdefault(f"precision {least:g} is not reached by any threshold; never predicted", []).append(
        rows.names[label]
    )
    return NEVER, f"precision {least:g} not reached"


def _recall(rows: _Rows, label: int, least: float) -> tuple[float, str]:
    threshold = recall_threshold(rows.probabilities[:, label], rows.targets[:, label], least)
    if threshold is not None:
        return threshold, f"recall {least:g}"
    rows.short.setdefault(
        f"too few validation rows for recall {least:g}; threshold from the rows of all labels together", []
    ).append(rows.names[label])
    together = recall_threshold(rows.probabilities.ravel(), rows.targets.ravel(), least)
    if together is None:
        positive = rows.probabilities[rows.targets]
        together = float(positive.min()) if len(positive) else 0.5
    return together, f"recall {least:g}, common"


def _notes(short: dict[str, list[str]]) -> list[str]:
    """Return a sentence for each shortcoming, with the first labels that it concerns."""
    notes = []
    for problem, names in short.items():
        more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
        notes.append(f"decision.thresholds: {problem}: {', '.join(names[:MAX_NAMES])}{more}.")
    return notes


MAX_NAMES = 10

_PROMISES = ("number", "precision", "recall")

_CHOOSERS: dict[str, Choose] = {
    "f1": _tuned("f1", "F1", F1_ROWS),
    "jaccard": _tuned("jaccard", "Jaccard", JACCARD_ROWS),
    "half": _half,
    "share": _share,
    "number": _number,
    "precision": _precision,
    "recall": _recall,
}
