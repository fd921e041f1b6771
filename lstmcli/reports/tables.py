"""The tables of a report as titles and rows of text, from which console, Markdown and HTML are rendered."""

import math
from dataclasses import dataclass

from lstmcli.errors import counted
from lstmcli.metrics.evaluation import Evaluation, LabelScores
from lstmcli.reports.further import chance_sentence, label_cells
from lstmcli.reports.ranks import ranks_cells
from lstmcli.reports.slice_tables import slices_table
from lstmcli.reports.suspects import suspects_cells
from lstmcli.reports.table import NO_SCORE, SCORE_TITLES, Table, format_estimate
from lstmcli.reports.variants import variants_cells

# Larger confusion matrices can't be read; the most frequent confusions can.
MAX_CONFUSION_LABELS = 20
NUM_CONFUSIONS_SHOWN = 20

# With more labels than the first number, brief tables show only those with the most rows, as many as the second.
MAX_BRIEF_LABELS = 40
NUM_BRIEF_LABELS = 20


def evaluation_tables(evaluation: Evaluation, *, brief: bool = False) -> list[Table]:
    """Return the tables of one evaluation; the confusion matrix comes last. They grow at most in step with the labels.

    Args:
        evaluation: to show.
        brief: whether only the most frequent labels are shown if there are very many.
    """
    shown = _shown_labels(evaluation, brief=brief)
    tables = [systems_table(evaluation), _labels_table(evaluation, shown)]
    tables += [Table(*cells) for cells in label_cells(evaluation, shown.indices, shown.note, brief=brief)]
    tables[1:1] = [Table(*cells) for cells in ranks_cells(evaluation)]
    if evaluation.folds:
        tables.insert(1, folds_table(evaluation))
    if len(evaluation.labels) > 1:
        tables.append(comparison_table(evaluation, shown))
    tables += [slices_table(slicing) for slicing in evaluation.slices]
    if not brief:
        tables += [Table(*cells) for cells in (*suspects_cells(evaluation), *variants_cells(evaluation))]
    tables.append(coverage_table(evaluation, brief=brief))
    if evaluation.kind != "single":
        return [*tables, label_counts_table(evaluation, shown)]
    return [*tables, _confusion_table(evaluation) or confusions_table(evaluation)]


def systems_table(evaluation: Evaluation) -> Table:
    """Show the scores of all systems."""
    names = list(next(iter(evaluation.scores.values())))
    rows = [
        [
            system,
            *(format_estimate(scores[name]) for name in names),
            f"{evaluation.calibration[system].error:.3f}",
        ]
        for system, scores in evaluation.scores.items()
    ]
    groups = (
        ""
        if evaluation.num_groups is None
        else f" in {counted(evaluation.num_groups, 'group')}, resampled as whole groups"
    )
    over = counted(evaluation.num_rows, "row") + groups
    note = f"In brackets: {evaluation.confidence:.0%} bootstrap intervals over {over}."
    if "macro_f1" in names:
        note += f" {_macro_sentence(evaluation)}"
    columns = ["system", *(SCORE_TITLES[name] for name in names), "calibration error"]
    return Table(f"Scores on {evaluation.name}", columns, rows, note)


def folds_table(evaluation: Evaluation) -> Table:
    """Show the main score of each fold."""
    folds = evaluation.folds
    rows = [
        [str(number), *(f"{value:.3f}" for value in values)]
        for number, values in enumerate(zip(*(fold.values for fold in folds), strict=True), start=1)
    ]
    rows.append(["mean", *(format_estimate(fold.mean) for fold in folds)])
    note = (
        f"In brackets: {evaluation.confidence:.0%} intervals of the mean over folds, corrected for the overlap of "
        "the training sets (Nadeau and Bengio 2003)."
    )
    if evaluation.main_score == "macro_f1":
        note += " Macro-F1 of a fold is the mean over the labels that occur in its rows."
    score = SCORE_TITLES[evaluation.main_score]
    title = f"{score[0].upper()}{score[1:]} per fold"
    return Table(title, ["fold", *(fold.system for fold in folds)], rows, note)


def _macro_sentence(evaluation: Evaluation) -> str:
    """Say which labels macro-F1 averages over; scikit-learn also counts those that are only predicted."""
    labels = _own_labels(evaluation)
    absent = [scores for scores in labels if not scores.support]
    if not absent:
        return f"Macro-F1 is the mean over all {len(labels)} labels."
    num_picked = sum(scores.picked > 0 for scores in absent)
    picked = f"; {num_picked} of the others predicted, but not counted" if num_picked else ""
    num_occurring = len(labels) - len(absent)
    return f"Macro-F1 is the mean over the labels that occur in these rows ({num_occurring} of {len(labels)}{picked})."


def _own_labels(evaluation: Evaluation) -> list[LabelScores]:
    """Return the scores of the model itself, which is the first system."""
    return next(iter(evaluation.labels.values()))


@dataclass(frozen=True)
class ShownLabels:
    """The labels in a table, as indices, and a note on those that are left out."""

    indices: list[int]
    note: str


def all_labels(evaluation: Evaluation) -> ShownLabels:
    """Return all labels, for a table of any length."""
    return _shown_labels(evaluation, brief=False)


def _shown_labels(evaluation: Evaluation, *, brief: bool) -> ShownLabels:
    labels = _own_labels(evaluation)
    if not brief or len(labels) <= MAX_BRIEF_LABELS:
        return ShownLabels(list(range(len(labels))), "")
    by_support = sorted(range(len(labels)), key=lambda index: -labels[index].support)
    num_hidden = len(labels) - NUM_BRIEF_LABELS
    note = (
        f"The {NUM_BRIEF_LABELS} most frequent labels, and {num_hidden:,} more in report.html and metrics.json "
        "(lstmcli evaluate: --output DIR or --json)."
    )
    return ShownLabels(by_support[:NUM_BRIEF_LABELS], note)


def _labels_table(evaluation: Evaluation, shown: ShownLabels) -> Table:
    labels = _own_labels(evaluation)
    has_thresholds = any(scores.threshold is not None for scores in labels)
    rows = [_label_row(labels[index], has_thresholds=has_thresholds) for index in shown.indices]
    columns = ["label", "precision", "recall", "F1", "support", "predicted"]
    if has_thresholds:
        columns += ["threshold", "origin"]
    return Table("Labels", columns, rows, shown.note or chance_sentence(evaluation))


def _label_row(scores: LabelScores, *, has_thresholds: bool) -> list[str]:
    threshold = NO_SCORE if scores.threshold is None else f"{scores.threshold:.3f}"
    return [
        scores.label,
        f"{scores.precision.value:.3f}" if scores.support or scores.picked else NO_SCORE,
        f"{scores.recall.value:.3f}" if scores.support else NO_SCORE,
        format_estimate(scores.f1) if scores.support else NO_SCORE,
        f"{scores.support:,}",
        f"{scores.picked:,}",
        *([threshold, scores.threshold_origin or NO_SCORE] if has_thresholds else []),
    ]


def comparison_table(evaluation: Evaluation, shown: ShownLabels) -> Table:
    """Compare the systems per label: by accuracy for traits, otherwise by F1."""
    is_traits = evaluation.kind == "traits"
    by_label = list(zip(*evaluation.labels.values(), strict=True))
    rows = [
        [by_label[index][0].label, *(_compared(one, is_traits) for one in by_label[index])] for index in shown.indices
    ]
    title = "Accuracy per trait" if is_traits else "F1 per label"
    return Table(title, ["label", *evaluation.labels], rows, shown.note)


def _compared(scores: LabelScores, is_trait: bool) -> str:
    if is_trait:
        return format_estimate(scores.accuracy)
    return format_estimate(scores.f1) if scores.support else NO_SCORE


def label_counts_table(evaluation: Evaluation, shown: ShownLabels) -> Table:
    """Show how often each label is right, given by mistake, and missed."""
    columns = ["label", "true positive", "false positive", "false negative", "true negative"]
    names, counts = [scores.label for scores in _own_labels(evaluation)], evaluation.confusion or []
    rows = [[names[index], *map(str, counts[index])] for index in shown.indices]
    return Table("Confusion per label", columns, rows, shown.note, shades=[_shades(counts[at]) for at in shown.indices])


def _confusion_table(evaluation: Evaluation) -> Table | None:
    """Return the matrix, or None if there are too many labels to read it."""
    names, counts = [scores.label for scores in _own_labels(evaluation)], evaluation.confusion
    if counts is None or len(names) > MAX_CONFUSION_LABELS:
        return None
    return Table(
        "Confusion: actual labels in rows, predicted in columns",
        ["actual \\ predicted", *names],
        [[name, *map(str, row)] for name, row in zip(names, counts, strict=True)],
        shades=list(map(_shades, counts)),
    )


def confusions_table(evaluation: Evaluation) -> Table:
    """Show the most frequent pairs of an actual and another predicted label."""
    support = {scores.label: scores.support for scores in _own_labels(evaluation)}
    confusions = [cell for cell in evaluation.confusion_cells if cell.actual != cell.predicted]
    rows = [
        [cell.actual, cell.predicted, f"{cell.count:,}", f"{cell.count / support[cell.actual]:.1%}"]
        for cell in confusions[:NUM_CONFUSIONS_SHOWN]
    ]
    num_hidden = len(confusions) - len(rows)
    note = f"And {num_hidden:,} more pairs of labels, all of which are in metrics.json." if num_hidden else ""
    note = note or ("" if rows else "No row was given a wrong label.")
    columns = ["actual", "predicted", "rows", "share of actual"]
    return Table("Most frequent confusions", columns, rows, note, num_names=2)


def coverage_table(evaluation: Evaluation, *, brief: bool) -> Table:
    """Show what `predict --min-confidence` would bring; if `brief`, only for the coverages that differ most."""
    rows = evaluation.coverage[::2] if brief else evaluation.coverage
    # Rounded down, so that a cut-off that is typed as it stands here keeps these rows.
    cells = [
        [f"{row.coverage:.0%}", f"{math.floor(1000 * row.min_confidence) / 1000:.3f}", f"{row.num_rows:,}"]
        + [f"{value:.3f}" for value in row.scores.values()]
        for row in rows
    ]
    columns = ["kept", "confidence from", "rows", *(SCORE_TITLES[name] for name in rows[0].scores)]
    note = "The most confident predictions; `lstmcli predict --min-confidence X` leaves the others empty."
    return Table("Accuracy if uncertain texts are left out", columns, cells, note)


def _shades(counts: list[int]) -> list[float]:
    """Return each count as a fraction of its row."""
    total = max(1, sum(counts))
    return [count / total for count in counts]
