"""`lstmcli evaluate --folds`: train one model per fold, and score each row with the model that has not seen it."""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import Config, OutputSettings
from lstmcli.config.thresholds import check_label_names, without_unknown
from lstmcli.corpus.examples import Examples, number_groups, read_examples
from lstmcli.corpus.folds import deal_folds, fold_corpora
from lstmcli.corpus.label_set import LabelSet
from lstmcli.corpus.labels import all_labels
from lstmcli.corpus.targets import label_targets
from lstmcli.data.sealed import SealedFolder
from lstmcli.errors import ConfigError, RunDirectoryError
from lstmcli.events import FoldStarted, Tell, ignore
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.evaluation import System, evaluate
from lstmcli.metrics.folds import with_folds
from lstmcli.recipes.agreement.of_rows import notes_on_agreement
from lstmcli.recipes.evaluation.extras import add_extras, check_extras
from lstmcli.recipes.evaluation.wanted import NO_EXTRAS, Extras
from lstmcli.recipes.reporting.content import content_of_evaluation, settings_of, texts_of_folds, without_texts
from lstmcli.recipes.reporting.effects import effects_of
from lstmcli.recipes.score import ScoredRows, predict_systems
from lstmcli.recipes.scores.folds import NumbersOfFold, numbers_of_fold, pooled_numbers
from lstmcli.recipes.tasks.reporting import AnyScored
from lstmcli.recipes.train import train
from lstmcli.reports.files import write_reports
from lstmcli.reports.scores.files import write_score_reports
from lstmcli.stopping import NEVER, Stop
from lstmcli.store.layout import FOLDS_FILE
from lstmcli.store.provenance import provenance
from lstmcli.store.run import OpenRun
from lstmcli.store.run_directory import RunDirectory

Values = NDArray[Any]


def cross_validate(
    config: Config,
    run: OpenRun,
    *,
    num_folds: int,
    tell: Tell = ignore,
    stop: Stop = NEVER,
    extras: Extras = NO_EXTRAS,
) -> AnyScored:
    """Split the training and validation rows of `config` into folds, and hold out each fold once for testing.

    Rows with the same text or group share a fold. `data.test` is not used.

    Args:
        config: for every training.
        run: where everything is written; each fold gets its own run directory in it.
        num_folds: at least 2.
        tell: is called with each event.
        stop: see `train`.
        extras: what is wanted besides scores.

    Raises:
        LstmcliError: a mistake that the user can fix.
        InterruptedRunError: `stop` was set; progress is saved.
    """
    if config.data.soft_labels > 0.0:
        raise ConfigError("data.soft_labels: not supported with --folds; set it to 0, or evaluate without --folds.")
    run.check(config)
    with run:
        return _cross_validate(config, run, num_folds, tell, stop, extras)


def _cross_validate(config: Config, run: OpenRun, num_folds: int, tell: Tell, stop: Stop, extras: Extras) -> AnyScored:
    paths = [path for path in (config.data.train, config.data.validation) if path is not None]
    source = provenance(config, paths)
    examples = read_examples(paths, config.data, weighted=True)
    tell(examples.report)
    seed = config.training.seed
    fold = deal_folds(examples, num_folds=num_folds, seed=seed)
    labels = all_labels(examples, config.data)
    check_label_names(config.decision.thresholds, labels.names)
    check_extras(extras, paths, config.data, labels, has_folds=True)
    _start(config, run, examples, fold)
    results: list[_FoldResult] = []
    numbers: list[NumbersOfFold] = []
    for number, (corpus, rows) in enumerate(fold_corpora(examples, fold, config.data, seed=seed), start=1):
        tell(FoldStarted(number, num_folds, len(rows.table)))
        inner = run.directory.fold(number)
        if not (run.resume and inner.is_finished):
            own = _of_fold(config, inner, corpus.labels)
            train(own, run.within(inner), corpus=corpus, tell=tell, stop=stop)
        if labels.kind == "scores":
            numbers.append(numbers_of_fold(config, inner, rows))
        else:
            results.append(_predict_fold(config, inner, corpus.labels, rows, labels))
    scored: AnyScored
    if numbers:
        scored = replace(pooled_numbers(examples, fold, numbers, labels, config), provenance=source)
    else:
        scored = replace(_pooled(examples, fold, results, labels, config), provenance=source)
    scored = add_extras(extras, scored, paths, config.data, config.evaluation)
    if not isinstance(scored, ScoredRows):
        facts = {"folds": num_folds, "rows": len(examples.table)}
        write_score_reports(run.directory, scored.evaluations, facts, source)
        return scored
    if not config.evaluation.texts:
        scored = without_texts(scored)
    _write_reports(config, run, scored, num_folds)
    return scored


def _write_reports(config: Config, run: OpenRun, scored: ScoredRows, num_folds: int) -> None:
    texts = None
    if config.evaluation.texts:
        texts = texts_of_folds(scored, lambda number: Predictor.open(run.directory.fold(number).path))
    title = f"Cross-validation in {run.directory.path}"
    facts = {"folds": num_folds, "rows": len(scored.examples.table)}
    content = content_of_evaluation(title, scored, None, facts, settings=settings_of(config), texts=texts)
    write_reports(run.directory, content)


def _of_fold(config: Config, run: RunDirectory, labels: LabelSet) -> Config:
    """Return the config of a fold, in whose training rows some labels may not occur."""
    thresholds = without_unknown(config.decision.thresholds, labels.names)
    output = OutputSettings(run_dir=str(run.path))
    return replace(config, output=output, decision=replace(config.decision, thresholds=thresholds))


@dataclass(frozen=True)
class _FoldResult:
    """The predictions of all systems for the rows of a fold, and the true labels; columns are the labels of all rows.

    `groups` (rows,) is as in `Examples.table`.
    """

    systems: list[System]
    targets: NDArray[np.bool_]
    groups: NDArray[np.integer]


def _start(config: Config, run: OpenRun, examples: Examples, fold: NDArray[np.int64]) -> None:
    """Start the run, or make sure that it was started for the same folds of the same rows."""
    folds = hashlib.sha256(fold.tobytes()).hexdigest()  # groups matter too, but are not in the rows' digest
    content = json.dumps({"folds": int(fold.max()) + 1, "rows": examples.digest(), "fold_of_row": folds}) + "\n"
    place = run.directory.path
    run.start(config)
    if not run.resume:
        run.directory.write_text(FOLDS_FILE, content)
    elif not (place / FOLDS_FILE).is_file() or SealedFolder(place).read(FOLDS_FILE, most=1000) != content.encode():
        raise RunDirectoryError(f"{place}: was started with different rows, groups or --folds; use --overwrite.")


def _predict_fold(config: Config, run: RunDirectory, own: LabelSet, rows: Examples, labels: LabelSet) -> _FoldResult:
    """Predict all rows of a fold, including those with labels that its model does not know."""
    baselines = run.baselines if config.evaluation.baselines else None
    systems = [
        replace(
            system,
            decisions=_spread(system.decisions, own, labels),
            probabilities=_spread(system.probabilities, own, labels),
            uncalibrated=None if system.uncalibrated is None else _spread(system.uncalibrated, own, labels),
        )
        for system in predict_systems(rows.texts, Predictor.open(run.path), baselines)
    ]
    return _FoldResult(systems, label_targets(rows, labels), rows.table["group"].to_numpy())


def _pooled(
    examples: Examples, fold: NDArray[np.int64], results: list[_FoldResult], labels: LabelSet, config: Config
) -> ScoredRows:
    """Score the rows of all folds together, and each fold on its own. What is returned is in the order of the rows."""
    groups = number_groups(np.concatenate([result.groups for result in results]))
    targets = np.concatenate([result.targets for result in results])
    by_fold = np.repeat(np.arange(len(results)), [len(result.targets) for result in results])
    systems = [_joined(list(parts)) for parts in zip(*_shared_systems(results), strict=True)]
    name = f"{examples.name}, fold by fold"
    evaluation = evaluate(
        name,
        systems,
        targets,
        labels.names,
        labels.kind,
        config.evaluation,
        is_ordered=labels.is_ordered,
        groups=groups,
    )
    evaluation = with_folds(evaluation, systems, targets, by_fold)
    place = np.argsort(np.argsort(fold, kind="stable"))  # of each row among the rows by fold
    systems = [_in_order(system, place) for system in systems]
    notes = notes_on_agreement(examples, systems[0].decisions, labels.names, systems[0].name)
    effects = effects_of(
        examples.texts, targets[place], systems[0], labels.kind, config.evaluation, groups=examples.groups
    )
    evaluation = replace(evaluation, notes=(*evaluation.notes, *notes), num_seen=0, effects=effects)
    return ScoredRows(examples, labels, targets[place], systems, evaluation, fold + 1)


def _in_order(system: System, rows: NDArray[np.int64]) -> System:
    uncalibrated = None if system.uncalibrated is None else system.uncalibrated[rows]
    return replace(
        system,
        decisions=system.decisions[rows],
        probabilities=system.probabilities[rows],
        uncalibrated=uncalibrated,
    )


def _shared_systems(results: list[_FoldResult]) -> list[list[System]]:
    """Return the systems of each fold that all folds have: those that an older release trained have fewer."""
    names = set.intersection(*({system.name for system in result.systems} for result in results))
    return [[system for system in result.systems if system.name in names] for result in results]


def _joined(parts: list[System]) -> System:
    uncalibrated = [part.uncalibrated for part in parts if part.uncalibrated is not None]
    return System(
        parts[0].name,
        np.concatenate([part.decisions for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate(uncalibrated) if len(uncalibrated) == len(parts) else None,
        added_to_ngrams=parts[0].added_to_ngrams,
    )


def _spread(values: Values, own: LabelSet, labels: LabelSet) -> Values:
    """Expand (rows, own labels) to the columns of all `labels`; labels missing from a fold's training rows are 0."""
    spread = np.zeros((len(values), len(labels.names)), dtype=values.dtype)
    spread[:, [labels.names.index(name) for name in own.names]] = values
    return spread
