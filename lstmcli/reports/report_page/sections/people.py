"""How answers for people improve with the number of their texts."""

from lstmcli.charts import Line, line_chart
from lstmcli.metrics.estimates import Estimate
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.metrics.people import MoreTexts
from lstmcli.reports.report_page.blocks import Block, Cell, Charts, Folded, Grid, Paragraph, Section, Svg

TITLE = "What more texts of a person bring"


def people(evaluation: Evaluation) -> Section | None:
    """Return a chart and its figures; None if it was not asked for answers for people."""
    more = evaluation.more_texts
    if more is None:
        return None
    points = points_of(more)
    told = (
        "One answer for each person, from so many of their texts, drawn at random, or from all where there are fewer. "
        "The last point is that of all texts, at the mean number of a person."
    )
    blocks: list[Block] = [Paragraph(told)]
    if len(points) > 2:
        blocks.append(Charts([Svg.within(_chart(evaluation, points))]))
    blocks.append(Folded("The figures", [_figures(evaluation, more)]))
    return Section("people", TITLE, blocks)


def points_of(more: MoreTexts) -> list[tuple[float, Estimate]]:
    """Return the points of the curve: number of texts, and accuracy."""
    curve = [(float(number), value) for number, value in more.curve if number < more.mean_texts]
    return [(1.0, more.one), *curve, (max(more.mean_texts, 1.0), more.all)]


def _chart(evaluation: Evaluation, points: list[tuple[float, Estimate]]) -> str:
    score = _score(evaluation)
    return line_chart(
        f"{score[0].upper()}{score[1:]} by the number of texts",
        [
            Line(score, [(number, value.value) for number, value in points]),
            Line(f"{evaluation.confidence:.0%} interval, lower end", [(number, value.low) for number, value in points]),
            Line(
                f"{evaluation.confidence:.0%} interval, upper end", [(number, value.high) for number, value in points]
            ),
        ],
        x_label="texts of a person",
        y_label=f"{score}; intervals resample people",
        description=f"{score} from one text to all texts of a person.",
        x_scale="log",
    )


def _figures(evaluation: Evaluation, more: MoreTexts) -> Grid:
    named = [("1", more.one), *((f"{number:,}", value) for number, value in more.curve), ("all", more.all)]
    rows = [
        [Cell(name), Cell(f"{value.value:.3f}"), Cell(f"{value.low:.3f} to {value.high:.3f}")] for name, value in named
    ]
    return Grid("By number of texts", ["texts", _score(evaluation), f"{evaluation.confidence:.0%} interval"], rows)


def _score(evaluation: Evaluation) -> str:
    return "accuracy" if evaluation.kind == "single" else "mean accuracy"
