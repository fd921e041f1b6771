"""`lstmcli evaluate`: score a model on a labelled file. Nothing is tuned on its rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from lstmcli.config.model_settings import DataSettings, FormatName
from lstmcli.config.settings import Config, EvaluationSettings
from lstmcli.corpus.examples import Examples, read_examples
from lstmcli.data.reading import STANDARD_INPUT, Layout, input_layout
from lstmcli.errors import UsageError
from lstmcli.inference.predictor import Predictor
from lstmcli.recipes.evaluation.extras import add_extras, check_extras
from lstmcli.recipes.evaluation.thresholds import with_thresholds
from lstmcli.recipes.evaluation.variants import with_variants
from lstmcli.recipes.evaluation.wanted import NO_EXTRAS, Extras
from lstmcli.recipes.levels.people import with_people
from lstmcli.recipes.levels.scores import with_score_people
from lstmcli.recipes.reporting.content import content_of_evaluation, readable
from lstmcli.recipes.reporting.folder import write_contents, write_files
from lstmcli.recipes.reporting.texts import shown_texts
from lstmcli.recipes.score import ScoredRows
from lstmcli.recipes.tasks.reporting import AnyScored, scorer_of
from lstmcli.reports.scores.files import score_reports
from lstmcli.store.layout import BASELINES_FOLDER, CONFIG_FILE, SEEN_TEXTS_FOLDER
from lstmcli.store.model import SavedModel
from lstmcli.store.provenance import Provenance, provenance
from lstmcli.store.run_directory import RunDirectory
from lstmcli.store.seen_texts import read_seen_texts


@dataclass(frozen=True)
class ColumnOverrides:
    """Command-line options that replace what training used; None keeps the original (see `input_layout`)."""

    format: Literal["auto", FormatName] | None = None
    encoding: str | None = None
    text: str | None = None
    label: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Opened:
    """A model and the rows to score it on.

    Attributes:
        predictor: the model.
        settings: how the rows were read.
        examples: the rows.
        evaluation: settings of the evaluation.
        overlaps: which of the texts the model has seen, see `score_examples`.
        provenance: what the scores come from.
    """

    predictor: Predictor
    settings: DataSettings
    examples: Examples
    evaluation: EvaluationSettings
    overlaps: Sequence[tuple[str, str, int]] | None
    provenance: Provenance


def evaluate_file(
    run: Path,
    path: str,
    overrides: ColumnOverrides,
    *,
    baselines: bool,
    threshold: str | None = None,
    extras: Extras = NO_EXTRAS,
) -> AnyScored:
    """Score the model in `run` on `path`.

    Args:
        run: a run directory or a model folder.
        path: of the rows.
        overrides: what replaces the columns of training.
        baselines: whether to compare with them.
        threshold: what replaces the model's thresholds, see `with_thresholds`.
        extras: what is wanted besides scores.

    Raises:
        RunDirectoryError: no usable model.
        UsageError: `overrides.label` is set for a model of traits; or see `with_thresholds`, also for a DataError.
        DataError: no usable rows.
    """
    opened = open_rows(run, path, overrides, extras)
    predictor = opened.predictor
    evaluation_settings = replace(opened.evaluation, baselines=baselines)
    notes: tuple[str, ...] = ()
    if threshold is not None:
        predictor, notes = with_thresholds(predictor, run, threshold)
    scored = scorer_of(predictor.model)(
        opened.examples, predictor, run / BASELINES_FOLDER, evaluation_settings, overlaps=opened.overlaps
    )
    scored = replace(scored, provenance=opened.provenance)
    # The n-grams alone keep their thresholds, so not all of the difference comes from the network.
    if threshold is not None and isinstance(scored, ScoredRows):
        evaluation = scored.evaluation
        comparisons = [replace(each, added_to_ngrams="") for each in evaluation.comparisons]
        evaluation = replace(evaluation, comparisons=comparisons, notes=(*evaluation.notes, *notes))
        scored = replace(scored, evaluation=evaluation)
    scored = add_extras(extras, scored, [path], opened.settings, evaluation_settings)
    if not isinstance(scored, ScoredRows):
        return scored if extras.by is None else with_score_people(extras.by, scored, evaluation_settings)
    if extras.variants:
        scored = with_variants(scored, predictor)
    if extras.by is None:
        return scored
    return with_people(extras.by, scored, predictor.model.rule, evaluation_settings)


def open_rows(run: Path, path: str, overrides: ColumnOverrides, extras: Extras = NO_EXTRAS) -> Opened:
    """Open the model in `run` and read the rows of `path`; see `evaluate_file` for arguments and errors."""
    predictor = Predictor.open(run)
    model = predictor.model
    if overrides.label is not None and model.scores is not None:
        raise UsageError("--label: this model predicts scores; rename the columns of the file to theirs instead.")
    if overrides.label is not None and model.columns.labels:
        raise UsageError("--label: this model has several yes/no columns; rename the columns of the file instead.")
    config = _config_of(run)
    settings = _row_settings(path, overrides, model, None if config is None else config.data.group)
    check_extras(extras, [path], settings, model.labels)
    needs_group = overrides.group is not None
    source = provenance(config, [path])
    examples = read_examples(path, settings, known_labels=model.labels.names, needs_group=needs_group)
    evaluation = EvaluationSettings() if config is None else config.evaluation
    return Opened(predictor, settings, examples, evaluation, _seen_by(run, examples), source)


def _row_settings(path: str, overrides: ColumnOverrides, model: SavedModel, group: str | None) -> DataSettings:
    """Return how the rows of `path` are read."""
    columns = model.columns
    may_be_empty = columns.label_separator is not None and not model.rule.at_least_one
    is_piped_table = path == STANDARD_INPUT and overrides.format in {None, "auto"}
    wanted = Layout("csv" if is_piped_table else overrides.format, overrides.encoding)
    layout = input_layout(path, wanted, Layout(columns.format, columns.encoding))
    return replace(
        columns,
        format=layout.format_name,  # type: ignore[arg-type]  # one of the names
        encoding=str(layout.encoding),
        text=overrides.text or columns.text,
        label=overrides.label or columns.label,
        annotators=columns.annotators if overrides.label is None else (),
        group=overrides.group or group,
        unlabelled="keep" if may_be_empty else "drop",
    )


def _seen_by(run: Path, examples: Examples) -> list[tuple[str, str, int]] | None:
    """Count the texts that the model was trained or tuned on; a copied model folder does not say which these are."""
    seen_by_split = read_seen_texts(run / SEEN_TEXTS_FOLDER)
    if not seen_by_split:
        return None
    keys = np.unique(examples.table["text_key"])
    counts = [
        (f"the model's {split} rows", examples.name, len(np.intersect1d(keys, seen, assume_unique=True)))
        for split, seen in seen_by_split.items()
    ]
    return [overlap for overlap in counts if overlap[2]]


def _config_of(run: Path) -> Config | None:
    """Return the config of the run, so that scores are comparable with training's; a copied model folder has none."""
    return RunDirectory(run).read_config() if (run / CONFIG_FILE).exists() else None


def shows_texts(run: Path) -> bool:
    """Whether reports on the model in `run` may show texts."""
    config = _config_of(run)
    return config is None or config.evaluation.texts


def write_reports(folder: Path, scored: AnyScored, run: Path, *, texts: bool) -> None:
    """Write metrics.json, report.md and report.html into `folder`, creating it if necessary.

    Args:
        folder: for the reports.
        scored: the rows.
        run: the model's run directory or model folder.
        texts: whether some texts of the rows are shown.

    Raises:
        DataError: the folder can't be created or written.
    """
    title, facts = f"Evaluation of {run} on {scored.evaluation.name}", {"model": str(run)}
    if not isinstance(scored, ScoredRows):
        write_files(folder, score_reports(title, scored.evaluations, facts, scored.provenance))
        return
    predictor = Predictor.open(run)
    content = content_of_evaluation(
        title,
        scored,
        predictor.model,
        facts,
        texts=shown_texts(readable(scored), lambda _: predictor) if texts else None,
    )
    write_contents(folder, content)
