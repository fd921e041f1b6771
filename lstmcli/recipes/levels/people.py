"""`lstmcli evaluate --by`: scores one answer for each person, and what more texts of a person bring."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import EvaluationSettings
from lstmcli.corpus.label_set import LabelSet
from lstmcli.errors import DataError, UsageError
from lstmcli.metrics.decisions import DecisionRule, untuned_rule
from lstmcli.metrics.evaluation import System, evaluate
from lstmcli.metrics.people import more_texts, pooled
from lstmcli.recipes.score import ScoredRows
from lstmcli.reports.people import people_sentences


def check_people(labels: LabelSet) -> None:
    """Raise a UsageError for labels that can't be pooled."""
    if labels.kind == "scores":
        raise UsageError("--by: is for models of labels; take the mean of each person's scores instead.")
    if labels.kind == "multi":
        raise UsageError("--by: needs one label per text or yes/no columns; here, a text may have several labels.")


def with_people(by: str, scored: ScoredRows, rule: DecisionRule, evaluation: EvaluationSettings) -> ScoredRows:
    """Return the rows with an evaluation of one answer for each person.

    Args:
        by: the column that says whose text a row is, by which the rows are grouped.
        scored: the rows.
        rule: of the model; other systems decide about people without tuned thresholds.
        evaluation: of the bootstrap.

    Raises:
        DataError: no row has a person, or rows of a person have different labels.
    """
    people = scored.examples.groups
    if people is None:
        raise DataError(f"{scored.examples.name}: all cells of {by!r} are empty.")
    first = np.unique(people, return_index=True)[1]
    _check_same_labels(by, scored, people, first)
    kind = scored.labels.kind
    others = untuned_rule(kind, len(scored.labels.names), at_least_one=False)
    systems = [
        _of_people(system, people, rule if number == 0 else others) for number, system in enumerate(scored.systems)
    ]
    name = f"{scored.evaluation.name}, one answer per {by}"
    found = evaluate(name, systems, scored.targets[first], scored.labels.names, kind, evaluation)
    model = scored.systems[0]
    more = more_texts(
        model.probabilities,
        model.decisions,
        scored.targets,
        people,
        rule,
        num_samples=evaluation.bootstrap_samples,
        confidence=evaluation.confidence,
    )
    notes = (*scored.evaluation.notes, *people_sentences(more, by, kind))
    return replace(scored, levels=(*scored.levels, replace(found, notes=notes, num_seen=scored.evaluation.num_seen)))


def _of_people(system: System, people: NDArray[np.int64], rule: DecisionRule) -> System:
    kind = rule.kind
    probabilities = pooled(system.probabilities, people, kind)
    uncalibrated = None if system.uncalibrated is None else pooled(system.uncalibrated, people, kind)
    return replace(system, decisions=rule.decide(probabilities), probabilities=probabilities, uncalibrated=uncalibrated)


def _check_same_labels(by: str, scored: ScoredRows, people: NDArray[np.int64], first: NDArray[np.int64]) -> None:
    other = np.flatnonzero((scored.targets != scored.targets[first][people]).any(axis=1))
    if len(other):
        lines = scored.examples.table["line"]
        one, two = lines[first[people[other[0]]]], lines[other[0]]
        raise DataError(
            f"{scored.examples.name}: lines {one} and {two} have the same {by!r}, but different labels; an answer per "
            f"{by} needs the same labels in all rows of one."
        )
