"""Scores the same predictions with labels merged into larger groups."""

from dataclasses import replace

from lstmcli.config.settings import EvaluationSettings
from lstmcli.corpus.label_map import MappedLabels, read_label_maps
from lstmcli.corpus.label_set import LabelSet
from lstmcli.metrics.evaluation import System, evaluate
from lstmcli.recipes.evaluation.wanted import Extras
from lstmcli.recipes.score import ScoredRows


def check_maps(extras: Extras, labels: LabelSet) -> None:
    """Check that each map exists and has all labels of the model.

    Raises:
        LstmcliError: it doesn't.
    """
    for label_map in read_label_maps(extras.maps):
        label_map.of(labels)


def with_levels(extras: Extras, scored: ScoredRows, evaluation: EvaluationSettings) -> ScoredRows:
    """Return the rows with an evaluation for each map; see `check_maps` for errors."""
    levels = []
    for label_map in read_label_maps(extras.maps):
        mapped = label_map.of(scored.labels)
        found = evaluate(
            f"{scored.evaluation.name}, labels mapped by {label_map.name}",
            [_mapped(system, mapped) for system in scored.systems],
            mapped.targets(scored.targets),
            mapped.labels.names,
            mapped.labels.kind,
            evaluation,
            groups=scored.examples.groups,
        )
        levels.append(replace(found, notes=scored.evaluation.notes, num_seen=scored.evaluation.num_seen))
    return replace(scored, levels=tuple(levels))


def _mapped(system: System, mapped: MappedLabels) -> System:
    """Return what a system says about the groups; their thresholds are those of their labels."""
    return replace(
        system,
        decisions=mapped.decisions(system.decisions, system.probabilities),
        probabilities=mapped.probabilities(system.probabilities),
        uncalibrated=None if system.uncalibrated is None else mapped.probabilities(system.uncalibrated),
        rule=None,
    )
