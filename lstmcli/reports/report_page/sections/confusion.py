"""Which labels are taken for which."""

from lstmcli.metrics.evaluation import Evaluation
from lstmcli.reports.label_trust import confusion_sentence, own_labels
from lstmcli.reports.report_page.blocks import Block, Cell, Folded, Grid, Paragraph, Section
from lstmcli.reports.tables import all_labels, confusions_table, label_counts_table

# More labels than this are not legible as a matrix, even in a box that scrolls.
MAX_MATRIX_LABELS = 40


def confusion(evaluation: Evaluation) -> Section:
    """Return the matrix, or the counts of each label where a text may have several."""
    if evaluation.kind != "single":
        return Section("confusion", "Kinds of mistakes", _mistakes(evaluation))
    sentence = confusion_sentence(evaluation) or "No row was given a wrong label."
    blocks: list[Block] = [Paragraph(sentence)]
    names, counts = [label.label for label in own_labels(evaluation)], evaluation.confusion
    if counts is not None and len(names) <= MAX_MATRIX_LABELS:
        blocks.append(_matrix(names, counts))
    if confusion_sentence(evaluation):
        pairs = Grid.of(confusions_table(evaluation))
        blocks.append(Folded("The most frequent confusions", [pairs]) if len(blocks) > 1 else pairs)
    return Section("confusion", "What is taken for what", blocks)


def _matrix(names: list[str], counts: list[list[int]]) -> Grid:
    rows = [
        [Cell(name), *(_cell(count, sum(row), is_right=at == own) for at, count in enumerate(row))]
        for own, (name, row) in enumerate(zip(names, counts, strict=True))
    ]
    return Grid(
        "Actual labels in rows, predicted labels in columns",
        ["actual \\ predicted", *names],
        rows,
        "Right predictions are outlined. The colour is the share of the row: of the texts with the label on the left.",
        is_matrix=True,
    )


def _cell(count: int, total: int, *, is_right: bool) -> Cell:
    return Cell(f"{count:,}" if count else "·", shade=count / max(1, total), is_quiet=not count, is_marked=is_right)


def _mistakes(evaluation: Evaluation) -> list[Block]:
    counts = dict(zip([label.label for label in own_labels(evaluation)], evaluation.confusion or [], strict=True))
    missed = max(counts, key=lambda name: counts[name][2])
    extra = max(counts, key=lambda name: counts[name][1])
    sentences = []
    if counts[missed][2]:
        right, _, gone, _ = counts[missed]
        sentences.append(f"Most often missed: {missed} ({gone:,} of the {right + gone:,} rows that have it).")
    if counts[extra][1]:
        right, wrong, _, _ = counts[extra]
        sentences.append(f"Most often given by mistake: {extra} ({wrong:,} of the {right + wrong:,} rows given it).")
    return [Paragraph(" ".join(sentences)), Grid.of(label_counts_table(evaluation, all_labels(evaluation)))]
