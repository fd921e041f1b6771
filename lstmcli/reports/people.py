"""Sentences on answers for people."""

from collections.abc import Iterator

from lstmcli.config.model_settings import LabelKind
from lstmcli.metrics.estimates import Estimate
from lstmcli.metrics.people import MoreTexts


def people_sentences(found: MoreTexts, by: str, kind: LabelKind) -> Iterator[str]:
    """Yield what more texts of a person bring."""
    score = "accuracy" if kind == "single" else "mean accuracy"
    gain = found.gain
    if gain.low > 0:
        verdict = "better than one text alone"
    elif gain.high < 0:
        verdict = "WORSE than one text alone"
    else:
        verdict = "NOT distinguishable from one text alone"
    yield (
        f"All texts of one {by} ({found.num_people:,}, with {found.num_texts:g} texts each at the median) are "
        f"{verdict}: {score} {_figure(found.all)} instead of {_figure(found.one)}, {100 * gain.value:+.1f} points "
        f"(interval {100 * gain.low:+.1f} to {100 * gain.high:+.1f})."
    )
    if found.curve:
        steps = "; ".join(f"{number} texts {_figure(value)}" for number, value in found.curve)
        yield f"By number of texts, drawn at random: {steps}."


def _figure(value: Estimate) -> str:
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"
