"""Scores and reports of labels and of scores alike."""

from collections.abc import Callable, Sequence
from typing import Any

from lstmcli.metrics.evaluation import Evaluation
from lstmcli.metrics.score_evaluation import ScoreEvaluation
from lstmcli.recipes.score import ScoredRows, score_examples
from lstmcli.recipes.scores.score import ScoredNumbers, score_numbers
from lstmcli.reports.files import to_console_text, to_json
from lstmcli.reports.scores.files import scores_console_text, scores_json
from lstmcli.store.model import SavedModel
from lstmcli.store.provenance import Provenance

AnyEvaluation = Evaluation | ScoreEvaluation
AnyScored = ScoredRows | ScoredNumbers


def scorer_of(model: SavedModel) -> Callable[..., AnyScored]:
    """Return what scores such a model; see `score_examples` for arguments and errors."""
    return score_examples if model.scores is None else score_numbers


def console_text(evaluation: AnyEvaluation, *, is_terminal: bool) -> str:
    """Return an evaluation as text for a terminal; see `to_console_text`."""
    if isinstance(evaluation, ScoreEvaluation):
        return scores_console_text(evaluation, is_terminal=is_terminal)
    return to_console_text(evaluation, is_terminal=is_terminal)


def evaluations_json(evaluations: Sequence[AnyEvaluation], facts: dict[str, Any], source: Provenance) -> str:
    """Return evaluations, all of the same kind, as JSON; see `to_json`."""
    numbers, labels = _by_kind(evaluations)
    return scores_json(numbers, facts, source) if numbers else to_json(labels, facts, source)


def _by_kind(evaluations: Sequence[AnyEvaluation]) -> tuple[list[ScoreEvaluation], list[Evaluation]]:
    return (
        [each for each in evaluations if isinstance(each, ScoreEvaluation)],
        [each for each in evaluations if isinstance(each, Evaluation)],
    )
