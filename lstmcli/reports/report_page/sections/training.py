"""Curves of the training, with the epoch that was kept."""

import math
from collections.abc import Sequence
from typing import Any

from lstmcli.charts import Line, Mark, line_chart
from lstmcli.reports.report_page.blocks import Charts, Paragraph, Section, Svg
from lstmcli.reports.report_page.content import ReportContent
from lstmcli.reports.table import SCORE_TITLES

# Of an ensemble, as many networks as lines can be told apart.
MAX_NETWORKS = 6


def training(content: ReportContent) -> Section | None:
    """Return a chart of the losses and one of the main score; None if there are fewer than two epochs."""
    networks = _by_network(content.history)
    if not networks or len(networks[0]) < 2:
        return None
    chosen = content.facts.get("best_epoch")
    best = int(chosen) if isinstance(chosen, int) else None
    marks = [] if best is None else [Mark(float(best), f"kept: epoch {best}")]
    charts = [_losses(networks[0], marks)]
    score = content.main.main_score
    if score in networks[0][0]["validation"]:
        charts.append(_scores(networks[:MAX_NETWORKS], score, marks))
    told = (
        f"Of {len(networks[0])} epochs, number {best} was kept, which was the best on the validation rows."
        if best is not None
        else f"There were {len(networks[0])} epochs."
    )
    if len(networks) > 1:
        told = f"{told} The model averages {len(networks)} networks; the epoch is that of the first."
    return Section("training", "How it learned", [Paragraph(told), Charts([Svg.within(chart) for chart in charts])])


def _by_network(history: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    networks: dict[int, list[dict[str, Any]]] = {}
    for epoch in history:
        networks.setdefault(epoch.get("network", 1), []).append(epoch)
    return list(networks.values())


def _losses(epochs: Sequence[dict[str, Any]], marks: Sequence[Mark]) -> str:
    lines = [Line("training rows", [(float(epoch["epoch"]), epoch["train_loss"]) for epoch in epochs])]
    validation = [(float(epoch["epoch"]), epoch["validation"].get("log_loss", math.nan)) for epoch in epochs]
    if any(math.isfinite(value) for _, value in validation):
        lines.append(Line("validation rows", validation))
    return line_chart(
        "Loss per epoch",
        lines,
        x_label="epoch",
        y_label="loss in nats; lower is better. With dropout on training rows, without on validation rows.",
        marks=marks,
        whole_x=True,
    )


def _scores(networks: Sequence[Sequence[dict[str, Any]]], score: str, marks: Sequence[Mark]) -> str:
    title = SCORE_TITLES[score]
    return line_chart(
        f"{title[0].upper()}{title[1:]} per epoch",
        [
            Line(f"network {number}", [(float(epoch["epoch"]), epoch["validation"][score]) for epoch in epochs])
            for number, epochs in enumerate(networks, start=1)
        ],
        x_label="epoch",
        y_label=f"{title} on validation rows",
        marks=marks,
        whole_x=True,
    )
