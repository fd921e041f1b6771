"""The tables of an evaluation of scores."""

from lstmcli.errors import counted
from lstmcli.metrics.estimates import Estimate
from lstmcli.metrics.score_evaluation import FIGURES, MAIN_FIGURE, OneScore, ScoreEvaluation
from lstmcli.metrics.score_slices import ScoreSlicing
from lstmcli.metrics.slices import MIN_SLICE
from lstmcli.reports.scores.titles import TITLES
from lstmcli.reports.table import NO_SCORE, Table, format_estimate

FIGURE_NOTE = (
    "r: Pearson's correlation. R2: the part of the variance that is predicted; 0 for the mean of these rows, below 0 "
    "for worse. RMSE and MAE: errors in the unit of the score. CCC: concordance, 1 only where all are right."
)


def score_tables(evaluation: ScoreEvaluation, *, brief: bool = False) -> list[Table]:
    """Return the tables of one evaluation; if `brief`, with intervals only where systems are compared."""
    tables = [_systems_table(evaluation, brief=brief), _scores_table(evaluation, brief=brief)]
    if evaluation.folds:
        tables.insert(1, _folds_table(evaluation))
    if len(evaluation.each_score) > 1 and len(_own(evaluation)) > 1:
        tables.append(_comparison_table(evaluation))
    if evaluation.intervals:
        tables.append(_intervals_table(evaluation))
    return [*tables, *(_slices_table(slicing, brief=brief) for slicing in evaluation.slices)]


def _slices_table(slicing: ScoreSlicing, *, brief: bool) -> Table:
    rows = [
        [
            each.value,
            f"{each.num_rows:,}{' *' if each.is_small else ''}",
            *(_figure(name, each.figures[name], brief=brief) for name in FIGURES),
        ]
        for each in slicing.slices
    ]
    what = "rows" if slicing.slices[0].num_groups is None else "groups"
    note = f"* Fewer than {MIN_SLICE} {what}: not reliable. " if any(each.is_small for each in slicing.slices) else ""
    note += "R2 and r compare with the mean and the spread of a slice's own rows; RMSE and MAE compare across slices."
    return Table(f"Slices by {slicing.name}", ["slice", "rows", *(TITLES[name] for name in FIGURES)], rows, note)


def _own(evaluation: ScoreEvaluation) -> list[OneScore]:
    """Return the figures of the model itself, which is the first system."""
    return next(iter(evaluation.each_score.values()))


def _figure(figure: str, estimate: Estimate | None, *, brief: bool) -> str:
    if estimate is None:
        return NO_SCORE
    return format_estimate(estimate) if not brief or figure == MAIN_FIGURE else f"{estimate.value:.3f}"


def _systems_table(evaluation: ScoreEvaluation, *, brief: bool) -> Table:
    rows = [
        [system, *(_figure(name, scores[name], brief=brief) for name in FIGURES)]
        for system, scores in evaluation.scores.items()
    ]
    over = counted(evaluation.num_rows, "row")
    if evaluation.num_groups is not None:
        over += f" in {counted(evaluation.num_groups, 'group')}, resampled as whole groups"
    num_scores = len(_own(evaluation))
    means = f"Means over {num_scores} scores. " if num_scores > 1 else ""
    note = f"{means}In brackets: {evaluation.confidence:.0%} bootstrap intervals over {over}. {FIGURE_NOTE}"
    return Table(f"Scores on {evaluation.name}", ["system", *(TITLES[name] for name in FIGURES)], rows, note)


def _scores_table(evaluation: ScoreEvaluation, *, brief: bool) -> Table:
    rows = [
        [one.name, f"{one.num_rows:,}", *(_figure(name, getattr(one, name), brief=brief) for name in FIGURES)]
        for one in _own(evaluation)
    ]
    return Table("Each score", ["score", "rows", *(TITLES[name] for name in FIGURES)], rows)


def _comparison_table(evaluation: ScoreEvaluation) -> Table:
    by_score = zip(*evaluation.each_score.values(), strict=True)
    rows = [[ones[0].name, *(_figure("", getattr(one, MAIN_FIGURE), brief=True) for one in ones)] for ones in by_score]
    return Table(f"{TITLES[MAIN_FIGURE]} of each score", ["score", *evaluation.each_score], rows)


def _intervals_table(evaluation: ScoreEvaluation) -> Table:
    asked = list(dict.fromkeys(each.asked for each in evaluation.intervals))
    rows = []
    for name in dict.fromkeys(each.name for each in evaluation.intervals):
        cells = {each.asked: each for each in evaluation.intervals if each.name == name}
        row = [name]
        for coverage in asked:
            covered, width = cells[coverage].covered, cells[coverage].width
            row.append(NO_SCORE if covered is None or width is None else f"{covered:.1%} ({width:.2f} wide)")
        rows.append(row)
    note = "How often the truth lies in the interval that `lstmcli predict --interval X` gives, and how wide it is."
    return Table("Prediction intervals", ["score", *(f"asked {each:.0%}" for each in asked)], rows, note)


def _folds_table(evaluation: ScoreEvaluation) -> Table:
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
    return Table(f"{TITLES[MAIN_FIGURE]} per fold", ["fold", *(fold.system for fold in folds)], rows, note)
