"""`lstmcli report`: the report on a file of predictions, without the model that made them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.config.settings import EvaluationSettings
from lstmcli.corpus.label_set import SET_SEPARATOR, LabelSet
from lstmcli.errors import DataError, counted
from lstmcli.metrics.baseline_names import MAJORITY_NAME, MEDIAN_NAME
from lstmcli.metrics.decisions import untuned_rule
from lstmcli.metrics.evaluation import Evaluation, System, evaluate
from lstmcli.recipes.comparison.prediction_files import (
    FileOptions,
    FileRows,
    check_order,
    labels_of,
    numbered,
    read_rows,
    rows_with_labels,
    separator_of,
)
from lstmcli.recipes.reporting.effects import effects_of
from lstmcli.recipes.reporting.texts import ReadableRows, shown_texts
from lstmcli.recipes.reporting.versions import versions
from lstmcli.reports.report_page.content import DataFile, ReportContent

MODEL_NAME = "this model"

# Rounded probabilities of one label per text sum to 1 within this distance.
MAX_DISTANCE_FROM_1 = 0.01

NO_BASELINES = (
    "The majority class is that of these very rows. TF-IDF and the n-grams alone need the model: lstmcli evaluate."
)


@dataclass(frozen=True)
class _Predicted:
    """Rows with their labels and probabilities, (rows, labels) each, and what is known of each row, (rows,)."""

    name: str
    labels: LabelSet
    targets: NDArray[np.bool_]
    decisions: NDArray[np.bool_]
    probabilities: NDArray[np.float64]
    texts: Sequence[str]
    lines: Sequence[int]
    groups: NDArray[np.int64] | None
    folds: NDArray[np.int64] | None
    num_left_out: int


def rebuild(path: str, options: FileOptions, *, is_traits: bool = False, texts: bool = True) -> ReportContent:
    """Return the report on the predictions in the file at `path`.

    Args:
        path: of a file that `lstmcli evaluate --predictions` has written.
        options: how it is read.
        is_traits: whether each label is a yes/no question; otherwise, the rows tell one label from several.
        texts: whether some texts of the rows are shown.

    Raises:
        DataError: the file can't be read, lacks columns, or has cells that are no probabilities.
    """
    rows = _predicted(read_rows(path, options, with_probabilities=True), options, is_traits=is_traits)
    model = System(MODEL_NAME, rows.decisions, rows.probabilities)
    readable = ReadableRows(rows.texts, lambda row: f"line {rows.lines[row]}", rows.labels, rows.targets, model)
    num_repeated = len(rows.texts) - len(set(rows.texts))
    file = DataFile("testing", rows.name, len(rows.texts), rows.num_left_out, num_repeated)
    return ReportContent(
        title=f"Predictions in {rows.name}",
        evaluations=[_evaluation(rows, model)],
        facts={"predictions": rows.name},
        subject=f"{counted(len(rows.texts), 'text')} with predictions in {rows.name}; the model itself was not used.",
        files=[file],
        versions=versions(),
        texts=shown_texts(readable) if texts else None,
    )


def _evaluation(rows: _Predicted, model: System) -> Evaluation:
    kind, settings = rows.labels.kind, EvaluationSettings()
    shares = np.tile(rows.targets.mean(axis=0), (len(rows.targets), 1))
    rule = untuned_rule(kind, len(rows.labels.names), at_least_one=kind == "multi")
    systems = [model, System(MAJORITY_NAME, rule.decide(shares), shares)]
    if rows.labels.is_ordered:
        systems.append(System(MEDIAN_NAME, replace(rule, measure="mae").decide(shares), shares))
    found = evaluate(
        rows.name,
        systems,
        rows.targets,
        rows.labels.names,
        kind,
        settings,
        is_ordered=rows.labels.is_ordered,
        groups=rows.groups,
    )
    if rows.folds is not None:
        from lstmcli.metrics.folds import with_folds  # loads scipy

        found = with_folds(found, systems, rows.targets, rows.folds)
    effects = effects_of(rows.texts, rows.targets, model, kind, settings, groups=rows.groups)
    return replace(found, effects=effects, notes=(NO_BASELINES,))


def _predicted(file: FileRows, options: FileOptions, *, is_traits: bool) -> _Predicted:
    if not file.texts:
        raise DataError(f"{file.name}: there is no row with a prediction.")
    if not file.label_names:
        raise DataError(
            f"{file.name}: has no column probability_LABEL; "
            "`lstmcli evaluate RUN FILE --predictions OUT.csv` writes them."
        )
    probabilities = _probabilities(file)
    is_single = bool((np.abs(probabilities.sum(axis=1) - 1.0) < MAX_DISTANCE_FROM_1).all())
    separator = options.separator or (SET_SEPARATOR if is_traits or not is_single else separator_of([file]))
    kind: LabelKind = "traits" if is_traits else "single" if separator is None else "multi"
    labels = LabelSet(tuple(file.label_names), kind)
    if options.ordered:
        check_order(options.ordered, labels.names, kind, file.name)
        labels, probabilities = _in_order(options.ordered, labels, probabilities)
    gold, predicted = labels_of(file, separator)
    kept = rows_with_labels(file, gold, separator)
    targets, decisions = (_matrix(file, labels, [cells[row] or () for row in kept]) for cells in (gold, predicted))
    return _Predicted(
        file.name,
        labels,
        targets,
        decisions,
        probabilities[kept],
        [file.texts[row] for row in kept],
        [file.lines[row] for row in kept],
        None if options.group is None else numbered([file.groups[row] for row in kept]),
        _folds([file.folds[row] for row in kept]),
        file.num_left_out + len(gold) - len(kept),
    )


def _in_order(
    ordered: tuple[str, ...], labels: LabelSet, probabilities: NDArray[np.float64]
) -> tuple[LabelSet, NDArray[np.float64]]:
    """Return the columns in the order of the labels; one that the file does not have is never predicted."""
    found = np.zeros((len(probabilities), len(ordered)))
    found[:, [ordered.index(name) for name in labels.names]] = probabilities
    return LabelSet(ordered, labels.kind, is_ordered=True), found


def _probabilities(file: FileRows) -> NDArray[np.float64]:
    found = np.empty((len(file.probabilities), len(file.label_names)))
    for number, cells in enumerate(file.probabilities):
        try:
            found[number] = [float(cell) for cell in cells]
        except (TypeError, ValueError):
            found[number] = np.nan
        if not ((found[number] >= 0.0) & (found[number] <= 1.0)).all():
            raise DataError(
                f"{file.name}, line {file.lines[number]}: the columns probability_LABEL need numbers from 0 to 1."
            )
    return found


def _matrix(file: FileRows, labels: LabelSet, rows: Sequence[tuple[str, ...]]) -> NDArray[np.bool_]:
    unknown = sorted({name for names in rows for name in names} - set(labels.names))
    if unknown:
        raise DataError(
            f"{file.name}: there is no column probability_{unknown[0]} for the label {unknown[0]!r}. "
            f"Labels: {', '.join(labels.names)}. For several labels per text, name what separates them with "
            "--label-separator."
        )
    return labels.targets(rows)


def _folds(cells: Sequence[object]) -> NDArray[np.int64] | None:
    """Return the fold of each row, from 0; None unless the file says it of all rows, and of at least two folds."""
    names = [str(cell) for cell in cells if cell not in (None, "")]
    if len(names) < len(cells) or len(set(names)) < 2:
        return None
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)
