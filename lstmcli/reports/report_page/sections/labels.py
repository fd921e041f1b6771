"""Which labels can be relied on."""

from lstmcli.metrics.evaluation import Evaluation, LabelScores
from lstmcli.reports.further import label_cells
from lstmcli.reports.label_trust import meaning, own_labels, trust_in, trust_sentences
from lstmcli.reports.report_page.blocks import Block, Cell, Folded, Grid, Items, Section
from lstmcli.reports.report_page.content import ReportContent
from lstmcli.reports.table import NO_SCORE, Table
from lstmcli.reports.tables import all_labels, comparison_table


def labels(content: ReportContent, evaluation: Evaluation) -> Section:
    """Return the scores of each label."""
    blocks: list[Block] = [] if evaluation is content.main else [Items(trust_sentences(evaluation))]
    blocks.append(_grid(content, evaluation))
    if len(evaluation.labels) > 1:
        compared = comparison_table(evaluation, all_labels(evaluation))
        blocks.append(Folded(f"{compared.title}, beside the baselines", [Grid.of(compared)]))
    shown = all_labels(evaluation)
    for cells in label_cells(evaluation, shown.indices, shown.note, brief=False):
        blocks.append(Folded(cells.title, [Grid.of(Table(*cells))]))
    return Section("labels", "Which labels can be trusted", blocks)


def _grid(content: ReportContent, evaluation: Evaluation) -> Grid:
    found = own_labels(evaluation)
    has_thresholds = any(label.threshold is not None for label in found)
    is_traits = evaluation.kind == "traits"
    columns = ["label", "trust", *(["accuracy"] if is_traits else []), "F1", "precision", "recall", "rows", "predicted"]
    columns += ["training rows"] if content.train_rows else []
    columns += ["threshold", "origin"] if has_thresholds else []
    rows = []
    for label in found:
        cells = [Cell(label.label), Cell(trust_in(label, evaluation)), *_figures(label, is_traits=is_traits)]
        cells += [Cell(f"{label.support:,}"), Cell(f"{label.picked:,}")]
        if content.train_rows:
            cells.append(Cell(f"{content.train_rows.get(label.label, 0):,}"))
        if has_thresholds:
            threshold = NO_SCORE if label.threshold is None else f"{label.threshold:.3f}"
            cells += [Cell(threshold), Cell(label.threshold_origin or NO_SCORE)]
        rows.append(cells)
    note = f"{meaning(evaluation)} The line on a bar is the {evaluation.confidence:.0%} interval."
    return Grid("Labels", columns, rows, note, num_names=2)


def _figures(label: LabelScores, *, is_traits: bool) -> list[Cell]:
    estimates = [(label.accuracy, True)] if is_traits else []
    estimates += [
        (label.f1, label.support > 0),
        (label.precision, label.support + label.picked > 0),
        (label.recall, label.support > 0),
    ]
    return [
        Cell(f"{found.value:.3f}", found.value, (found.low, found.high), says_interval=number == 0)
        if is_known
        else Cell(NO_SCORE, is_quiet=True)
        for number, (found, is_known) in enumerate(estimates)
    ]
