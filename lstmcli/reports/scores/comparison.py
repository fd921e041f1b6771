"""`lstmcli compare` of two models of scores, in a terminal and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lstmcli.errors import counted
from lstmcli.metrics.paired import CONFIDENCE
from lstmcli.metrics.score_paired import FigureDifference, PairedScores
from lstmcli.reports.comparison import VERDICTS
from lstmcli.reports.inspection.cells import Style, fitted, wrapped
from lstmcli.reports.scores.titles import TITLES
from lstmcli.reports.table import NO_SCORE
from lstmcli.reports.verdicts import MIN_DRAWN
from lstmcli.reports.wording import joined

NAME_WIDTH = 24

# Of each score, what most readers ask for.
SHOWN = ("r", "rmse", "r2")


@dataclass(frozen=True)
class ScoreOutcome:
    """What a comparison shows.

    Attributes:
        first: the name of A.
        second: the name of B.
        rows: the file.
        digest: of the rows.
        found: the comparison.
        notes: what readers need to know.
    """

    first: str
    second: str
    rows: str
    digest: str
    found: PairedScores
    notes: Sequence[str]


def score_comparison_content(outcome: ScoreOutcome) -> dict[str, Any]:
    """Return the outcome for JSON; what is not defined is null."""
    found = outcome.found
    names = dict.fromkeys(each.score for each in found.each_score)
    return {
        "a": outcome.first,
        "b": outcome.second,
        "rows": outcome.rows,
        "digest": outcome.digest,
        "num_rows": found.num_rows,
        "num_groups": found.num_groups,
        "confidence": CONFIDENCE,
        "scores": {each.figure: _content(each) for each in found.means},
        "each_score": {
            name: {each.figure: _content(each) for each in found.each_score if each.score == name} for name in names
        },
        "notes": list(outcome.notes),
    }


def _content(each: FigureDifference) -> dict[str, Any]:
    difference = None if each.difference is None else asdict(each.difference)
    return {"a": each.first, "b": each.second, "difference": difference}


def score_comparison_text(outcome: ScoreOutcome, style: Style) -> str:
    """Return tables and sentences, no wider than the screen."""
    found = outcome.found
    groups = "" if found.num_groups is None else f" in {counted(found.num_groups, 'group')}, resampled as whole groups"
    rows = f"{counted(found.num_rows, 'row')} of {outcome.rows}{groups}"
    parts = [
        wrapped([f"A       {outcome.first}", f"B       {outcome.second}", f"rows    {rows}"], style),
        "".join(f"{line}\n" for line in _table(found, style)),
        wrapped(_sentences(outcome), style),
    ]
    return "\n".join(parts)


def _table(found: PairedScores, style: Style) -> Iterator[str]:
    yield f"{'':{NAME_WIDTH}}{'A':>9}{'B':>9}{'B - A':>9}{f'{CONFIDENCE:.0%} interval':>20}"
    mean = "mean " if found.each_score else ""
    for each in found.means:
        yield _row(f"{mean}{TITLES[each.figure]}", each, style)
    for each in found.each_score:
        if each.figure in SHOWN:
            yield _row(f"{each.score}, {TITLES[each.figure]}", each, style)
    yield "The bootstrap draws the same rows for A and B. RMSE and MAE: less is better."


def _row(name: str, each: FigureDifference, style: Style) -> str:
    ours, theirs = (NO_SCORE if value is None else f"{value:.3f}" for value in (each.first, each.second))
    gap = NO_SCORE if each.difference is None else f"{each.difference.value:+.3f}"
    ends = "" if each.difference is None else f"{each.difference.low:+.3f} to {each.difference.high:+.3f}"
    return f"{fitted(name, NAME_WIDTH, style=style)}{ours:>9}{theirs:>9}{gap:>9}{ends:>20}".rstrip()


def _sentences(outcome: ScoreOutcome) -> Iterator[str]:
    found = outcome.found
    num_drawn = found.num_rows if found.num_groups is None else found.num_groups
    if num_drawn < MIN_DRAWN:
        what = "row" if found.num_groups is None else "group"
        yield f"{counted(num_drawn, what)}: too few for a verdict or for reliable intervals."
    else:
        for verdict, sentence in VERDICTS.items():
            titles = [TITLES[each.figure] for each in found.means if each.difference and each.verdict == verdict]
            if titles:
                yield sentence.format(scores=joined(titles))
    yield from outcome.notes
