"""Cross-validation of scores: each row predicted by the model that has not seen it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import Config
from lstmcli.corpus.examples import Examples, number_groups
from lstmcli.corpus.label_set import LabelSet
from lstmcli.corpus.scores import score_targets
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.evaluation import FoldScore
from lstmcli.metrics.folds import mean_of_folds
from lstmcli.metrics.score_evaluation import MAIN_FIGURE, ScoreEvaluation, ScoreSystem, evaluate_scores
from lstmcli.metrics.score_metrics import mean_agreement
from lstmcli.recipes.scores.score import ScoredNumbers, number_systems
from lstmcli.store.run_directory import RunDirectory

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NumbersOfFold:
    """The predictions of all systems for the rows of a fold, and the true scores; `groups` as in `Examples.table`."""

    systems: list[ScoreSystem]
    targets: Floats
    groups: NDArray[np.integer]


def numbers_of_fold(config: Config, run: RunDirectory, rows: Examples) -> NumbersOfFold:
    """Predict all rows of a fold with its model in `run`."""
    baselines = run.baselines if config.evaluation.baselines else None
    systems = number_systems(rows.texts, Predictor.open(run.path), baselines)
    return NumbersOfFold(systems, score_targets(rows), rows.table["group"].to_numpy())


def pooled_numbers(
    examples: Examples, fold: NDArray[np.int64], results: list[NumbersOfFold], labels: LabelSet, config: Config
) -> ScoredNumbers:
    """Score the rows of all folds together, and each fold on its own. What is returned is in the order of the rows."""
    groups = number_groups(np.concatenate([result.groups for result in results]))
    targets = np.concatenate([result.targets for result in results])
    by_fold = np.repeat(np.arange(len(results)), [len(result.targets) for result in results])
    systems = [
        ScoreSystem(parts[0].name, np.concatenate([part.values for part in parts]), parts[0].added_to_ngrams)
        for parts in zip(*(result.systems for result in results), strict=True)
    ]
    name = f"{examples.name}, fold by fold"
    evaluation = evaluate_scores(name, systems, targets, labels.names, config.evaluation, groups=groups)
    evaluation = _with_folds(evaluation, systems, targets, by_fold)
    place = np.argsort(np.argsort(fold, kind="stable"))  # of each row among the rows by fold
    systems = [replace(system, values=system.values[place]) for system in systems]
    return ScoredNumbers(examples, labels, targets[place], systems, evaluation, fold + 1)


def _with_folds(
    evaluation: ScoreEvaluation, systems: list[ScoreSystem], targets: Floats, fold: NDArray[np.int64]
) -> ScoreEvaluation:
    """Return `evaluation` extended by the main figure of each system on each fold; see `folds.with_folds`."""
    folds = []
    for system in systems:
        values = [
            mean_agreement(targets[fold == number], system.values[fold == number], [MAIN_FIGURE])[MAIN_FIGURE]
            for number in range(int(fold.max()) + 1)
        ]
        folds.append(FoldScore(system.name, values, mean_of_folds(values, confidence=evaluation.confidence)))
    by_name = {each.system: each for each in folds}
    comparisons = []
    for comparison in evaluation.comparisons:
        pairs = zip(folds[0].values, by_name[comparison.other].values, strict=True)
        differences = [ours - theirs for ours, theirs in pairs]
        mean = mean_of_folds(differences, confidence=evaluation.confidence)
        comparisons.append(replace(comparison, difference=mean))
    return replace(evaluation, folds=tuple(folds), comparisons=comparisons)
