"""`lstmcli evaluate --by` for scores: the mean of each person's predictions beside the mean of the true ones."""

from dataclasses import replace

import numpy as np

from lstmcli.config.settings import EvaluationSettings
from lstmcli.errors import DataError, counted
from lstmcli.metrics.people import mean_known_by
from lstmcli.metrics.score_evaluation import evaluate_scores
from lstmcli.recipes.scores.score import ScoredNumbers


def with_score_people(by: str, scored: ScoredNumbers, evaluation: EvaluationSettings) -> ScoredNumbers:
    """Return the rows with an evaluation of one answer for each person.

    Args:
        by: the column that says whose text a row is, by which the rows are grouped.
        scored: the rows.
        evaluation: of the bootstrap.

    Raises:
        DataError: no row has a person.
    """
    people = scored.examples.groups
    if people is None:
        raise DataError(f"{scored.examples.name}: all cells of {by!r} are empty.")
    systems = [replace(system, values=mean_known_by(system.values, people)) for system in scored.systems]
    found = evaluate_scores(
        f"{scored.evaluation.name}, one answer per {by}",
        systems,
        mean_known_by(scored.targets, people),
        scored.labels.names,
        evaluation,
    )
    sizes = np.bincount(people)
    told = (
        f"An answer is the mean over all rows of one {by} ({counted(len(sizes), 'answer')}, from "
        f"{np.median(sizes):g} rows each at the median), and so is the truth."
    )
    return replace(scored, levels=(replace(found, notes=(*scored.evaluation.notes, told)),))
