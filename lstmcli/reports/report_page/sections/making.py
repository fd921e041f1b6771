"""How the model was made, for those who want to repeat or improve it."""

from lstmcli.reports.facts import fact_text
from lstmcli.reports.gradients.as_svg import report_figure, report_sentences
from lstmcli.reports.report_page.blocks import Block, Charts, Facts, Folded, Items, Section, Svg
from lstmcli.reports.report_page.content import ReportContent

GRADIENTS_TITLE = "Gradients through time"


def making_facts(content: ReportContent) -> list[tuple[str, str]]:
    """Return figures about how the model was made, by name."""
    facts = [(name.replace("_", " "), fact_text(value)) for name, value in content.facts.items()]
    before = next(iter(content.main.calibration.values())).error_before
    if before is not None:
        facts.append(("calibration error before temperature scaling", f"{before:.3f}"))
    return facts


def making(content: ReportContent) -> Section:
    """Return settings and figures of the training, and the gradients through time."""
    facts = making_facts(content)
    blocks: list[Block] = [Facts(facts)] if facts else []
    if content.settings:
        blocks.append(Folded("The settings", [Facts(list(content.settings.items()))]))
    if content.gradients is not None:
        figure = Charts([Svg(report_figure(content.gradients))])
        blocks.append(Folded(GRADIENTS_TITLE, [figure, Items(report_sentences(content.gradients))]))
    return Section("making", "How it was made", blocks)
