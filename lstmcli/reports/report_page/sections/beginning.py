"""What was scored on what, and the result: all that most readers need."""

from collections.abc import Sequence

from lstmcli.charts import Bar, bar_chart
from lstmcli.errors import counted
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.reports.headline import headline, optimism
from lstmcli.reports.label_trust import confusion_sentence, trust_sentences
from lstmcli.reports.ranks import ranks_cells
from lstmcli.reports.report_page.blocks import Block, Cell, Charts, Facts, Grid, Items, Paragraph, Section, Svg
from lstmcli.reports.report_page.content import DataFile, ReportContent
from lstmcli.reports.table import SCORE_TITLES, Table
from lstmcli.reports.tables import folds_table, systems_table
from lstmcli.reports.verdicts import comparison_sentences

KINDS = {
    "single": "each text has one of {labels}",
    "multi": "each text has any number of {labels}",
    "traits": "each text has {labels}, each of them a yes/no question",
}
MAX_LABELS_NAMED = 30

GLOSSARY = (
    "F1 of a label combines how many of the rows given it have it and how many of the rows that have it are given it; "
    "macro-F1 is the mean over labels, micro-F1 counts all labels together. Log loss and calibration error are better "
    "the lower they are, all others the higher."
)


def result(content: ReportContent) -> list[Block]:
    """Return the result in a few sentences."""
    evaluation = content.main
    blocks: list[Block] = [Paragraph(content.subject)] if content.subject else []
    blocks.append(Paragraph(headline(evaluation), "lead"))
    if warning := optimism(evaluation):
        blocks.append(Paragraph(warning, "warning"))
    confusions = confusion_sentence(evaluation)
    blocks.append(Items([*trust_sentences(evaluation), *([confusions] if confusions else []), *evaluation.notes]))
    return blocks


def data(content: ReportContent) -> Section:
    """Return what it was made from."""
    evaluation = content.main
    names = [label.label for label in next(iter(evaluation.labels.values()))]
    shown = ", ".join(names[:MAX_LABELS_NAMED])
    more = f" and {len(names) - MAX_LABELS_NAMED:,} more" if len(names) > MAX_LABELS_NAMED else ""
    kind = KINDS[evaluation.kind].format(labels=counted(len(names), "label"))
    kind += ", from the lowest to the highest" if evaluation.ordered else ""
    pairs = [("labels", f"{kind}: {shown}{more}")]
    pairs += [("software", ", ".join(f"{name} {version}" for name, version in content.versions.items()))]
    blocks: list[Block] = [Facts([(name, value) for name, value in pairs if value])]
    if content.files:
        blocks.append(_files(content.files))
    others = [note for each in content.evaluations[:-1] for note in each.notes if note not in evaluation.notes]
    blocks.append(Items(list(dict.fromkeys(others))))
    return Section("data", "What data it was", blocks)


def _files(files: Sequence[DataFile]) -> Grid:
    rows = [
        [
            Cell(file.use),
            Cell(file.name),
            Cell(f"{file.num_rows:,}"),
            Cell(f"{file.num_dropped:,}"),
            Cell(f"{file.num_repeated:,}"),
        ]
        for file in files
    ]
    columns = ["used for", "rows of", "rows", "left out", "repeated texts"]
    note = (
        "Left out: rows that can't be used, such as those without a label. Repeated: an earlier row has the same text."
    )
    return Grid("Files", columns, rows, note, num_names=2)


def scores(evaluation: Evaluation) -> Section:
    """Return all scores beside those of the baselines."""
    score, title = evaluation.main_score, SCORE_TITLES[evaluation.main_score]
    bars = [
        Bar(system.split(" + ")[0], found[score].value, (found[score].low, found[score].high))
        for system, found in evaluation.scores.items()
    ]
    chart = bar_chart(
        f"{title[0].upper()}{title[1:]} of the model and of what it is compared with",
        bars,
        x_label=f"{title}, with {evaluation.confidence:.0%} intervals; 1 is perfect",
        description=headline(evaluation),
        x_range=(0.0, 1.0),
    )
    blocks: list[Block] = [Items(comparison_sentences(evaluation)), Charts([Svg.within(chart)])]
    blocks += [Grid.of(systems_table(evaluation)), Paragraph(GLOSSARY, "note")]
    blocks += [Grid.of(Table(*cells)) for cells in ranks_cells(evaluation)]
    if evaluation.folds:
        blocks.append(Grid.of(folds_table(evaluation)))
    return Section("scores", f"Scores on {evaluation.name}", blocks)
