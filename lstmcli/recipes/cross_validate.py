"""`lstmcli evaluate --folds`: train once a fold, and score every row by the model that never saw it."""

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.checkpoint import RunDirectory
from lstmcli.config.loading import dump_config
from lstmcli.config.settings import Config, OutputSettings
from lstmcli.data.examples import Examples, read_examples
from lstmcli.errors import ConfigError, RunDirectoryError
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.evaluation import Evaluation, System, evaluate
from lstmcli.metrics.folds import with_folds
from lstmcli.recipes.corpus import Corpus, fold_corpora, label_targets
from lstmcli.recipes.finish import write_reports
from lstmcli.recipes.resume import check_same_config
from lstmcli.recipes.train import train
from lstmcli.recipes.yardsticks import predict_systems
from lstmcli.reports.console import Reporter
from lstmcli.text.labels import LabelSet

FOLDS_FILE = "folds.json"

Values = NDArray[Any]


def cross_validate(
    config: Config, run: RunDirectory, reporter: Reporter, *, num_folds: int, resume: bool, overwrite: bool
) -> Evaluation:
    """Part the training and validation rows of `config` into folds, and train and test with each fold left out once.

    Rows with the same text or of the same group share a fold. `data.test` is not touched.

    Args:
        config: of every training.
        run: where everything is written; each fold is a run of its own in it.
        reporter: tells the user.
        num_folds: at least 2.
        resume: whether finished folds of an interrupted run count.
        overwrite: whether an earlier run is replaced.

    Raises:
        LstmcliError: anything that the user can fix.
        InterruptedTrainingError: on Ctrl-C or SIGTERM, with the state saved.
    """
    if config.data.soft_labels > 0.0:
        raise ConfigError("data.soft_labels: folds are scored on labels; set it to 0, or evaluate without --folds.")
    if resume:
        check_same_config(config, run)
    else:
        run.check_free(overwrite=overwrite)
    paths = [path for path in (config.data.train, config.data.validation) if path is not None]
    examples = read_examples(paths, config.data)
    reporter.rows(examples.report)
    _claim(config, run, examples, num_folds=num_folds, resume=resume, overwrite=overwrite)
    results = []
    seed = config.training.seed
    for number, corpus in enumerate(fold_corpora(examples, config.data, num_folds=num_folds, seed=seed), start=1):
        reporter.line("fold", f"{number} of {num_folds}: {len(corpus.test.table) if corpus.test else 0:,} test rows")
        results.append(_fold(config, run.fold(number), corpus, reporter, resume=resume))
    evaluation = _pooled(examples.name, results, config)
    write_reports(run, [evaluation], {"folds": num_folds, "rows": len(examples.table)}, [])
    return evaluation


@dataclass(frozen=True)
class _FoldResult:
    """What all systems made of the fold's rows, and the right answers; columns are those of `labels`."""

    labels: LabelSet
    systems: list[System]
    targets: NDArray[np.bool_]


def _claim(
    config: Config, run: RunDirectory, examples: Examples, *, num_folds: int, resume: bool, overwrite: bool
) -> None:
    """Start the run directory, or make sure that it was started for the same folds of the same rows."""
    content = json.dumps({"folds": num_folds, "rows": examples.digest()}) + "\n"
    path = run.path / FOLDS_FILE
    if not resume:
        run.claim(overwrite=overwrite)
        run.write_text(FOLDS_FILE, content)
        run.write_config(dump_config(config))
    elif not path.is_file() or path.read_text(encoding="utf-8") != content:
        raise RunDirectoryError(f"{run.path}: was started with other rows or another --folds; use --overwrite.")


def _fold(config: Config, run: RunDirectory, corpus: Corpus, reporter: Reporter, *, resume: bool) -> _FoldResult:
    """Train on one fold's corpus, unless that was done before, and predict its test rows."""
    if corpus.test is None:
        raise ValueError("expected a corpus with test rows")
    if not (resume and run.is_finished):
        own = replace(config, output=OutputSettings(run_dir=str(run.path)))
        train(own, run, reporter, resume=resume and run.is_run, overwrite=False, corpus=corpus)
    baselines = run.baselines if config.evaluation.baselines else None
    systems = predict_systems(corpus.test.texts, Predictor.open(run.path), baselines)
    return _FoldResult(corpus.labels, systems, label_targets(corpus.test, corpus.labels))


def _pooled(name: str, results: list[_FoldResult], config: Config) -> Evaluation:
    """Score the rows of all folds together, and fold by fold."""
    kind = results[0].labels.kind
    all_names = dict.fromkeys(label for result in results for label in result.labels.names)
    labels = tuple(all_names) if kind == "traits" else tuple(sorted(all_names))
    targets = np.concatenate([_spread(result.targets, result.labels, labels) for result in results])
    fold = np.repeat(np.arange(len(results)), [len(result.targets) for result in results])
    systems = [
        _pooled_system([(system, result.labels) for system, result in zip(parts, results, strict=True)], labels)
        for parts in zip(*(result.systems for result in results), strict=True)
    ]
    evaluation = evaluate(f"{name}, fold by fold", systems, targets, labels, kind, config.evaluation)
    return with_folds(evaluation, systems, targets, fold)


def _pooled_system(parts: list[tuple[System, LabelSet]], labels: tuple[str, ...]) -> System:
    def joined(values: list[Values]) -> Values:
        own = [label_set for _, label_set in parts]
        return np.concatenate([_spread(value, one, labels) for value, one in zip(values, own, strict=True)])

    first = parts[0][0]
    uncalibrated = [system.uncalibrated for system, _ in parts if system.uncalibrated is not None]
    return System(
        first.name,
        joined([system.decisions for system, _ in parts]),
        joined([system.probabilities for system, _ in parts]),
        None if first.uncalibrated is None else joined(uncalibrated),
    )


def _spread(values: Values, own: LabelSet, labels: tuple[str, ...]) -> Values:
    """Give (rows, own labels) the columns of all `labels`; one that a fold's training rows lacked is 0 there."""
    spread = np.zeros((len(values), len(labels)), dtype=values.dtype)
    spread[:, [labels.index(name) for name in own.names]] = values
    return spread
