"""Other thresholds than the model's own, for an evaluation of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import DecisionSettings
from lstmcli.config.thresholds import parse_choice
from lstmcli.corpus.corpus import Corpus, load_corpus
from lstmcli.errors import DataError, LstmcliError, UsageError, counted
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.decisions import SET_BY_HAND, DecisionRule
from lstmcli.metrics.threshold_choice import ONE_HALF, choose_rule
from lstmcli.metrics.tuning import DecisionMaker
from lstmcli.store.layout import CONFIG_FILE, SEEN_TEXTS_FOLDER
from lstmcli.store.run_directory import RunDirectory
from lstmcli.store.seen_texts import read_seen_texts


def with_thresholds(predictor: Predictor, run: Path, wanted: str) -> tuple[Predictor, tuple[str, ...]]:
    """Return the model in `run` with the thresholds that `wanted` asks for, and notes on them.

    A number needs no rows. All others are tuned on the run's own validation rows, read again from its files.

    Args:
        predictor: the model.
        run: a run directory; a model folder is enough for a number or "half".
        wanted: as for `decision.thresholds`, but for all labels.

    Raises:
        UsageError: `wanted` asks for nothing known, or the model is one of single labels.
        DataError: the validation rows can't be found, or are no longer those of the training.
    """
    model = predictor.model
    if model.scores is not None:
        raise UsageError("--threshold: applies to labels; this model predicts scores.")
    try:
        choice = parse_choice(wanted)
    except ValueError as error:
        raise UsageError(f"--threshold: {error}") from None
    if model.labels.kind == "single":
        raise UsageError("--threshold: does not apply to single labels, where the most probable label is predicted.")
    notes: tuple[str, ...] = ()
    group_rule = model.group_rule
    if choice.goal == "number":
        rule, where = model.rule.with_threshold(choice.value), SET_BY_HAND
    elif choice.goal == "half":
        half = model.rule.with_threshold(0.5)
        origins = (ONE_HALF,) * len(half.origins)
        rule, where = replace(half, at_least_one=model.rule.at_least_one, origins=origins), ONE_HALF
    if choice.goal in ("number", "half"):
        group_rule = None if group_rule is None else group_rule.with_threshold(float(rule.thresholds[0]))
    else:
        corpus = _validation_rows(predictor, run, wanted)
        probabilities = predictor.probabilities(corpus.validation.texts)
        rule, notes = choose_rule(
            wanted,
            probabilities,
            corpus.validation_targets,
            model.labels.names,
            model.labels.kind,
            is_labelled=bool(corpus.train_targets.any(axis=1).all()),
        )
        if group_rule is not None:
            group_rule = _group_rule(wanted, probabilities, corpus)
        where = f"tuned on {counted(len(probabilities), 'validation row')} of the run"
    told = f"Thresholds of the model, by --threshold {wanted}: {where}. The baselines keep theirs."
    return Predictor(replace(model, rule=rule, group_rule=group_rule)), (told, *notes)


def _group_rule(wanted: str, probabilities: NDArray[np.float64], corpus: Corpus) -> DecisionRule | None:
    labels, groups = corpus.labels, corpus.validation.groups
    settings = DecisionSettings(wanted, "group")
    return DecisionMaker(
        labels.kind, corpus.train_targets, corpus.validation_targets, settings, names=labels.names, groups=groups
    ).group_rule(probabilities)


def _validation_rows(predictor: Predictor, run: Path, wanted: str) -> Corpus:
    """Return the corpus of a run, of which the validation rows are those that the model was tuned on."""
    needs = f"--threshold {wanted}: needs the validation rows of the run"
    if not (run / CONFIG_FILE).exists():
        raise DataError(f"{needs}, but {run} has no {CONFIG_FILE}; name the run directory, or a number instead.")
    config = RunDirectory(run).read_config(needs_rows=False)
    seen = read_seen_texts(run / SEEN_TEXTS_FOLDER).get("validation")
    if config.data.train is None or seen is None:
        raise DataError(f"{needs}, which are not in a file; name a number instead.")
    try:
        corpus = load_corpus(replace(config.data, test=None), seed=config.training.seed)
    except LstmcliError as error:
        raise DataError(f"{needs}, which can't be read: {error}") from None
    keys = np.unique(corpus.validation.table["text_key"].to_numpy())
    if corpus.labels.names != predictor.model.labels.names or not np.array_equal(keys, seen):
        raise DataError(f"{needs}, but its files have changed since; name a number instead.")
    return corpus
