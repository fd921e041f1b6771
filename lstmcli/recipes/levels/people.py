"""`lstmcli evaluate --by`: scores one answer for each person, and what more texts of a person bring."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import EvaluationSettings
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.label_set import LabelSet
from lstmcli.corpus.targets import label_targets
from lstmcli.errors import DataError, UsageError
from lstmcli.metrics.decisions import DecisionRule, untuned_rule
from lstmcli.metrics.evaluation import System, evaluate
from lstmcli.metrics.people import more_texts, pooled
from lstmcli.recipes.score import ScoredRows
from lstmcli.reports.people import people_sentences


def check_people(labels: LabelSet) -> None:
    """Raise a UsageError for labels that can't be pooled."""
    if labels.kind == "multi":
        raise UsageError("--by: needs one label per text or yes/no columns; here, a text may have several labels.")


def with_people(by: str, scored: ScoredRows, rule: DecisionRule, evaluation: EvaluationSettings) -> ScoredRows:
    """Return the rows with an evaluation of one answer for each person.

    Args:
        by: the column that says whose text a row is, by which the rows are grouped.
        scored: the rows.
        rule: of the model for texts. A system that has a rule for groups uses that; without one, the model decides
            about people as about texts, and other systems without tuned thresholds.
        evaluation: of the bootstrap.

    Raises:
        DataError: no row has a person, or rows of a person have different labels.
    """
    people = scored.examples.groups
    if people is None:
        raise DataError(f"{scored.examples.name}: all cells of {by!r} are empty.")
    first = np.unique(people, return_index=True)[1]
    _check_same_labels(by, scored.examples, scored.targets)
    kind = scored.labels.kind
    others = untuned_rule(kind, len(scored.labels.names), at_least_one=False)
    model = scored.systems[0]
    systems = [_of_people(system, people, rule if system is model else others) for system in scored.systems]
    name = f"{scored.evaluation.name}, one answer per {by}"
    is_tuned_on = scored.evaluation.is_tuned_on
    targets = scored.targets[first]
    found = evaluate(
        name,
        systems,
        targets,
        scored.labels.names,
        kind,
        evaluation,
        is_tuned_on=is_tuned_on,
        is_ordered=scored.labels.is_ordered,
    )
    more = more_texts(
        model.probabilities,
        model.decisions,
        scored.targets,
        people,
        model.group_rule or rule,
        num_samples=evaluation.bootstrap_samples,
        confidence=evaluation.confidence,
    )
    notes = (*scored.evaluation.notes, *people_sentences(more, by, kind))
    found = replace(found, notes=notes, num_seen=scored.evaluation.num_seen, more_texts=more)
    return replace(scored, levels=(*scored.levels, found))


def _of_people(system: System, people: NDArray[np.int64], rule: DecisionRule) -> System:
    kind = rule.kind
    probabilities = pooled(system.probabilities, people, kind)
    uncalibrated = None if system.uncalibrated is None else pooled(system.uncalibrated, people, kind)
    found = replace(system, probabilities=probabilities, uncalibrated=uncalibrated)
    if system.group_rule is None:
        return replace(found, decisions=rule.decide(probabilities))
    return replace(found, decisions=system.group_rule.decide(probabilities), rule=system.group_rule)


def check_groups(by: str, rows: Sequence[Examples], labels: LabelSet) -> None:
    """Check that there are groups of rows, and that all rows of one have the same labels.

    Raises:
        DataError: it is not so.
    """
    for examples in rows:
        if examples.groups is None:
            raise DataError(f"{examples.name}: all cells of {by!r} are empty.")
        _check_same_labels(by, examples, label_targets(examples, labels))


def _check_same_labels(by: str, examples: Examples, targets: NDArray[np.bool_]) -> None:
    people = examples.groups
    if people is None:
        return
    first = np.unique(people, return_index=True)[1]
    other = np.flatnonzero((targets != targets[first][people]).any(axis=1))
    if len(other):
        lines = examples.table["line"]
        one, two = lines[first[people[other[0]]]], lines[other[0]]
        raise DataError(
            f"{examples.name}: lines {one} and {two} have the same {by!r}, but different labels; an answer per "
            f"{by} needs the same labels in all rows of one."
        )
