"""`lstmcli compare` in a terminal and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.errors import counted
from lstmcli.metrics.estimates import Estimate
from lstmcli.metrics.paired import CONFIDENCE, EQUIVALENCE_CONFIDENCE, PairedComparison, ScoreDifference
from lstmcli.reports.inspection.cells import Style, wrapped
from lstmcli.reports.row_table import ShownRow, row_lines
from lstmcli.reports.table import SCORE_TITLES
from lstmcli.reports.verdicts import MIN_DRAWN
from lstmcli.reports.wording import joined

NAME_WIDTH = 14


@dataclass(frozen=True)
class Flip:
    """A row that one side has right and the other wrong.

    Attributes:
        line: in the file of A.
        text: the whole of it.
        gold: its true labels, joined as in predictions.
        first: what A predicts.
        second: what B predicts.
    """

    line: int
    text: str
    gold: str
    first: str
    second: str


@dataclass(frozen=True)
class Outcome:
    """All that is shown.

    Attributes:
        first: the name of A.
        second: the name of B.
        rows: the name of the rows.
        digest: of texts and true labels.
        found: the figures.
        margin: within which A and B may be equivalent, such as 0.01; None if that is not asked.
        only_first: examples of rows that only A has right.
        only_second: of those that only B has right.
        notes: sentences on the rows.
    """

    first: str
    second: str
    rows: str
    digest: str
    found: PairedComparison
    margin: float | None
    only_first: Sequence[Flip]
    only_second: Sequence[Flip]
    notes: Sequence[str]


def comparison_content(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome for JSON; fractions are from 0 to 1."""
    found = outcome.found
    scores = {
        each.score: {
            "a": each.first,
            "b": each.second,
            "difference": asdict(each.difference),
            "difference_90": asdict(each.narrow),
            "equivalent": None if outcome.margin is None else each.is_within(outcome.margin),
        }
        for each in found.scores
    }
    return {
        "a": outcome.first,
        "b": outcome.second,
        "rows": outcome.rows,
        "digest": outcome.digest,
        "num_rows": found.num_rows,
        "num_groups": found.num_groups,
        "confidence": CONFIDENCE,
        "margin": outcome.margin,
        "scores": scores,
        "mcnemar": {
            "only_a_right": len(found.only_first),
            "only_b_right": len(found.only_second),
            "both_right": found.num_both_right,
            "both_wrong": found.num_both_wrong,
            "p_value": found.p_value,
        },
        "flips": {
            "only_a_right": list(map(_flip, outcome.only_first)),
            "only_b_right": list(map(_flip, outcome.only_second)),
        },
        "notes": list(outcome.notes),
    }


def _flip(flip: Flip) -> dict[str, Any]:
    return {"line": flip.line, "text": flip.text, "gold": flip.gold, "a": flip.first, "b": flip.second}


def comparison_text(outcome: Outcome, style: Style) -> str:
    """Return tables and sentences, no wider than the screen."""
    groups = outcome.found.num_groups
    of_groups = "" if groups is None else f" in {counted(groups, 'group')}, resampled as whole groups"
    rows = f"{counted(outcome.found.num_rows, 'row')} of {outcome.rows}{of_groups}"
    parts = [
        wrapped([f"A       {outcome.first}", f"B       {outcome.second}", f"rows    {rows}"], style),
        "".join(f"{line}\n" for line in _table(outcome.found)),
        wrapped(_sentences(outcome), style),
        *_flips(outcome, style),
    ]
    return "\n".join(parts)


def _table(found: PairedComparison) -> Iterator[str]:
    yield f"{'':{NAME_WIDTH}}{'A':>7}{'B':>7}{'B - A':>9}{'95% interval':>18}{'90% interval':>18}"
    for each in found.scores:
        yield (
            f"{SCORE_TITLES[each.score]:{NAME_WIDTH}}{each.first:>7.3f}{each.second:>7.3f}"
            f"{points(each.difference.value):>9}{_interval(each.difference):>18}{_interval(each.narrow):>18}"
        )
    yield "In points (hundredths). The bootstrap draws the same rows for A and B."


def points(fraction: float) -> str:
    """Return a difference of scores in hundredths; one that rounds to 0 has no sign."""
    text = f"{100.0 * fraction:+.1f}"
    return "0.0" if text in {"+0.0", "-0.0"} else text


def _interval(estimate: Estimate) -> str:
    return f"{points(estimate.low)} to {points(estimate.high)}"


def _sentences(outcome: Outcome) -> Iterator[str]:
    found = outcome.found
    num_drawn = found.num_rows if found.num_groups is None else found.num_groups
    if num_drawn < MIN_DRAWN:
        what = "row" if found.num_groups is None else "group"
        yield f"{counted(num_drawn, what)}: too few for a verdict or for reliable intervals."
    else:
        yield from _verdicts(found.scores)
    yield _mcnemar(found)
    if outcome.margin is not None:
        yield _equivalence(found, outcome.margin)
    yield from outcome.notes


# On B, compared with A.
VERDICTS = {
    "better": "B is better than A in {scores}.",
    "worse": "B is WORSE than A in {scores}.",
    "not distinguishable": "A and B do NOT differ significantly in {scores} on these rows.",
}


def _verdicts(scores: Sequence[ScoreDifference]) -> Iterator[str]:
    """Yield a sentence for each verdict that some score has."""
    for verdict, sentence in VERDICTS.items():
        titles = [SCORE_TITLES[each.score] for each in scores if each.verdict == verdict]
        if titles:
            yield sentence.format(scores=joined(titles))


def _mcnemar(found: PairedComparison) -> str:
    only_first, only_second = len(found.only_first), len(found.only_second)
    sentence = (
        f"McNemar's exact test of accuracy: p {p_value_text(found.p_value)}; only A is right in "
        f"{counted(only_first, 'row')}, only B in {only_second:,}, both in {found.num_both_right:,}, neither in "
        f"{found.num_both_wrong:,}."
    )
    if found.num_groups is not None:
        sentence += " It takes rows as independent, which those of a group are not: rely on the intervals."
    return sentence


def p_value_text(p_value: float) -> str:
    """Return "= 0.031", "= 1" or "< 0.0001"."""
    if p_value < 0.0001:
        return "< 0.0001"
    return f"= {p_value:.2g}" if p_value < 0.1 else f"= {p_value:.2f}".removesuffix(".00")


def _equivalence(found: PairedComparison, margin: float) -> str:
    """Say of which scores the interval lies within the margin."""
    size = "1 point" if margin == 0.01 else f"{100.0 * margin:g} points"
    inside = [SCORE_TITLES[each.score] for each in found.scores if each.is_within(margin)]
    outside = [SCORE_TITLES[each.score] for each in found.scores if not each.is_within(margin)]
    level = f"{EQUIVALENCE_CONFIDENCE:.0%} interval"
    sentences = []
    if inside:
        sentences.append(f"A and B are equivalent within {size} in {joined(inside)} ({level} inside).")
    if outside:
        sentences.append(f"Equivalence within {size} is NOT shown in {joined(outside)} ({level} not inside).")
    return " ".join(sentences)


def _flips(outcome: Outcome, style: Style) -> Iterator[str]:
    """Yield the examples of each direction, with what the other side says."""
    found = outcome.found
    for right, wrong, flips, rows in (
        ("A", "B", outcome.only_first, found.only_first),
        ("B", "A", outcome.only_second, found.only_second),
    ):
        if flips:
            shown = [
                ShownRow(str(each.line), (each.gold, each.second if right == "A" else each.first), None, each.text)
                for each in flips
            ]
            title = f"Only {right} is right ({_of_all(flips, rows)}); {wrong} says what is below {wrong}"
            yield "".join(f"{line}\n" for line in (title, *row_lines(("actual", wrong), shown, style)))


def _of_all(flips: Sequence[Flip], rows: NDArray[np.int64]) -> str:
    return f"{len(flips)} of {counted(len(rows), 'row')}"
