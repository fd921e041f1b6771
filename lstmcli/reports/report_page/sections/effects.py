"""Scores on parts of the rows: short and long texts, unknown words, and slices that were asked for."""

from lstmcli.charts import Bar, bar_chart
from lstmcli.errors import counted
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.metrics.slices import Slicing
from lstmcli.reports.report_page.blocks import Block, Charts, Folded, Grid, Items, Section, Svg
from lstmcli.reports.slice_tables import slices_table
from lstmcli.reports.table import SCORE_TITLES

MAX_BARS = 30


def effects(evaluation: Evaluation) -> Section | None:
    """Return a chart and a table for each; None if there is nothing to show."""
    asked = {slicing.name for slicing in evaluation.slices}
    slicings = [*evaluation.slices, *(each for each in evaluation.effects if each.name not in asked)]
    if not slicings:
        return None
    blocks: list[Block] = [Items([sentence for each in slicings for sentence in _sentences(each)])]
    blocks.append(Charts([Svg.within(_chart(each)) for each in slicings if len(each.slices) <= MAX_BARS]))
    blocks.append(Folded("The figures", [Grid.of(slices_table(each)) for each in slicings]))
    if evaluation.num_groups is not None:
        groups = counted(evaluation.num_groups, "group")
        told = f"The rows belong to {groups}; intervals resample whole groups, not single rows."
        blocks.append(Items([told]))
    return Section("effects", "Where it is better and where it is worse", blocks)


def _chart(slicing: Slicing) -> str:
    title = SCORE_TITLES[slicing.score]
    bars = [Bar(f"{each.value} ({each.num_rows:,})", each.scores[slicing.score]) for each in slicing.slices]
    return bar_chart(
        f"By {slicing.name}",
        bars,
        x_label=f"{title} (in brackets: number of rows)",
        description=" ".join(_sentences(slicing)),
        x_range=(0.0, 1.0),
    )


def _sentences(slicing: Slicing) -> list[str]:
    """Say whether some part is clearly better or worse than the rest."""
    clear = [
        (each.value, "worse" if gap.high < 0 else "better", gap)
        for each in slicing.slices
        if not each.is_small and (gap := each.gaps.get(slicing.score)) is not None and (gap.high < 0 or gap.low > 0)
    ]
    title = SCORE_TITLES[slicing.score]
    if not clear:
        return [f"By {slicing.name}, no part of the rows is clearly better or worse than the others."]
    return [
        f"By {slicing.name}: {value} is clearly {which} than the rest ({100 * gap.value:+.1f} points of {title}, "
        f"interval {100 * gap.low:+.1f} to {100 * gap.high:+.1f})."
        for value, which, gap in clear
    ]
