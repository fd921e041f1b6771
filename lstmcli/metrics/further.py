"""Further scores of a system: those that allow for chance, and AUC."""

from collections.abc import Sequence
from dataclasses import dataclass

from lstmcli.config.model_settings import LabelKind
from lstmcli.metrics.chance_agreement import agreement_of_labels, agreement_per_label, mean_over_labels, part_sums
from lstmcli.metrics.estimates import Estimate, defined_estimates
from lstmcli.metrics.ranking import auc_from_sums
from lstmcli.metrics.scores import Floats

OF_SINGLE = ("kappa", "mcc", "balanced_accuracy")
OF_EACH_LABEL = ("auc", "balanced_accuracy", "mcc", "specificity")
MACRO = tuple(f"macro_{score}" for score in OF_EACH_LABEL)

FURTHER_SCORES: dict[LabelKind, tuple[str, ...]] = {"single": OF_SINGLE, "multi": MACRO, "traits": MACRO}


@dataclass(frozen=True)
class FurtherLabelScores:
    """Further scores of one label; None where one is not defined, such as AUC where all rows have the label."""

    label: str
    auc: Estimate | None
    balanced_accuracy: Estimate | None
    mcc: Estimate | None
    specificity: Estimate | None


@dataclass(frozen=True)
class FurtherScores:
    """Further scores of one system: of all rows by name, see FURTHER_SCORES, and of each label, unless rows have one.

    Those that begin with "macro_" are means over the labels for which the score is defined.
    """

    scores: dict[str, Estimate | None]
    labels: list[FurtherLabelScores]


@dataclass(frozen=True)
class Sums:
    """Statistics added up over all rows, (1, columns), and over each resample, (samples, columns)."""

    point: Floats
    samples: Floats


def further_scores(
    names: Sequence[str], kind: LabelKind, decided: Sums, ranked: Sums | None, confidence: float
) -> FurtherScores:
    """Return the further scores of a system.

    Args:
        names: of the labels.
        kind: of the labels.
        decided: of `row_statistics`.
        ranked: of `ranking_statistics`; not needed for "single".
        confidence: of the intervals.
    """
    parts = [part_sums(sums, len(names)) for sums in (decided.point, decided.samples)]
    if kind == "single" or ranked is None:
        point, samples = (agreement_of_labels(*each) for each in parts)
        return FurtherScores({score: _estimate(point[score], samples[score], confidence) for score in OF_SINGLE}, [])
    point, samples = (
        {"auc": auc_from_sums(sums, ranked.point), **agreement_per_label(*each)}
        for sums, each in zip((ranked.point, ranked.samples), parts, strict=True)
    )
    of_labels = [defined_estimates(point[score][0], samples[score], confidence) for score in OF_EACH_LABEL]
    macro = {
        name: _estimate(mean_over_labels(point[score]), mean_over_labels(samples[score]), confidence)
        for name, score in zip(MACRO, OF_EACH_LABEL, strict=True)
    }
    return FurtherScores(macro, [FurtherLabelScores(*row) for row in zip(names, *of_labels, strict=True)])


def _estimate(point: Floats, samples: Floats, confidence: float) -> Estimate | None:
    return defined_estimates(point, samples[:, None], confidence)[0]
