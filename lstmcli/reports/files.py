"""Reports as text: JSON for programs, Markdown and HTML for people."""

import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import jinja2
from rich.console import Console
from rich.table import Table as RichTable

from lstmcli.metrics.evaluation import Evaluation
from lstmcli.reports.tables import SCORE_TITLES, Table, evaluation_tables, verdict_sentences
from lstmcli.store.layout import HTML_FILE, MARKDOWN_FILE, METRICS_FILE
from lstmcli.store.run_directory import RunDirectory

History = Sequence[dict[str, Any]]

CHART_WIDTH, CHART_HEIGHT = 480, 160
UNLIMITED_WIDTH = 10_000


def to_json(evaluations: Sequence[Evaluation], facts: dict[str, Any]) -> str:
    """Return a JSON object: `facts`, then the evaluations by name."""
    content = {**facts, "evaluations": {evaluation.name: asdict(evaluation) for evaluation in evaluations}}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def to_markdown(title: str, evaluations: Sequence[Evaluation], facts: dict[str, Any]) -> str:
    """Return a report with the verdicts first, then every table."""
    parts = [f"# {title}", _markdown_facts(facts)] if facts else [f"# {title}"]
    for evaluation in evaluations:
        parts.append(f"## {evaluation.name}")
        parts.append("\n".join(f"- {sentence}" for sentence in verdict_sentences(evaluation)))
        for table in evaluation_tables(evaluation):
            parts.append(f"### {table.title}")
            parts.append(_markdown_table(table))
            parts.append(table.note)
    return "\n\n".join(part for part in parts if part) + "\n"


def to_html(title: str, evaluations: Sequence[Evaluation], facts: dict[str, Any], history: History = ()) -> str:
    """Return a self-contained page with the same tables, shaded confusion matrices, and training curves."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lstmcli", "reports"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        title=title,
        facts=facts,
        sections=[
            {
                "name": evaluation.name,
                "verdicts": verdict_sentences(evaluation),
                "tables": evaluation_tables(evaluation),
                "shades": _shades(evaluation.confusion),
            }
            for evaluation in evaluations
        ],
        charts=_charts(history),
        width=CHART_WIDTH,
        height=CHART_HEIGHT,
    )


def to_console_text(evaluation: Evaluation, *, is_terminal: bool) -> str:
    """Return tables and verdicts as text, as wide as needed so that no figure is cut off, with bold on a terminal."""
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=is_terminal, highlight=False, emoji=False, markup=False, width=UNLIMITED_WIDTH
    )
    for table in evaluation_tables(evaluation):
        drawn = RichTable(title=table.title, title_justify="left", box=None, pad_edge=False, title_style="bold")
        for index, column in enumerate(table.columns):
            drawn.add_column(column, justify="left" if index == 0 else "right", no_wrap=True)
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)
        if table.note:
            console.print(table.note, soft_wrap=True)
        console.print()
    for sentence in verdict_sentences(evaluation):
        console.print(sentence, soft_wrap=True)
    lines = stream.getvalue().splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _markdown_facts(facts: dict[str, Any]) -> str:
    return "\n".join(f"- {name.replace('_', ' ')}: {_cell(value)}" for name, value in facts.items())


def _markdown_table(table: Table) -> str:
    lines = [table.columns, ["---", *["---:"] * (len(table.columns) - 1)], *table.rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace("|", "\\|")


def _shades(confusion: list[list[int]]) -> list[list[float]]:
    """Return each count as a fraction of its row, which sets the darkness of its cell."""
    return [[count / max(1, sum(counts)) for count in counts] for counts in confusion]


def _charts(history: History) -> list[dict[str, Any]]:
    """Return a curve for each figure in the history: title, SVG points, lowest and highest value."""
    if len(history) < 2:
        return []
    series = {"train loss (nats)": [epoch["train_loss"] for epoch in history]}
    for name in history[0]["validation"]:
        series[f"validation {SCORE_TITLES[name]}"] = [epoch["validation"][name] for epoch in history]
    return [
        {"title": title, "low": f"{min(values):.3f}", "high": f"{max(values):.3f}", "points": _points(values)}
        for title, values in series.items()
        if all(map(math.isfinite, values))
    ]


def _points(values: list[float]) -> str:
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = CHART_WIDTH / (len(values) - 1)
    return " ".join(
        f"{index * step:.1f},{CHART_HEIGHT * (1 - (value - low) / span):.1f}" for index, value in enumerate(values)
    )


def write_reports(
    run: RunDirectory, evaluations: list[Evaluation], facts: dict[str, Any], history: list[dict[str, Any]]
) -> None:
    """Write the reports; metrics.json comes last, since it marks the run as finished."""
    title = f"Run {run.path}"
    run.write_text(MARKDOWN_FILE, to_markdown(title, evaluations, facts))
    run.write_text(HTML_FILE, to_html(title, evaluations, facts, history))
    run.write_text(METRICS_FILE, to_json(evaluations, facts))
