"""What each threshold of a label would give, where a text may have several labels."""

from lstmcli.charts import Line, Mark, line_chart
from lstmcli.metrics.curves import CURVE_THRESHOLDS, ThresholdCurve
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.reports.label_trust import own_labels
from lstmcli.reports.report_page.blocks import Block, Charts, Folded, Paragraph, Section, Svg

# The charts of more labels are out of sight at first, and of more than the second number are left out.
MAX_OPEN, MAX_CHARTS = 6, 40


def thresholds(evaluation: Evaluation) -> Section | None:
    """Return a chart for each label; None if a text has one label."""
    if evaluation.curves is None or not evaluation.curves.thresholds:
        return None
    in_use = {label.label: label.threshold for label in own_labels(evaluation)}
    curves = evaluation.curves.thresholds[:MAX_CHARTS]
    charts = Charts([Svg.within(_chart(curve, in_use[curve.label])) for curve in curves])
    told = (
        "A label is given from its threshold on. A higher threshold gives it to fewer texts: precision mostly rises, "
        "recall falls. `lstmcli evaluate --threshold` tries others. Thresholds are never chosen on test rows."
    )
    is_long = len(curves) > MAX_OPEN
    shown: Block = Folded(f"Charts of {len(curves)} labels", [charts]) if is_long else charts
    return Section("thresholds", "Thresholds", [Paragraph(told), shown])


def _chart(curve: ThresholdCurve, threshold: float | None) -> str:
    pairs = list(zip(CURVE_THRESHOLDS, curve.precision, curve.recall, strict=True))
    precision = [(at, float("nan") if value is None else value) for at, value, _ in pairs]
    f1 = [(at, _f1(value, recall)) for at, value, recall in pairs]
    marks = [] if threshold is None else [Mark(threshold, f"in use: {threshold:.2f}")]
    return line_chart(
        curve.label,
        [
            Line("precision", precision),
            Line("recall", list(zip(CURVE_THRESHOLDS, curve.recall, strict=True))),
            Line("F1", f1),
        ],
        x_label="threshold",
        y_label="score on these rows",
        description=f"Precision, recall and F1 of {curve.label} at thresholds from {CURVE_THRESHOLDS[0]} on.",
        marks=marks,
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
    )


def _f1(precision: float | None, recall: float) -> float:
    if precision is None or precision + recall == 0.0:
        return 0.0
    return 2 * precision * recall / (precision + recall)
