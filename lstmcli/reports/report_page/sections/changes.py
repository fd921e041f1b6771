"""How predictions change with the texts."""

from lstmcli.metrics.evaluation import Evaluation
from lstmcli.reports.report_page.blocks import Grid, Section
from lstmcli.reports.table import Table
from lstmcli.reports.variants import TITLE, variants_cells


def changes(evaluation: Evaluation) -> Section | None:
    """Return how many labels change with the texts, with examples; None if that was not asked for."""
    tables = [Table(*cells) for cells in variants_cells(evaluation)]
    return Section("changes", TITLE, [Grid.of(table) for table in tables]) if tables else None
