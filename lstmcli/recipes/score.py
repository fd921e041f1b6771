"""Evaluates a model next to its baselines, for both `train` and `evaluate`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import EvaluationSettings
from lstmcli.corpus.corpus import Corpus
from lstmcli.corpus.encode import TokenizedTexts
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.label_set import LabelSet
from lstmcli.corpus.targets import label_targets
from lstmcli.data.atomic import replaced_folder
from lstmcli.errors import DamagedFileError, RunDirectoryError
from lstmcli.inference.predictor import Predictions, Predictor
from lstmcli.metrics.baseline_names import MAJORITY_NAME, MEDIAN_NAME, NGRAMS_NAME, TFIDF_NAME
from lstmcli.metrics.baselines import Baselines, MajorityBaseline, NgramsBaseline, TfidfBaseline
from lstmcli.metrics.evaluation import Evaluation, System, evaluate
from lstmcli.metrics.reliability import without_temperature
from lstmcli.metrics.tuning import DecisionMaker
from lstmcli.recipes.agreement.of_rows import notes_on_agreement
from lstmcli.recipes.continuing.systems import label_system
from lstmcli.recipes.linear.sample import LinearRows
from lstmcli.recipes.reporting.effects import effects_of
from lstmcli.reports.event_lines import describe_dropped, describe_overlap
from lstmcli.store.baselines import read_baselines, write_baselines
from lstmcli.store.model import SavedModel
from lstmcli.store.provenance import UNKNOWN, Provenance
from lstmcli.text.tokenizer import Tokenizer

Floats = NDArray[np.float64]

MODEL_NAME = "this model"
SINGLE_NAME = "its first network"


@dataclass(frozen=True)
class ScoredRows:
    """Labelled rows, what each system predicts for them, and the scores of that.

    Attributes:
        examples: the rows.
        labels: the columns of what follows.
        targets: (rows, labels).
        systems: the model first.
        evaluation: of these predictions.
        fold: (rows,), from 1, of a cross-validation.
        provenance: what the scores come from.
        levels: evaluations of the same predictions with labels merged into groups.
    """

    examples: Examples
    labels: LabelSet
    targets: NDArray[np.bool_]
    systems: list[System]
    evaluation: Evaluation
    fold: NDArray[np.int64] | None = None
    provenance: Provenance = UNKNOWN
    levels: tuple[Evaluation, ...] = ()

    @property
    def evaluations(self) -> list[Evaluation]:
        """All of them, that of the labels as they are first."""
        return [self.evaluation, *self.levels]


def score_examples(
    examples: Examples,
    predictor: Predictor,
    baselines: Path,
    settings: EvaluationSettings,
    *,
    is_tuned_on: bool = False,
    single: Predictor | None = None,
    overlaps: Sequence[tuple[str, str, int]] | None = (),
    before: Predictor | None = None,
) -> ScoredRows:
    """Predict the texts of `examples` and score them next to the baselines saved in `baselines`, if there are any.

    Args:
        examples: labelled rows.
        predictor: the model.
        baselines: their folder.
        settings: intervals, and whether to include baselines.
        is_tuned_on: whether the model was tuned on these rows.
        single: one network of an ensemble, scored for comparison.
        overlaps: pairs of splits that share texts, the later one second, with the number of texts; None: not known.
        before: the model that this one went on from, scored for comparison.

    Raises:
        RunDirectoryError: the saved baselines are damaged.
    """
    labels = predictor.model.labels
    folder = baselines if settings.baselines and os.path.lexists(baselines) else None
    systems = predict_systems(examples.texts, predictor, folder, single=single)
    if before is not None:
        systems.insert(1, label_system(examples.texts, before, labels))
    targets = label_targets(examples, labels)
    found = evaluate(
        examples.name,
        systems,
        targets,
        labels.names,
        labels.kind,
        settings,
        is_tuned_on=is_tuned_on,
        is_ordered=labels.is_ordered,
        groups=examples.groups,
    )
    shared = [each for each in overlaps or () if examples.name in each[:2]]
    notes = (
        *describe_dropped(examples.report),
        *(describe_overlap(*each) for each in shared),
        *notes_on_agreement(examples, systems[0].decisions, labels.names, MODEL_NAME),
    )
    found = replace(
        found,
        notes=notes,
        num_seen=None if overlaps is None else sum(number for _, later, number in shared if later == examples.name),
        effects=effects_of(
            examples.texts, targets, systems[0], labels.kind, settings, predictor=predictor, groups=examples.groups
        ),
    )
    return ScoredRows(examples, labels, targets, systems, found)


def predict_systems(
    texts: Sequence[str], predictor: Predictor, baselines: Path | None, *, single: Predictor | None = None
) -> list[System]:
    """Return the predictions of the model, one of its networks and the saved baselines; arguments as above."""
    predictions, ngram_logits = predictor.predict_with_ngrams(texts)
    systems = [_system(MODEL_NAME, predictions, predictor.model)]
    if single is not None:
        systems.append(_system(SINGLE_NAME, single.predict(texts), single.model))
    if baselines is not None:
        systems += _baseline_systems(texts, predictor.model, baselines, ngram_logits)
    return systems


def _system(name: str, predictions: Predictions, model: SavedModel) -> System:
    uncalibrated = without_temperature(predictions.probabilities, model.labels.output_kind, model.temperature)
    return System(
        name, predictions.decisions, predictions.probabilities, uncalibrated, model.rule, group_rule=model.group_rule
    )


def _baseline_systems(
    texts: Sequence[str], model: SavedModel, folder: Path, ngram_logits: Floats | None
) -> list[System]:
    tokenizer = Tokenizer.without_limit(model.tokenizer)
    try:
        saved = read_baselines(folder, model.labels)
    except DamagedFileError as error:
        raise RunDirectoryError(f"{error} To go on without them, evaluate with --no-baselines.") from None
    guesses = saved.majority.probabilities(len(texts))
    probabilities = saved.tfidf.probabilities(texts, tokenizer)
    systems = [
        System(MAJORITY_NAME, saved.majority.rule.decide(guesses), guesses),
        *(
            [System(MEDIAN_NAME, saved.majority.median_rule.decide(guesses), guesses)]
            if model.labels.is_ordered
            else []
        ),
        System(TFIDF_NAME, saved.tfidf.rule.decide(probabilities), probabilities, group_rule=saved.tfidf.group_rule),
    ]
    if saved.ngrams is not None and ngram_logits is not None:
        alone = saved.ngrams.probabilities(ngram_logits)
        num_networks = len(model.members)
        added = "network" if num_networks == 1 else f"ensemble of {num_networks} networks"
        decisions, group_rule = saved.ngrams.rule.decide(alone), saved.ngrams.group_rule
        systems.append(System(NGRAMS_NAME, decisions, alone, added_to_ngrams=added, group_rule=group_rule))
    return systems


def fit_baselines(
    place: Path, corpus: Corpus, train: LinearRows, validation: TokenizedTexts, decisions: DecisionMaker
) -> None:
    """Fit majority class and TF-IDF + logistic regression on the training rows and write all baselines into `place`.

    Args:
        place: the folder of the baselines, which is replaced.
        corpus: provides the targets.
        train: of its training rows, those to fit TF-IDF + logistic regression on.
        validation: the tokens of its validation texts.
        decisions: chooses thresholds, and tunes the n-grams alone.
    """
    tfidf = TfidfBaseline.fit(
        train.texts.tokens(),
        train.those_of(corpus.train_targets),
        validation.tokens(),
        corpus.validation_targets,
        kind=corpus.labels.kind,
        choose_rule=decisions.rule,
        choose_group_rule=decisions.group_rule,
        weights=train.those_of(corpus.train.row_weights),
    )
    majority = MajorityBaseline.fit(corpus.train_targets, corpus.labels.kind, corpus.train.row_weights)
    alone = decisions.ngrams_alone()
    ngrams = (
        None
        if alone is None
        else NgramsBaseline(
            alone.mixture.temperature, alone.rule, alone.group_rule, is_ordered=corpus.labels.is_ordered
        )
    )
    with replaced_folder(place) as folder:
        write_baselines(folder, Baselines(majority, tfidf, ngrams))
