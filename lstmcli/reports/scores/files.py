"""Reports of scores as text: JSON for programs, Markdown and HTML for people, tables for a terminal."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import jinja2
from rich.console import Console

from lstmcli.metrics.score_evaluation import ScoreEvaluation
from lstmcli.reports.facts import fact_text
from lstmcli.reports.files import UNLIMITED_WIDTH, drawn_table, json_text
from lstmcli.reports.markdown import escape_markdown, markdown_table
from lstmcli.reports.metrics_file import metrics_heading
from lstmcli.reports.scores.tables import score_tables
from lstmcli.reports.scores.verdicts import score_verdicts
from lstmcli.store.layout import HTML_FILE, MARKDOWN_FILE, METRICS_FILE
from lstmcli.store.provenance import UNKNOWN, Provenance
from lstmcli.store.run_directory import RunDirectory
from lstmcli.visible import visible

Facts = Mapping[str, Any]
Evaluations = Sequence[ScoreEvaluation]


def scores_json(evaluations: Evaluations, facts: Facts, source: Provenance = UNKNOWN) -> str:
    """Return a JSON object: where the figures come from, `facts`, then the evaluations by name."""
    by_name = {each.name: _content(each) for each in evaluations}
    return json_text({**metrics_heading(source), **facts, "evaluations": by_name})


def _content(evaluation: ScoreEvaluation) -> dict[str, Any]:
    """Return all of it; slices that were not asked for are left out."""
    content = asdict(evaluation)
    if not evaluation.slices:
        del content["slices"]
    return content


def scores_markdown(title: str, evaluations: Evaluations, facts: Facts) -> str:
    """Return a report with the verdicts first, then every table."""
    lines = [f"- {name.replace('_', ' ')}: {escape_markdown(fact_text(value))}" for name, value in facts.items()]
    parts = [f"# {escape_markdown(title)}", "\n".join(lines)]
    for evaluation in evaluations:
        parts.append(f"## {escape_markdown(evaluation.name)}")
        parts.append("\n".join(f"- {escape_markdown(sentence)}" for sentence in score_verdicts(evaluation)))
        for table in score_tables(evaluation):
            content = markdown_table(table.columns, table.rows, table.num_names)
            parts += [f"### {escape_markdown(table.title)}", content, escape_markdown(table.note)]
    return "\n\n".join(part for part in parts if part) + "\n"


def scores_html(title: str, evaluations: Evaluations, facts: Facts) -> str:
    """Return a self-contained page with the same."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lstmcli", "reports"),
        autoescape=True,
        finalize=lambda value: visible(value) if isinstance(value, str) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [
        {"name": each.name, "verdicts": score_verdicts(each), "tables": score_tables(each)} for each in evaluations
    ]
    return environment.get_template("scores.html.j2").render(
        title=title, facts={name: fact_text(value) for name, value in facts.items()}, sections=sections
    )


def scores_console_text(evaluation: ScoreEvaluation, *, is_terminal: bool) -> str:
    """Return tables and verdicts as text, as wide as needed so that no figure is cut off, with bold on a terminal."""
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=is_terminal, highlight=False, emoji=False, markup=False, width=UNLIMITED_WIDTH
    )
    for table in score_tables(evaluation, brief=True):
        console.print(drawn_table(table))
        if table.note:
            console.print(visible(table.note), soft_wrap=True)
        console.print()
    for sentence in score_verdicts(evaluation):
        console.print(visible(sentence), soft_wrap=True)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def score_reports(title: str, evaluations: Evaluations, facts: Facts, source: Provenance) -> dict[str, str]:
    """Return the content of each file of a report by its name; the last one marks a run as finished."""
    return {
        MARKDOWN_FILE: scores_markdown(title, evaluations, facts),
        HTML_FILE: scores_html(title, evaluations, facts),
        METRICS_FILE: scores_json(evaluations, facts, source),
    }


def write_score_reports(run: RunDirectory, evaluations: Evaluations, facts: Facts, source: Provenance) -> None:
    """Write the reports into a run directory."""
    for name, content in score_reports(f"Run {run.path}", evaluations, facts, source).items():
        run.write_text(name, content)
