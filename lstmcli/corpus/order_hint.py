"""Whether the names of labels look like an order, for a hint in a first config."""

from collections.abc import Iterable

# Names that are often in an order, from the lowest to the highest. Those of a column must all come from one of these.
SCALES = (
    ("none", "minimal", "mild", "light", "moderate", "serious", "severe", "extreme"),
    ("very low", "low", "medium", "high", "very high"),
    ("very negative", "negative", "neutral", "positive", "very positive"),
    ("never", "rarely", "sometimes", "often", "always"),
    ("terrible", "bad", "poor", "fair", "okay", "good", "great", "excellent"),
    ("strongly disagree", "disagree", "neutral", "agree", "strongly agree"),
)
LEAST_LABELS, MOST_NUMBERS = 3, 10


def likely_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return the labels in the order that they seem to have; none if they seem to have none."""
    labels = {name.strip() for name in names} - {""}
    if len(labels) < LEAST_LABELS:
        return ()
    if len(labels) <= MOST_NUMBERS and all(name.isascii() and name.isdigit() for name in labels):
        return tuple(sorted(labels, key=int))
    for scale in SCALES:
        place = {name: number for number, name in enumerate(scale)}
        if all(name.lower() in place for name in labels):
            return tuple(sorted(labels, key=lambda name: place[name.lower()]))
    return ()


def order_hint(names: Iterable[str]) -> tuple[str, ...]:
    """Return a hint on `data.ordered`, or none."""
    order = likely_order(names)
    if not order:
        return ()
    return (f"the labels look ordered; if they are, set data.ordered to [{', '.join(order)}]",)
