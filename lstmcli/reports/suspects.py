"""Labels that are probably wrong, in a terminal and as cells of a table."""

from lstmcli.errors import counted
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.metrics.suspects import Suspect, Suspects
from lstmcli.reports.further import Cells
from lstmcli.reports.inspection.cells import Style, wrapped
from lstmcli.reports.row_table import ShownRow, row_lines

NUM_SHOWN = 10
NONE_FOUND = "No suspect labels."


def suspects_sentence(suspects: Suspects, file: str = "") -> str:
    """Say how many there are, and what they are."""
    confident, rows = counted(suspects.num_confident, "label"), counted(suspects.num_rows, "row")
    listed = f"{counted(suspects.num_listed, 'label')} to which the model prefers another"
    sentence = f"{confident} of {rows} probably wrong by confident learning; {listed}"
    skipped = (
        f" {counted(suspects.num_skipped, 'label')} unknown to the model not judged." if suspects.num_skipped else ""
    )
    return f"{sentence}{f', all in {file}' if file else ''}. Look at them before you change any.{skipped}"


def suspects_text(suspects: Suspects, file: str, style: Style) -> str:
    """Return a line for each of the first suspects, no wider than the screen, and a sentence on all."""
    if not suspects.first:
        return f"{NONE_FOUND}\n"
    shown = suspects.first[:NUM_SHOWN]
    rows = [ShownRow(_place(each), _labels(each), each.probability_given, each.text) for each in shown]
    lines = (
        f"Suspect labels ({len(shown)} of {suspects.num_listed:,})",
        *row_lines(("given", "suggested"), rows, style),
    )
    note = "score: the model's probability of the given label."
    return "".join(f"{line}\n" for line in lines) + wrapped([note, suspects_sentence(suspects, file)], style)


def suspects_cells(evaluation: Evaluation) -> list[Cells]:
    """Return a table of the first suspects, if they were asked for."""
    suspects = evaluation.suspects
    if suspects is None:
        return []
    rows = [
        [
            _place(each),
            each.text,
            *_labels(each),
            f"{each.probability_given:.3f}",
            f"{each.probability_suggested:.3f}",
        ]
        for each in suspects.first
    ]
    columns = ["line", "text", "given", "suggested", "probability of given", "of suggested"]
    note = suspects_sentence(suspects) if rows else NONE_FOUND
    return [Cells("Suspect labels", columns, rows, note, num_names=4)]


def _place(suspect: Suspect) -> str:
    return f"{suspect.line}" if suspect.file is None else f"{suspect.file}:{suspect.line}"


def _labels(suspect: Suspect) -> tuple[str, str]:
    if not suspect.label:
        return suspect.given, suspect.suggested
    return f"{suspect.label}: {suspect.given}", suspect.suggested
