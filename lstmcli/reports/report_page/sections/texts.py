"""Texts worth reading: confident mistakes, doubtful rows, and labels that are probably wrong."""

from lstmcli.reports.report_page.blocks import Block, Cell, Folded, Grid, Paragraph, Section, Texts
from lstmcli.reports.report_page.content import LabelSuspect, ReportContent

MAX_SUSPECTS = 200


def texts(content: ReportContent) -> Section | None:
    """Return the rows; None if they are not to be shown."""
    found = content.texts
    if found is None or not (found.mistakes or found.doubtful):
        return None
    blocks: list[Block] = [Paragraph(found.note, "note")] if found.note else []
    if found.mistakes:
        blocks.append(Texts(f"The {len(found.mistakes)} most confident mistakes", found.mistakes))
    else:
        blocks.append(Paragraph("No row is predicted wrongly."))
    if found.doubtful:
        title = f"The {len(found.doubtful)} most doubtful predictions, right or wrong"
        blocks.append(Folded(title, [Texts("", found.doubtful)]))
    return Section("texts", "Texts worth reading", blocks)


def suspects(content: ReportContent) -> Section | None:
    """Return rows whose given labels are probably wrong; None if nobody has looked for them or none was found."""
    found = content.suspects[:MAX_SUSPECTS]
    if not found:
        return None
    has_texts = any(each.text is not None for each in found)
    columns = ["row", "given label", "probably", "probability", *(["text"] if has_texts else [])]
    rows = [[Cell(cell) for cell in _cells(each, has_texts=has_texts)] for each in found]
    told = "Look at these rows again: where the given label is wrong, the model is better than its scores say."
    table = Grid("Suspects", columns, rows, num_names=len(columns))
    return Section("suspects", "Labels that are probably wrong", [Paragraph(told), table])


def _cells(suspect: LabelSuspect, *, has_texts: bool) -> list[str]:
    cells = [suspect.place, suspect.given, suspect.suggested, f"{suspect.probability:.3f}"]
    return [*cells, *([suspect.text or ""] if has_texts else [])]
