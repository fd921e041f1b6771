"""`lstmcli agree` in a terminal and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from lstmcli.errors import counted
from lstmcli.metrics.agreement import CONFIDENCE
from lstmcli.metrics.agreement_summary import Agreement
from lstmcli.metrics.estimates import Estimate
from lstmcli.reports.inspection.cells import Style, fitted, wrapped

# Krippendorff 2019 asks for the first, and accepts the second for tentative conclusions.
RELIABLE, TENTATIVE = 0.8, 0.667

NAME_WIDTH = 24
MAX_CATEGORIES_SHOWN = 12

UNDEFINED = "-"


def agreement_content(found: Agreement) -> dict[str, Any]:
    """Return everything for JSON; undefined figures are null."""
    content = asdict(found)
    content["categories"] = dict(zip(found.categories, found.counts, strict=True))
    del content["counts"]
    content["labels"] = {label: None if own is None else asdict(own) for label, own in found.labels}
    if not found.labels:
        del content["labels"]
    return {**content, "confidence": CONFIDENCE}


def agreement_text(found: Agreement, style: Style) -> str:
    """Return tables and sentences, no wider than the screen."""
    return "\n".join(
        [
            wrapped(_head(found), style),
            _table(_totals(found), "", style),
            *([_table(((label, "", own) for label, own in found.labels), "", style)] if found.labels else []),
            _table(_pairs(found), "items  same", style),
            _table(_annotators(found), "items", style),
            wrapped(_sentences(found), style),
        ]
    )


def _head(found: Agreement) -> Iterator[str]:
    humans = len(found.annotators) - (found.model is not None)
    sizes = f"{counted(found.num_items, 'item')}, {humans} annotators, {counted(sum(found.counts), 'rating')}"
    kind = (
        "by sets of labels" if found.labels else f"on {'a' if found.scale == 'nominal' else 'an'} {found.scale} scale"
    )
    yield f"{found.name}: {sizes} {kind}"
    used = sorted(zip(found.categories, found.counts, strict=True), key=lambda each: -each[1])
    if found.scale in ("ordinal", "interval"):
        used = list(zip(found.categories, found.counts, strict=True))
    shown = ", ".join(f"{name} {count:,}" for name, count in used[:MAX_CATEGORIES_SHOWN])
    more = len(used) - MAX_CATEGORIES_SHOWN
    yield shown + (f" and {more} more" if more > 0 else "")
    if found.num_spelt_missing:
        yield f"{counted(found.num_spelt_missing, 'cell')} with NA or the like: counted as missing"


def _totals(found: Agreement) -> Iterator[tuple[str, str, Estimate | None]]:
    yield "Krippendorff's alpha", "", found.alpha
    if not found.labels:
        yield "Fleiss' kappa", "", found.fleiss


def _pairs(found: Agreement) -> Iterator[tuple[str, str, Estimate | None]]:
    for pair in found.pairs:
        same = UNDEFINED if pair.equal is None else f"{pair.equal.value:.3f}"
        yield f"{pair.first} and {pair.second}", f"{pair.num_items:>7,}{same:>7}", pair.kappa


def _annotators(found: Agreement) -> Iterator[tuple[str, str, Estimate | None]]:
    for one in found.annotators:
        yield f"{one.annotator} with others", f"{one.num_items:>7,}{'':>7}", one.kappa


def _table(rows: Iterator[tuple[str, str, Estimate | None]], columns: str, style: Style) -> str:
    title = f"{'':{NAME_WIDTH}}{columns:<16}" if columns else " " * NAME_WIDTH + " " * 16
    header = f"{title}{'value' if not columns else 'kappa':>7}  {CONFIDENCE:.0%} interval"
    lines = [header.rstrip()]
    for name, middle, value in rows:
        lines.append(f"{fitted(name, NAME_WIDTH, style=style)}{middle:<16}{_figure(value)}".rstrip())
    return "".join(f"{line}\n" for line in lines)


def _figure(value: Estimate | None) -> str:
    if value is None:
        return f"{UNDEFINED:>7}"
    return f"{value.value:>7.3f}  [{value.low:.3f}, {value.high:.3f}]"


def _sentences(found: Agreement) -> Iterator[str]:
    yield _verdict(found.alpha)
    if found.num_compared < found.num_items:
        yield f"Alpha rests on the {counted(found.num_compared, 'item')} with at least two ratings."
    if found.fleiss is not None and found.num_complete < found.num_items:
        yield f"Fleiss' kappa rests on the {counted(found.num_complete, 'item')} that all have rated."
    if found.labels:
        yield "Alpha and kappas weigh how much two sets differ (MASI distance); below alpha is that of each label."
    elif found.scale != "nominal":
        yield "Kappas of pairs weigh disagreements by their squares; Fleiss' kappa counts them all alike."
    if found.model is not None:
        yield from _model_sentences(found)


def agreement_sentences(found: Agreement) -> Iterator[str]:
    """Yield what readers of a model's scores need to know about the annotators of the rows."""
    if found.alpha is None:
        yield "The annotators of these rows can't be compared: no two rated the same text, or all ratings are equal."
        return
    humans = len(found.annotators) - (found.model is not None)
    own = "labels of a row are those" if found.labels else "label of a row is that"
    yield (
        f"These rows have {humans} annotators; the {own} of most. Krippendorff's alpha: "
        f"{found.alpha.value:.3f} [{found.alpha.low:.3f}, {found.alpha.high:.3f}]. {_verdict(found.alpha)}"
    )
    if found.model is not None:
        yield from _model_sentences(found)


def _verdict(alpha: Estimate | None) -> str:
    if alpha is None:
        return "Alpha is undefined: no two ratings of an item, or all ratings are equal."
    if alpha.value >= RELIABLE:
        strength = f"reliable by Krippendorff's rule (at least {RELIABLE})"
    elif alpha.value >= TENTATIVE:
        strength = f"enough for tentative conclusions by Krippendorff's rule ({TENTATIVE} to {RELIABLE})"
    else:
        strength = f"below {TENTATIVE}, Krippendorff's least for tentative conclusions"
    sure = " The interval leaves that open." if _is_open(alpha) else ""
    return f"The annotators' agreement is {strength}.{sure}"


def _is_open(alpha: Estimate) -> bool:
    return any(alpha.low < limit <= alpha.high for limit in (TENTATIVE, RELIABLE))


def _model_sentences(found: Agreement) -> Iterator[str]:
    model = found.model
    if model is None or model.with_humans is None or model.among_humans is None or model.difference is None:
        yield "The model can't be compared with the annotators: a kappa is undefined."
        return
    ceiling = model.among_humans.value
    by = model.difference
    if by.high < 0:
        word = "less than they agree with each other"
    elif by.low > 0:
        word = "more than they agree with each other"
    else:
        word = "not distinguishably less or more than they agree with each other"
    yield (
        f"The model agrees with the annotators (mean kappa {model.with_humans.value:.3f}) {word} ({ceiling:.3f}; "
        f"difference {by.value:+.3f} [{by.low:+.3f}, {by.high:+.3f}])."
    )
