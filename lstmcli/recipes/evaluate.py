"""`lstmcli evaluate`: score a model on a labelled file. Nothing is tuned on its rows."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from lstmcli.config.model_settings import FormatName
from lstmcli.config.settings import EvaluationSettings
from lstmcli.config.thresholds import parse_choice
from lstmcli.corpus.corpus import Corpus, load_corpus
from lstmcli.corpus.examples import Examples, read_examples
from lstmcli.data.atomic import atomic_path, unwritable_parent
from lstmcli.data.reading import STANDARD_INPUT, Layout, input_layout
from lstmcli.errors import DataError, LstmcliError, UsageError, counted
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.decisions import SET_BY_HAND
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.metrics.threshold_choice import ONE_HALF, choose_rule
from lstmcli.recipes.score import evaluate_examples
from lstmcli.reports.files import to_html, to_json, to_markdown
from lstmcli.store.layout import (
    BASELINES_FOLDER,
    CONFIG_FILE,
    HTML_FILE,
    MARKDOWN_FILE,
    METRICS_FILE,
    SEEN_TEXTS_FOLDER,
)
from lstmcli.store.run_directory import RunDirectory
from lstmcli.store.seen_texts import read_seen_texts


@dataclass(frozen=True)
class ColumnOverrides:
    """Command-line options that replace what training used; None keeps the original (see `input_layout`)."""

    format: Literal["auto", FormatName] | None = None
    encoding: str | None = None
    text: str | None = None
    label: str | None = None


def evaluate_file(
    run: Path, path: str, overrides: ColumnOverrides, *, baselines: bool, threshold: str | None = None
) -> tuple[Examples, Evaluation]:
    """Score the model in `run` on `path`; return the rows and the evaluation.

    Args:
        run: a run directory or a model folder.
        path: of the rows.
        overrides: what replaces the columns of training.
        baselines: whether to compare with them.
        threshold: what replaces the model's thresholds, see `with_thresholds`.

    Raises:
        RunDirectoryError: no usable model.
        UsageError: `overrides.label` is set for a model of traits; or see `with_thresholds`, also for a DataError.
        DataError: no usable rows.
    """
    predictor = Predictor.open(run)
    if overrides.label is not None and predictor.model.columns.labels:
        raise UsageError("--label: this model has several yes/no columns; rename the columns of the file instead.")
    columns, rule = predictor.model.columns, predictor.model.rule
    evaluation_settings, group = _settings_of(run)
    may_be_empty = columns.label_separator is not None and not rule.at_least_one
    is_piped_table = path == STANDARD_INPUT and overrides.format in {None, "auto"}
    wanted = Layout("csv" if is_piped_table else overrides.format, overrides.encoding)
    layout = input_layout(path, wanted, Layout(columns.format, columns.encoding))
    settings = replace(
        columns,
        format=layout.format_name,  # type: ignore[arg-type]  # one of the names
        encoding=str(layout.encoding),
        text=overrides.text or columns.text,
        label=overrides.label or columns.label,
        group=group,
        unlabelled="keep" if may_be_empty else "drop",
    )
    examples = read_examples(path, settings, known_labels=predictor.model.labels.names, needs_group=False)
    evaluation_settings = replace(evaluation_settings, baselines=baselines)
    overlaps = _seen_by(run, examples)
    notes: tuple[str, ...] = ()
    if threshold is not None:
        predictor, notes = with_thresholds(predictor, run, threshold)
    evaluation = evaluate_examples(examples, predictor, run / BASELINES_FOLDER, evaluation_settings, overlaps=overlaps)
    if threshold is not None:  # the n-grams alone keep theirs, so not all of the difference comes from the network
        comparisons = [replace(each, added_to_ngrams="") for each in evaluation.comparisons]
        evaluation = replace(evaluation, comparisons=comparisons, notes=(*evaluation.notes, *notes))
    return examples, evaluation


def _seen_by(run: Path, examples: Examples) -> list[tuple[str, str, int]]:
    """Count the texts that the model was trained or tuned on; a copied model folder does not say which these are."""
    keys = np.unique(examples.table["text_key"])
    counts = [
        (f"the model's {split} rows", examples.name, len(np.intersect1d(keys, seen, assume_unique=True)))
        for split, seen in read_seen_texts(run / SEEN_TEXTS_FOLDER).items()
    ]
    return [overlap for overlap in counts if overlap[2]]


def _settings_of(run: Path) -> tuple[EvaluationSettings, str | None]:
    """Return the evaluation settings and the group column of the run, so that scores are comparable with training's.

    A model folder without its run gets the defaults.
    """
    if not (run / CONFIG_FILE).exists():
        return EvaluationSettings(), None
    config = RunDirectory(run).read_config()
    return config.evaluation, config.data.group


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
    try:
        choice = parse_choice(wanted)
    except ValueError as error:
        raise UsageError(f"--threshold: {error}") from None
    if model.labels.kind == "single":
        raise UsageError("--threshold: does not apply to single labels, where the most probable label is predicted.")
    notes: tuple[str, ...] = ()
    if choice.goal == "number":
        rule, where = model.rule.with_threshold(choice.value), SET_BY_HAND
    elif choice.goal == "half":
        half = model.rule.with_threshold(0.5)
        origins = (ONE_HALF,) * len(half.origins)
        rule, where = replace(half, at_least_one=model.rule.at_least_one, origins=origins), ONE_HALF
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
        where = f"tuned on {counted(len(probabilities), 'validation row')} of the run"
    told = f"Thresholds of the model, by --threshold {wanted}: {where}. The baselines keep theirs."
    return Predictor(replace(model, rule=rule)), (told, *notes)


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


def check_reports(folder: Path) -> None:
    """Check that reports can be written into `folder`, before anything is computed for them; nothing is changed.

    Raises:
        DataError: it can't be created or written, or contains other reports.
    """
    if (folder / CONFIG_FILE).exists():
        raise DataError(f"{folder}: is a run directory, whose reports would be overwritten; choose another --output.")
    if folder.is_file():
        raise DataError(f"{folder}: is a file; --output names a folder for the reports.")
    obstacle = unwritable_parent(folder)
    if obstacle is not None:
        raise DataError(f"{folder}: can't be written (no file can be created in {obstacle}).")
    there = [name for name in (METRICS_FILE, MARKDOWN_FILE, HTML_FILE) if (folder / name).exists()]
    if there and not _is_evaluation(folder / METRICS_FILE):
        raise DataError(
            f"{folder}: contains a {there[0]} that `lstmcli evaluate` did not write; choose another --output."
        )


def _is_evaluation(metrics: Path) -> bool:
    try:
        return "evaluations" in json.loads(metrics.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def write_reports(folder: Path, evaluation: Evaluation, run: Path) -> None:
    """Write metrics.json, report.md and report.html into `folder`, creating it if necessary.

    Raises:
        DataError: the folder can't be created or written.
    """
    facts = {"model": str(run)}
    title = f"Evaluation of {run} on {evaluation.name}"
    contents = {
        METRICS_FILE: to_json([evaluation], facts),
        MARKDOWN_FILE: to_markdown(title, [evaluation], facts),
        HTML_FILE: to_html(title, [evaluation], facts),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: can't be created ({error.strerror}).") from None
    for name, content in contents.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
