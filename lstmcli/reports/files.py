"""Reports as text: JSON for programs, Markdown and HTML for people."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from lstmcli.metrics.evaluation import Evaluation
from lstmcli.reports.gradients.as_svg import report_figure, report_sentences
from lstmcli.reports.headline import headline, optimism
from lstmcli.reports.label_trust import confusion_sentence, trust_sentences
from lstmcli.reports.markdown import escape_markdown, markdown_table
from lstmcli.reports.metrics_file import metrics_heading
from lstmcli.reports.report_page.content import ReportContent
from lstmcli.reports.report_page.page import page_of
from lstmcli.reports.report_page.sections.making import GRADIENTS_TITLE, making_facts
from lstmcli.reports.table import Table
from lstmcli.reports.tables import evaluation_tables
from lstmcli.reports.verdicts import verdict_sentences
from lstmcli.store.layout import GRADIENTS_FILE, HTML_FILE, MARKDOWN_FILE, METRICS_FILE
from lstmcli.store.provenance import UNKNOWN, Provenance
from lstmcli.store.run_directory import RunDirectory
from lstmcli.visible import is_safe, visible

UNLIMITED_WIDTH = 10_000


def to_json(evaluations: Sequence[Evaluation], facts: Mapping[str, Any], source: Provenance = UNKNOWN) -> str:
    """Return a JSON object: where the scores come from, `facts`, then the evaluations by name."""
    by_name = {evaluation.name: _content(evaluation) for evaluation in evaluations}
    return json_text({**metrics_heading(source), **facts, "evaluations": by_name})


def json_text(content: dict[str, Any]) -> str:
    """Return JSON that can be read on a terminal, whatever names and texts are in it."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    if text.replace("\n", "").isprintable():
        return text
    # Outside strings, JSON has only ASCII. Escaped like this, the values are the same, and any of them can be written.
    return "".join(each if each == "\n" or is_safe(each) else json.dumps(each)[1:-1] for each in text)


def _content(evaluation: Evaluation) -> dict[str, Any]:
    """Return all of it; what is unknown or was not asked for is left out."""
    content = asdict(evaluation)
    for name in ("slices", "suspects", "variants", "effects", "curves", "more_texts", "ordered"):
        if not content[name]:
            del content[name]
    if evaluation.num_seen is None:
        del content["num_seen"]
    return content


def to_markdown(content: ReportContent) -> str:
    """Return a report in short: the result, every table, and how it was made; see GRADIENTS_FILE for that figure."""
    main = content.main
    parts = [f"# {escape_markdown(content.title)}", escape_markdown(content.subject)]
    parts += [f"**{escape_markdown(headline(main))}**", escape_markdown(optimism(main))]
    parts.append(_items([*trust_sentences(main), confusion_sentence(main)]))
    for evaluation in content.ordered:
        parts.append(f"## {escape_markdown(evaluation.name)}")
        own = [] if evaluation is main else [headline(evaluation)]
        parts.append(_items([*own, *verdict_sentences(evaluation)]))
        for table in evaluation_tables(evaluation):
            parts.append(f"### {escape_markdown(table.title)}")
            parts.append(_markdown_table(table))
            parts.append(escape_markdown(table.note))
    if facts := making_facts(content):
        parts += ["## How it was made", _items([f"{name}: {value}" for name, value in facts])]
    if content.gradients is not None:
        parts += [f"## {GRADIENTS_TITLE}", f"![{GRADIENTS_TITLE}]({GRADIENTS_FILE})"]
        parts.append(_items(report_sentences(content.gradients)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _items(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {escape_markdown(sentence)}" for sentence in sentences if sentence)


def to_html(content: ReportContent) -> str:
    """Return a page of one file with charts and tables, which loads nothing."""
    return page_of(content)


def to_console_text(evaluation: Evaluation, *, is_terminal: bool) -> str:
    """Return result, tables and verdicts as text, as wide as needed to cut off no figure, with bold on a terminal.

    With very many labels, only the most frequent ones are shown.
    """
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=is_terminal, highlight=False, emoji=False, markup=False, width=UNLIMITED_WIDTH
    )
    console.print(visible(headline(evaluation)), soft_wrap=True, style="bold")
    for sentence in trust_sentences(evaluation):
        console.print(visible(sentence), soft_wrap=True)
    console.print()
    for table in evaluation_tables(evaluation, brief=True):
        console.print(drawn_table(table))
        if table.note:
            console.print(visible(table.note), soft_wrap=True)
        console.print()
    for sentence in verdict_sentences(evaluation):
        console.print(visible(sentence), soft_wrap=True)
    lines = stream.getvalue().splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def drawn_table(table: Table) -> RichTable:
    """Return a table for a terminal."""
    drawn = RichTable(title=visible(table.title), title_justify="left", box=None, pad_edge=False, title_style="bold")
    for index, column in enumerate(table.columns):
        drawn.add_column(visible(column), justify="left" if index < table.num_names else "right", no_wrap=True)
    for row in table.rows:
        drawn.add_row(*map(visible, row))
    return drawn


def _markdown_table(table: Table) -> str:
    return markdown_table(table.columns, table.rows, table.num_names)


def write_reports(run: RunDirectory, content: ReportContent) -> None:
    """Write the reports; metrics.json comes last, since it marks the run as finished."""
    if content.gradients is not None:
        run.write_text(GRADIENTS_FILE, report_figure(content.gradients))
    run.write_text(MARKDOWN_FILE, to_markdown(content))
    run.write_text(HTML_FILE, to_html(content))
    run.write_text(METRICS_FILE, to_json(content.evaluations, content.facts, content.source))
