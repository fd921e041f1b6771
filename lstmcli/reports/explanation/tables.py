"""The strongest words of each label, and how faithful each method is, as tables and for JSON."""

from collections.abc import Sequence
from typing import Any

from lstmcli.errors import counted
from lstmcli.explanation.faithfulness import Faithfulness, Interval
from lstmcli.explanation.vocabulary import LabelWords, Ranked
from lstmcli.reports.inspection.cells import Style, wrapped


def labels_text(found: Sequence[LabelWords]) -> str:
    """Return a paragraph per label."""
    lines = []
    for label in found:
        lines += [label.label, f"  words: {_listed(label.words)}", f"  n-grams: {_listed(label.ngrams)}"]
    return wrapped(lines, Style())


def _listed(ranked: Ranked) -> str:
    return ", ".join(f"{name} {weight:+.2f}" for name, weight in ranked) or "none"


def labels_content(found: Sequence[LabelWords]) -> dict[str, Any]:
    """Return the same for JSON."""
    return {
        "labels": {
            label.label: {
                "words": [{"word": name, "weight": round(weight, 6)} for name, weight in label.words],
                "ngrams": [{"ngram": name, "weight": round(weight, 6)} for name, weight in label.ngrams],
            }
            for label in found
        }
    }


def faithfulness_text(found: Faithfulness) -> str:
    """Return a table with a line per method."""
    lines = [
        f"{counted(found.num_texts, 'text')} with two words or more; AOPC, 95% intervals",
        "",
        f"{'method':<26}{'comprehensiveness':<26}sufficiency",
        *(f"{each.method:<26}{_shown(each.comprehensiveness):<26}{_shown(each.sufficiency)}" for each in found.methods),
        "",
        "comprehensiveness: how much less probable the label is without the strongest words (more is better)",
        "sufficiency: how much less probable it is with these words alone (less is better)",
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _shown(interval: Interval) -> str:
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def faithfulness_content(found: Faithfulness) -> dict[str, Any]:
    """Return the same for JSON."""
    return {
        "texts": found.num_texts,
        "methods": {
            each.method: {
                "comprehensiveness": _content(each.comprehensiveness),
                "sufficiency": _content(each.sufficiency),
            }
            for each in found.methods
        },
    }


def _content(interval: Interval) -> dict[str, float]:
    return {"mean": round(interval.mean, 6), "low": round(interval.low, 6), "high": round(interval.high, 6)}
