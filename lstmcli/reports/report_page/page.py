"""Puts the sections of a report into one page that loads nothing."""

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from importlib.resources import files

import jinja2

from lstmcli.charts.style import COLORS, style_sheet
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.reports.headline import headline, optimism
from lstmcli.reports.report_page.blocks import Block, Folded, Paragraph, Section, Svg
from lstmcli.reports.report_page.content import ReportContent
from lstmcli.reports.report_page.sections.beginning import data, result, scores
from lstmcli.reports.report_page.sections.changes import changes
from lstmcli.reports.report_page.sections.confidence import confidence
from lstmcli.reports.report_page.sections.confusion import confusion
from lstmcli.reports.report_page.sections.effects import effects
from lstmcli.reports.report_page.sections.labels import labels
from lstmcli.reports.report_page.sections.making import making
from lstmcli.reports.report_page.sections.parts import parts
from lstmcli.reports.report_page.sections.people import people
from lstmcli.reports.report_page.sections.texts import suspects, texts
from lstmcli.reports.report_page.sections.thresholds import thresholds
from lstmcli.reports.report_page.sections.training import training
from lstmcli.visible import visible

CODE = re.compile("`(lstmcli [^`]+)`")

VARIABLES = ("back", "text", "quiet", "grid", "up", "down")


def page_of(content: ReportContent) -> str:
    """Return the page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lstmcli.reports.report_page"),
        autoescape=True,
        finalize=lambda value: value if hasattr(value, "__html__") or not isinstance(value, str) else visible(value),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["with_code"] = _with_code
    script = _asset("report.js")
    return environment.get_template("page.html.j2").render(
        title=content.title,
        style=Svg(_style()),
        script=Svg(script),
        script_hash=Svg("sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()),
        beginning=result(content),
        sections=sections_of(content),
    )


def sections_of(content: ReportContent) -> list[Section]:
    """Return the sections, from what decides to what explains."""
    main = content.main
    found = [
        data(content),
        *evaluation_sections(content, main),
        texts(content),
        suspects(content),
        changes(main),
        parts(content),
        training(content),
        *(_other(content, evaluation) for evaluation in content.ordered[1:]),
        making(content),
    ]
    return [section for section in found if section is not None and section.blocks]


def evaluation_sections(content: ReportContent, evaluation: Evaluation) -> list[Section]:
    """Return what scores on some rows say."""
    found = [
        scores(evaluation),
        labels(content, evaluation),
        confusion(evaluation),
        thresholds(evaluation),
        confidence(evaluation),
        effects(evaluation),
        people(evaluation),
    ]
    return [section for section in found if section is not None]


def _other(content: ReportContent, evaluation: Evaluation) -> Section:
    """Return the same for other rows, out of sight."""
    blocks: list[Block] = [Paragraph(headline(evaluation))]
    if warning := optimism(evaluation):
        blocks.append(Paragraph(warning, "warning"))
    blocks += [Folded(section.title, section.blocks) for section in evaluation_sections(content, evaluation)]
    number = content.evaluations.index(evaluation)
    return Section(f"other-{number}", f"The same for {evaluation.name}", blocks)


def _with_code(text: str) -> Svg:
    """Return HTML of a sentence, with our commands between backticks as code; names from data never become markup."""
    return Svg(CODE.sub(r"<code>\1</code>", html.escape(visible(text))))


def _asset(name: str) -> str:
    return files("lstmcli.reports.report_page").joinpath("assets", name).read_text(encoding="utf-8")


def _style() -> str:
    """Return rules for light and dark screens, and for paper, which is always light."""
    light, dark = ("".join(f"--{name}:{COLORS[name][scheme]};" for name in VARIABLES) for scheme in (0, 1))
    light_charts = "".join(f"--lc-{name}:{colors[0]};" for name, colors in COLORS.items())
    schemes: Sequence[str] = (
        f":root{{color-scheme:light dark;{light}}}",
        f"@media(prefers-color-scheme:dark){{:root{{{dark}}}}}",
        style_sheet(),
        f"@media print{{:root{{color-scheme:light;{light}}}.lc{{{light_charts}}}}}",
    )
    return "\n".join(schemes) + "\n" + _asset("report.css")
