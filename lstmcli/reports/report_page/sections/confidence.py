"""Whether probabilities mean what they say, and what leaving out uncertain texts would bring."""

from lstmcli.charts import Line, line_chart
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.metrics.reliability import ReliabilityBin
from lstmcli.reports.report_page.blocks import Block, Charts, Grid, Items, Section, Svg
from lstmcli.reports.tables import coverage_table

WHAT_IS_RIGHT = {
    "single": "texts whose most probable label is right",
    "multi": "labels that the text has",
    "traits": "answers that are yes",
}
WRONG = {"single": "wrong", "multi": "wrong in at least one label", "traits": "wrong in at least one answer"}

# Differences below this are not worth a sentence of warning.
GOOD_CALIBRATION = 0.05

# Points of the diagram that stand for fewer predictions are mostly chance, and left out.
MIN_BIN = 10


def confidence(evaluation: Evaluation) -> Section:
    """Return both diagrams and the table of coverage."""
    curves = evaluation.curves
    blocks: list[Block] = [Items(_sentences(evaluation))]
    if curves is not None:
        risk = [(point.coverage, point.risk) for point in curves.risk]
        blocks.append(
            Charts(
                [
                    Svg.within(_calibration(evaluation, curves.reliability)),
                    Svg.within(
                        line_chart(
                            "Mistakes if uncertain texts are left to people",
                            [Line("mistakes", risk)],
                            x_label="fraction of the texts that is kept, the most confident first",
                            y_label=f"fraction of them that is {WRONG[evaluation.kind]}",
                            description=_risk_sentence(evaluation),
                            with_zero=True,
                            x_range=(0.0, 1.0),
                        )
                    ),
                ]
            )
        )
    blocks.append(Grid.of(coverage_table(evaluation, brief=False)))
    return Section("confidence", "How far its confidence can be trusted", blocks)


def _calibration(evaluation: Evaluation, bins: list[ReliabilityBin]) -> str:
    large = [each for each in bins if each.count >= MIN_BIN] or bins
    points = [(each.probability, each.true_fraction) for each in large]
    return line_chart(
        "Calibration",
        [Line("the model", points), Line("perfect", [(0.0, 0.0), (1.0, 1.0)])],
        x_label="probability that the model gives",
        y_label=f"fraction of {WHAT_IS_RIGHT[evaluation.kind]}",
        description=_calibration_sentence(evaluation),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
    )


def _sentences(evaluation: Evaluation) -> list[str]:
    return list(filter(None, [_calibration_sentence(evaluation), _risk_sentence(evaluation)]))


def _calibration_sentence(evaluation: Evaluation) -> str:
    error = next(iter(evaluation.calibration.values())).error
    gap = f"on average, its probabilities differ from what happens by {100 * error:.1f} points"
    if error <= GOOD_CALIBRATION:
        return f"Probabilities can be taken at their word: {gap}."
    bins = [] if evaluation.curves is None else evaluation.curves.reliability
    over = sum((each.probability - each.true_fraction) * each.count for each in bins)
    which = "too confident" if over > 0 else "too cautious"
    return f"Probabilities are not to be taken at their word: {gap}; on the whole, the model is {which}."


def _risk_sentence(evaluation: Evaluation) -> str:
    if evaluation.curves is None:
        return ""
    risk = {point.coverage: point.risk for point in evaluation.curves.risk}
    return (
        f"Of all texts, {risk[1.0]:.1%} are {WRONG[evaluation.kind]}; of the most confident 80%, {risk[0.8]:.1%}; of "
        f"the most confident half, {risk[0.5]:.1%}."
    )
