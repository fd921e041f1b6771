"""The tables of a report as titles and rows of text, from which console, Markdown and HTML are rendered."""

from dataclasses import dataclass

from lstmcli.errors import counted
from lstmcli.metrics.evaluation import Comparison, Estimate, Evaluation, LabelScores

SCORE_TITLES = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "micro_f1": "micro-F1",
    "jaccard": "Jaccard",
    "mean_accuracy": "mean accuracy",
    "log_loss": "log loss",
    "perplexity": "perplexity",
}

# With fewer rows or groups, bootstrap intervals are far too narrow; with one, they have no width at all.
MIN_DRAWN = 20


@dataclass(frozen=True)
class Table:
    """A title, the names of the columns, and rows of cells; the first column names the row, the others are figures."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""


def evaluation_tables(evaluation: Evaluation) -> list[Table]:
    """Return the tables of one evaluation; the confusion matrix comes last."""
    tables = [_systems_table(evaluation), _labels_table(evaluation)]
    if evaluation.folds:
        tables.insert(1, _folds_table(evaluation))
    if len(evaluation.labels) > 1:
        tables.append(_comparison_table(evaluation))
    return [*tables, _confusion_table(evaluation)]


def verdict_sentences(evaluation: Evaluation) -> list[str]:
    """Return one sentence per baseline on whether the model differs from it significantly, then any caveats."""
    num_drawn = evaluation.num_rows if evaluation.num_groups is None else evaluation.num_groups
    if num_drawn < MIN_DRAWN and evaluation.comparisons:
        what = "row" if evaluation.num_groups is None else "group"
        sentences = [f"{counted(num_drawn, what)}: too few for a verdict or for reliable intervals."]
    else:
        sentences = [_verdict(comparison) for comparison in evaluation.comparisons]
    sentences += evaluation.notes
    if evaluation.is_tuned_on:
        sentences.append(
            "The best epoch and the decision rule were chosen on these rows, so the model's scores here are somewhat "
            "optimistic. For unbiased scores, use rows that training never saw (data.test or lstmcli evaluate)."
        )
    return sentences


def format_estimate(estimate: Estimate) -> str:
    """Return "0.873 [0.851, 0.894]"."""
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _verdict(comparison: Comparison) -> str:
    difference = comparison.difference
    amount = (
        f"{100 * difference.value:+.1f} points of {SCORE_TITLES[comparison.score]} "
        f"(interval {100 * difference.low:+.1f} to {100 * difference.high:+.1f})"
    )
    if comparison.verdict == "better":
        return f"The model is better than {comparison.other}: {amount}."
    if comparison.verdict == "worse":
        return f"The model is WORSE than {comparison.other}: {amount}. Use that instead, or train on more rows."
    return f"The model does NOT differ significantly from {comparison.other} on these rows: {amount}."


def _systems_table(evaluation: Evaluation) -> Table:
    names = list(next(iter(evaluation.scores.values())))
    rows = [
        [
            system,
            *(format_estimate(scores[name]) for name in names),
            f"{evaluation.calibration[system].error:.3f}",
        ]
        for system, scores in evaluation.scores.items()
    ]
    own = next(iter(evaluation.calibration.values()))
    groups = (
        ""
        if evaluation.num_groups is None
        else f" in {counted(evaluation.num_groups, 'group')}, resampled as whole groups"
    )
    over = counted(evaluation.num_rows, "row") + groups
    note = f"In brackets: {evaluation.confidence:.0%} bootstrap intervals over {over}."
    if own.error_before is not None:
        note += f" The model's calibration error before temperature scaling: {own.error_before:.3f}."
    columns = ["system", *(SCORE_TITLES[name] for name in names), "calibration error"]
    return Table(f"Scores on {evaluation.name}", columns, rows, note)


def _folds_table(evaluation: Evaluation) -> Table:
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
    score = SCORE_TITLES[evaluation.main_score]
    title = f"{score[0].upper()}{score[1:]} per fold"
    return Table(title, ["fold", *(fold.system for fold in folds)], rows, note)


def _own_labels(evaluation: Evaluation) -> list[LabelScores]:
    """Return the scores of the model itself, which is the first system."""
    return next(iter(evaluation.labels.values()))


def _comparison_table(evaluation: Evaluation) -> Table:
    """Compare the systems per label: by accuracy for traits, otherwise by F1."""
    figure = "accuracy" if evaluation.kind == "traits" else "f1"
    rows = [
        [scores[0].label, *(format_estimate(getattr(one, figure)) for one in scores)]
        for scores in zip(*evaluation.labels.values(), strict=True)
    ]
    title = "Accuracy per trait" if evaluation.kind == "traits" else "F1 per label"
    return Table(title, ["label", *evaluation.labels], rows)


def _labels_table(evaluation: Evaluation) -> Table:
    rows = [
        [
            scores.label,
            f"{scores.precision.value:.3f}",
            f"{scores.recall.value:.3f}",
            format_estimate(scores.f1),
            f"{scores.support:,}",
            f"{scores.picked:,}",
        ]
        for scores in _own_labels(evaluation)
    ]
    return Table("Labels", ["label", "precision", "recall", "F1", "support", "predicted"], rows)


def _confusion_table(evaluation: Evaluation) -> Table:
    names = [scores.label for scores in _own_labels(evaluation)]
    if evaluation.kind == "single":
        columns, title = ["actual \\ predicted", *names], "Confusion: actual labels in rows, predicted in columns"
    else:
        columns = ["label", "true positive", "false positive", "false negative", "true negative"]
        title = "Confusion per label"
    rows = [[name, *map(str, counts)] for name, counts in zip(names, evaluation.confusion, strict=True)]
    return Table(title, columns, rows)
