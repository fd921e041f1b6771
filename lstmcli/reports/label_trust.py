"""Which labels of a model can be relied on, in a word for each and in sentences."""

from collections.abc import Sequence

from lstmcli.errors import counted
from lstmcli.metrics.evaluation import Evaluation, LabelScores
from lstmcli.reports.ranks import ranks_sentence
from lstmcli.reports.wording import first_ones

GOOD, FAIR, WEAK, FEW = "good", "fair", "weak", "too few rows"

# With fewer rows of a label, or of the other answer to a yes/no question, one row moves its scores too much.
MIN_ROWS = 10

# A label is good if all of its interval is at least the first, and weak if its F1 is below the second.
GOOD_F1, WEAK_F1 = 0.7, 0.5

MAX_NAMED = 5


def own_labels(evaluation: Evaluation) -> list[LabelScores]:
    """Return the scores of the model itself, which is the first system."""
    return next(iter(evaluation.labels.values()))


def trust_in(label: LabelScores, evaluation: Evaluation) -> str:
    """Return GOOD, FAIR, WEAK or FEW."""
    if evaluation.kind == "traits":
        rarer = min(label.support, evaluation.num_rows - label.support)
        base = 1.0 - rarer / evaluation.num_rows
        value, is_good, is_weak = rarer, label.accuracy.low > base, label.accuracy.value <= base
    else:
        value, is_good, is_weak = label.support, label.f1.low >= GOOD_F1, label.f1.value < WEAK_F1
    if value < MIN_ROWS:
        return FEW
    return GOOD if is_good else WEAK if is_weak else FAIR


def meaning(evaluation: Evaluation) -> str:
    """Say what the words mean."""
    few = f"{FEW}: fewer than {MIN_ROWS} rows"
    if evaluation.kind == "traits":
        return (
            f"{GOOD.capitalize()}: clearly more accurate than always giving the more frequent answer; {WEAK}: no more "
            f"accurate than that; {FAIR}: in between; {few} with one of the answers."
        )
    return (
        f"{GOOD.capitalize()}: all of the interval of F1 is at least {GOOD_F1}; {WEAK}: F1 is below {WEAK_F1}; {FAIR}: "
        f"in between; {few} with the label. F1 combines precision (how many of the rows given the label have it) and "
        "recall (how many of the rows with the label were given it)."
    )


def trust_sentences(evaluation: Evaluation) -> list[str]:
    """Say which labels not to rely on, and which are the best; first of all how far off predictions are, if ordered."""
    by_trust: dict[str, list[LabelScores]] = {GOOD: [], FAIR: [], WEAK: [], FEW: []}
    for label in sorted(own_labels(evaluation), key=lambda label: _value(label, evaluation)):
        by_trust[trust_in(label, evaluation)].append(label)
    sentences = [ranks_sentence(evaluation)] if evaluation.ordered else []
    judged = sorted([*by_trust[WEAK], *by_trust[FAIR], *by_trust[GOOD]], key=lambda label: _value(label, evaluation))
    is_all_good = len(by_trust[GOOD]) == len(own_labels(evaluation))
    if by_trust[WEAK]:
        sentences.append(f"Do not rely on {_named(by_trust[WEAK], evaluation)}.")
    elif len(judged) > 1:
        start = f"All {len(judged)} labels are good" if is_all_good else "No label is weak"
        sentences.append(f"{start}; the least reliable are {_named(judged[:2], evaluation)}.")
    if by_trust[GOOD] and not is_all_good:
        sentences.append(f"The most reliable: {_named(by_trust[GOOD][::-1], evaluation)}.")
    elif judged and not by_trust[GOOD]:
        sentences.append("No label is clearly good.")
    if by_trust[FEW]:
        names = sorted(label.label for label in by_trust[FEW])
        sentences.append(f"Too few rows to judge {first_ones(names, MAX_NAMED)}.")
    return sentences


def _value(label: LabelScores, evaluation: Evaluation) -> float:
    """Return what labels are ranked by."""
    if evaluation.kind != "traits":
        return label.f1.value
    share = label.support / evaluation.num_rows
    return label.accuracy.value - max(share, 1.0 - share)


def _named(labels: Sequence[LabelScores], evaluation: Evaluation) -> str:
    return first_ones([_with_score(label, evaluation) for label in labels], MAX_NAMED)


def _with_score(label: LabelScores, evaluation: Evaluation) -> str:
    if evaluation.kind == "traits":
        share = label.support / evaluation.num_rows
        return f"{label.label} ({label.accuracy.value:.0%} right; always the same answer: {max(share, 1 - share):.0%})"
    return f"{label.label} (F1 {label.f1.value:.2f}, {counted(label.support, 'row')})"


def confusion_sentence(evaluation: Evaluation, most: int = 3) -> str:
    """Name the most frequent confusions, or "" if there are none or a text may have several labels."""
    found = [cell for cell in evaluation.confusion_cells if cell.actual != cell.predicted][:most]
    if not found:
        return ""
    names = [f"{cell.actual} taken for {cell.predicted} ({counted(cell.count, 'row')})" for cell in found]
    return f"Most frequent confusions: {first_ones(names, most)}."
