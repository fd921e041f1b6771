"""Evaluates a model of scores next to its baselines, for `train`, `evaluate` and cross-validation."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import EvaluationSettings
from lstmcli.corpus.encode import TokenizedTexts
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.label_set import LabelSet
from lstmcli.corpus.scores import score_targets
from lstmcli.data.atomic import replaced_folder
from lstmcli.errors import DamagedFileError, RunDirectoryError
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.baseline_names import NGRAMS_NAME
from lstmcli.metrics.score_baselines import MEAN_NAME, RIDGE_NAME, RidgeBaseline, ScoreBaselines
from lstmcli.metrics.score_evaluation import IntervalCoverage, ScoreEvaluation, ScoreSystem, evaluate_scores
from lstmcli.metrics.score_outputs import ScoreOutputs
from lstmcli.metrics.score_tuning import ScoreTuner, Standard
from lstmcli.recipes.continuing.systems import score_system
from lstmcli.recipes.linear.sample import LinearRows
from lstmcli.reports.event_lines import describe_dropped, describe_overlap
from lstmcli.store.provenance import UNKNOWN, Provenance
from lstmcli.store.score_baselines import read_score_baselines, write_score_baselines
from lstmcli.text.tokenizer import Tokenizer

Floats = NDArray[np.float64]

MODEL_NAME = "this model"
SINGLE_NAME = "its first network"

# Coverages of intervals whose true coverage a report shows.
REPORTED_COVERAGES = (0.5, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class ScoredNumbers:
    """Rows with scores, what each system predicts for them, and how well.

    Attributes:
        examples: the rows.
        labels: the names of the columns of what follows.
        targets: (rows, scores), NaN where a row lacks a score.
        systems: the model first.
        evaluation: of these predictions.
        fold: (rows,), from 1, of a cross-validation.
        provenance: what the figures come from.
        levels: evaluations of one answer for each person, if that was asked for.
    """

    examples: Examples
    labels: LabelSet
    targets: Floats
    systems: list[ScoreSystem]
    evaluation: ScoreEvaluation
    fold: NDArray[np.int64] | None = None
    provenance: Provenance = UNKNOWN
    levels: tuple[ScoreEvaluation, ...] = ()

    @property
    def evaluations(self) -> list[ScoreEvaluation]:
        """All of them, that of the rows first."""
        return [self.evaluation, *self.levels]


def score_numbers(
    examples: Examples,
    predictor: Predictor,
    baselines: Path,
    settings: EvaluationSettings,
    *,
    is_tuned_on: bool = False,
    single: Predictor | None = None,
    overlaps: Sequence[tuple[str, str, int]] | None = (),
    before: Predictor | None = None,
) -> ScoredNumbers:
    """Predict the texts of `examples` and score them; arguments and errors are as for `score.score_examples`."""
    folder = baselines if settings.baselines and os.path.lexists(baselines) else None
    systems = number_systems(examples.texts, predictor, folder, single=single)
    if before is not None and (system := score_system(examples.texts, before, predictor.model.labels)) is not None:
        systems.insert(1, system)
    targets, names = score_targets(examples), predictor.model.labels.names
    scores = predictor.model.scores
    found = evaluate_scores(
        examples.name,
        systems,
        targets,
        names,
        settings,
        is_tuned_on=is_tuned_on,
        groups=examples.groups,
        intervals=[] if scores is None else coverages(scores, targets, systems[0].values, names),
    )
    shared = [each for each in overlaps or () if examples.name in each[:2]]
    notes = (*describe_dropped(examples.report), *(describe_overlap(*each) for each in shared))
    return ScoredNumbers(examples, predictor.model.labels, targets, systems, replace(found, notes=notes))


def coverages(scores: ScoreOutputs, targets: Floats, values: Floats, names: Sequence[str]) -> list[IntervalCoverage]:
    """Return how often the intervals of a model hold the truth, for each of REPORTED_COVERAGES and each score."""
    found = []
    for asked in REPORTED_COVERAGES:
        reach = scores.reach(asked)
        for at, name in enumerate(names):
            residuals = np.abs(targets[:, at] - values[:, at])
            residuals = residuals[~np.isnan(residuals)]
            is_known = len(residuals) > 0 and not np.isnan(reach[at])
            covered = float((residuals <= reach[at]).mean()) if is_known else None
            found.append(IntervalCoverage(asked, name, covered, 2.0 * float(reach[at]) if is_known else None))
    return found


def number_systems(
    texts: Sequence[str], predictor: Predictor, baselines: Path | None, *, single: Predictor | None = None
) -> list[ScoreSystem]:
    """Return the predictions of the model, one of its networks and the saved baselines; arguments as above."""
    values, ngram_outputs = predictor.scores_with_ngrams(texts)
    systems = [ScoreSystem(MODEL_NAME, values)]
    if single is not None:
        systems.append(ScoreSystem(SINGLE_NAME, single.scores_with_ngrams(texts)[0]))
    if baselines is None:
        return systems
    model = predictor.model
    try:
        saved = read_score_baselines(baselines, model.labels)
    except DamagedFileError as error:
        raise RunDirectoryError(f"{error} To go on without them, evaluate with --no-baselines.") from None
    tokenizer = Tokenizer.without_limit(model.tokenizer)
    systems.append(ScoreSystem(MEAN_NAME, np.tile(saved.means, (len(texts), 1))))
    systems.append(ScoreSystem(RIDGE_NAME, saved.tfidf.values(texts, tokenizer)))
    if saved.ngrams is not None and ngram_outputs is not None:
        num_networks = len(model.members)
        added = "network" if num_networks == 1 else f"ensemble of {num_networks} networks"
        systems.append(ScoreSystem(NGRAMS_NAME, saved.ngrams.values(ngram_outputs, None), added))
    return systems


def fit_score_baselines(
    place: Path,
    train_targets: Floats,
    validation_targets: Floats,
    train: LinearRows,
    validation: TokenizedTexts,
    tuner: ScoreTuner,
    *,
    weights: Floats | None = None,
) -> None:
    """Fit the mean and TF-IDF + ridge on the training rows and write all baselines into `place`.

    Args:
        place: the folder of the baselines, which is replaced.
        train_targets: (training rows, scores), NaN where missing.
        validation_targets: (validation rows, scores), NaN where missing.
        train: of the training rows, those to fit TF-IDF + ridge on.
        validation: the tokens of the validation texts.
        tuner: tunes the n-grams alone.
        weights: (training rows,); None: all count as one.
    """
    tfidf = RidgeBaseline.fit(
        train.texts.tokens(),
        train.those_of(train_targets),
        validation.tokens(),
        validation_targets,
        train.those_of(weights),
    )
    baselines = ScoreBaselines(Standard.of(train_targets, weights).means, tfidf, tuner.ngrams_alone())
    with replaced_folder(place) as folder:
        write_score_baselines(folder, baselines)
