"""Evaluates a model next to its baselines, for both `train` and `evaluate`."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lstmcli.config.settings import EvaluationSettings
from lstmcli.corpus.corpus import Corpus
from lstmcli.corpus.encode import TokenizedTexts
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.targets import label_targets
from lstmcli.data.atomic import replaced_folder
from lstmcli.errors import DamagedFileError, RunDirectoryError
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.baselines import MAJORITY_NAME, TFIDF_NAME, MajorityBaseline, TfidfBaseline
from lstmcli.metrics.evaluation import Evaluation, System, evaluate
from lstmcli.metrics.reliability import without_temperature
from lstmcli.metrics.tuning import DecisionMaker
from lstmcli.reports.event_lines import describe_dropped, describe_overlap
from lstmcli.store.baselines import read_baselines, write_baselines
from lstmcli.text.tokenizer import Tokenizer

MODEL_NAME = "this model"
SINGLE_NAME = "its first network"


def evaluate_examples(
    examples: Examples,
    predictor: Predictor,
    baselines: Path,
    settings: EvaluationSettings,
    *,
    is_tuned_on: bool = False,
    single: Predictor | None = None,
    overlaps: Sequence[tuple[str, str, int]] = (),
) -> Evaluation:
    """Predict the texts of `examples` and score them next to the baselines saved in `baselines`, if there are any.

    Args:
        examples: labelled rows.
        predictor: the model.
        baselines: their folder.
        settings: intervals, and whether to include baselines.
        is_tuned_on: whether the model was tuned on these rows.
        single: one network of an ensemble, scored for comparison.
        overlaps: pairs of splits that share texts, with the number of texts.

    Raises:
        RunDirectoryError: the saved baselines are damaged.
    """
    labels = predictor.model.labels
    folder = baselines if settings.baselines and os.path.lexists(baselines) else None
    systems = predict_systems(examples.texts, predictor, folder, single=single)
    targets = label_targets(examples, labels)
    evaluation = evaluate(
        examples.name,
        systems,
        targets,
        labels.names,
        labels.kind,
        settings,
        is_tuned_on=is_tuned_on,
        groups=examples.groups,
    )
    shared = [each for each in overlaps if examples.name in each[:2]]
    return replace(
        evaluation, notes=(*describe_dropped(examples.report), *(describe_overlap(*each) for each in shared))
    )


def predict_systems(
    texts: Sequence[str], predictor: Predictor, baselines: Path | None, *, single: Predictor | None = None
) -> list[System]:
    """Return the predictions of the model, one of its networks and the saved baselines; arguments as above."""
    systems = [_system(MODEL_NAME, texts, predictor)]
    if single is not None:
        systems.append(_system(SINGLE_NAME, texts, single))
    if baselines is not None:
        systems += _baseline_systems(texts, predictor, baselines)
    return systems


def _system(name: str, texts: Sequence[str], predictor: Predictor) -> System:
    predictions, model = predictor.predict(texts), predictor.model
    uncalibrated = without_temperature(predictions.probabilities, model.labels.kind, model.temperature)
    return System(name, predictions.decisions, predictions.probabilities, uncalibrated, model.rule)


def _baseline_systems(texts: Sequence[str], predictor: Predictor, folder: Path) -> list[System]:
    tokenizer, labels = Tokenizer.without_limit(predictor.model.tokenizer), predictor.model.labels
    try:
        majority, tfidf = read_baselines(folder, labels)
    except DamagedFileError as error:
        raise RunDirectoryError(f"{error} To go on without them, evaluate with --no-baselines.") from None
    guesses = majority.probabilities(len(texts))
    probabilities = tfidf.probabilities(texts, tokenizer)
    return [
        System(MAJORITY_NAME, majority.rule.decide(guesses), guesses),
        System(TFIDF_NAME, tfidf.rule.decide(probabilities), probabilities),
    ]


def fit_baselines(
    place: Path, corpus: Corpus, train: TokenizedTexts, validation: TokenizedTexts, decisions: DecisionMaker
) -> None:
    """Fit majority class and TF-IDF + logistic regression on the training rows and write them into `place`.

    Args:
        place: the folder of the baselines, which is replaced.
        corpus: provides the targets.
        train: the tokens of its training texts.
        validation: the tokens of its validation texts.
        decisions: chooses thresholds.
    """
    tfidf = TfidfBaseline.fit(
        train.tokens(),
        corpus.train_targets,
        validation.tokens(),
        corpus.validation_targets,
        kind=corpus.labels.kind,
        choose_rule=decisions.rule,
    )
    with replaced_folder(place) as folder:
        write_baselines(folder, MajorityBaseline.fit(corpus.train_targets, corpus.labels.kind), tfidf)
