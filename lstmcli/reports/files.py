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

from lstmcli.inspection.gradients import FileGradients
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.reports.gradients.as_svg import report_figure, report_sentences
from lstmcli.reports.markdown import escape_markdown, markdown_table
from lstmcli.reports.metrics_file import metrics_heading
from lstmcli.reports.tables import SCORE_TITLES, Table, evaluation_tables
from lstmcli.reports.verdicts import verdict_sentences
from lstmcli.store.layout import GRADIENTS_FILE, HTML_FILE, MARKDOWN_FILE, METRICS_FILE
from lstmcli.store.provenance import UNKNOWN, Provenance
from lstmcli.store.run_directory import RunDirectory
from lstmcli.visible import is_safe, visible

History = Sequence[dict[str, Any]]

CHART_WIDTH, CHART_HEIGHT = 480, 160
UNLIMITED_WIDTH = 10_000
GRADIENTS_TITLE = "Gradients through time"


def to_json(evaluations: Sequence[Evaluation], facts: dict[str, Any], source: Provenance = UNKNOWN) -> str:
    """Return a JSON object: where the scores come from, `facts`, then the evaluations by name."""
    content = {
        **metrics_heading(source),
        **facts,
        "evaluations": {evaluation.name: _content(evaluation) for evaluation in evaluations},
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    if text.replace("\n", "").isprintable():
        return text
    # Outside strings, JSON has only ASCII. Escaped like this, the values are the same, and any of them can be written.
    return "".join(each if each == "\n" or is_safe(each) else json.dumps(each)[1:-1] for each in text)


def _content(evaluation: Evaluation) -> dict[str, Any]:
    """Return all of it, with what may be asked for only where it was."""
    content = asdict(evaluation)
    for name in ("slices", "suspects", "variants"):
        if not content[name]:
            del content[name]
    return content


def to_markdown(
    title: str, evaluations: Sequence[Evaluation], facts: dict[str, Any], gradients: FileGradients | None = None
) -> str:
    """Return a report with the verdicts first, then every table, then gradients, whose figure is in GRADIENTS_FILE."""
    parts = [f"# {escape_markdown(title)}", _markdown_facts(facts)]
    for evaluation in evaluations:
        parts.append(f"## {escape_markdown(evaluation.name)}")
        parts.append("\n".join(f"- {escape_markdown(sentence)}" for sentence in verdict_sentences(evaluation)))
        for table in evaluation_tables(evaluation):
            parts.append(f"### {escape_markdown(table.title)}")
            parts.append(_markdown_table(table))
            parts.append(escape_markdown(table.note))
    if gradients is not None:
        parts += [f"## {GRADIENTS_TITLE}", f"![{GRADIENTS_TITLE}]({GRADIENTS_FILE})"]
        parts.append("\n".join(f"- {escape_markdown(sentence)}" for sentence in report_sentences(gradients)))
    return "\n\n".join(part for part in parts if part) + "\n"


class _Drawing:
    """SVG, which escapes its texts itself."""

    def __init__(self, svg: str) -> None:
        self._svg = svg

    def __html__(self) -> str:
        return self._svg


def to_html(
    title: str,
    evaluations: Sequence[Evaluation],
    facts: dict[str, Any],
    history: History = (),
    gradients: FileGradients | None = None,
) -> str:
    """Return a self-contained page with the same, shaded confusion matrices, and training curves."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lstmcli", "reports"),
        autoescape=True,
        finalize=lambda value: visible(value) if isinstance(value, str) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        title=title,
        facts=facts,
        sections=[
            {
                "name": evaluation.name,
                "verdicts": verdict_sentences(evaluation),
                "tables": evaluation_tables(evaluation),
            }
            for evaluation in evaluations
        ],
        charts=_charts(history),
        gradients=None
        if gradients is None
        else {
            "title": GRADIENTS_TITLE,
            "figure": _Drawing(report_figure(gradients)),
            "sentences": report_sentences(gradients),
        },
        width=CHART_WIDTH,
        height=CHART_HEIGHT,
    )


def to_console_text(evaluation: Evaluation, *, is_terminal: bool) -> str:
    """Return tables and verdicts as text, as wide as needed so that no figure is cut off, with bold on a terminal.

    With very many labels, only the most frequent ones are shown.
    """
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=is_terminal, highlight=False, emoji=False, markup=False, width=UNLIMITED_WIDTH
    )
    for table in evaluation_tables(evaluation, brief=True):
        console.print(_drawn(table))
        if table.note:
            console.print(visible(table.note), soft_wrap=True)
        console.print()
    for sentence in verdict_sentences(evaluation):
        console.print(visible(sentence), soft_wrap=True)
    lines = stream.getvalue().splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _drawn(table: Table) -> RichTable:
    drawn = RichTable(title=visible(table.title), title_justify="left", box=None, pad_edge=False, title_style="bold")
    for index, column in enumerate(table.columns):
        drawn.add_column(visible(column), justify="left" if index < table.num_names else "right", no_wrap=True)
    for row in table.rows:
        drawn.add_row(*map(visible, row))
    return drawn


def _markdown_facts(facts: dict[str, Any]) -> str:
    return "\n".join(f"- {name.replace('_', ' ')}: {escape_markdown(str(value))}" for name, value in facts.items())


def _markdown_table(table: Table) -> str:
    return markdown_table(table.columns, table.rows, table.num_names)


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
    run: RunDirectory,
    evaluations: list[Evaluation],
    facts: dict[str, Any],
    source: Provenance,
    history: History = (),
    gradients: FileGradients | None = None,
) -> None:
    """Write the reports; metrics.json comes last, since it marks the run as finished."""
    title = f"Run {run.path}"
    if gradients is not None:
        run.write_text(GRADIENTS_FILE, report_figure(gradients))
    run.write_text(MARKDOWN_FILE, to_markdown(title, evaluations, facts, gradients))
    run.write_text(HTML_FILE, to_html(title, evaluations, facts, history, gradients))
    run.write_text(METRICS_FILE, to_json(evaluations, facts, source))
