"""How predictions change with the texts, in a terminal and as cells of tables."""

from collections.abc import Iterator, Sequence

from lstmcli.metrics.evaluation import Evaluation
from lstmcli.metrics.variants import VariantExample, VariantResult
from lstmcli.reports.further import NOT_DEFINED, Cells
from lstmcli.reports.inspection.cells import Style, fitted, wrapped

TITLE = "Predictions of changed texts"
COLUMNS = ["change", "texts", "labels change", "share", "right to wrong", "wrong to right"]
NOTE = (
    "Texts: those that the change applies to. A typo should not matter, and neither should capitals; a negation often "
    "should."
)
NO_LABEL = "(none)"
KIND_WIDTH, COUNT_WIDTH = 22, 7


def variants_cells(evaluation: Evaluation) -> list[Cells]:
    """Return a table of all kinds of changes, and one of examples, if they were asked for."""
    variants = evaluation.variants
    if not variants:
        return []
    rows = [[each.kind, *_figures(each)] for each in variants]
    examples = [
        [result.kind, *_labels(each), each.variant, each.text] for result in variants for each in result.examples
    ]
    shown = ["change", "before", "after", "changed text", "text"]
    tables = [Cells(TITLE, COLUMNS, rows, NOTE)]
    return [*tables, Cells("Changed texts with other labels", shown, examples, "", 5)] if examples else tables


def variants_text(variants: Sequence[VariantResult], style: Style) -> str:
    """Return the same for a terminal, no wider than the screen."""
    return "".join(f"{line}\n" for line in _lines(variants, style)) + wrapped([NOTE], style)


def _lines(variants: Sequence[VariantResult], style: Style) -> Iterator[str]:
    yield TITLE
    headings = ("texts", "changed", "share", "broken", "fixed")
    yield f"{'change':{KIND_WIDTH}}" + "".join(f"{heading:>{COUNT_WIDTH + 2}}" for heading in headings)
    for each in variants:
        yield f"{each.kind:{KIND_WIDTH}}" + "".join(f"{figure:>{COUNT_WIDTH + 2}}" for figure in _figures(each))
    for each in variants:
        if each.examples:
            yield ""
            yield f"{each.kind}: texts with other labels"
        for example in each.examples:
            before, after = _labels(example)
            yield fitted(
                f"  {before} -> {after}: {' '.join(example.variant.split())}", style.width, style=style
            ).rstrip()


def _figures(result: VariantResult) -> list[str]:
    share = f"{result.num_changed / result.num_applied:.1%}" if result.num_applied else NOT_DEFINED
    counts = (result.num_applied, result.num_changed, result.num_broken, result.num_fixed)
    applied, changed, broken, fixed = (f"{count:,}" for count in counts)
    return [applied, changed, share, broken, fixed]


def _labels(example: VariantExample) -> tuple[str, str]:
    return example.before or NO_LABEL, example.after or NO_LABEL
