"""Checks of settings that contradict `data.ordered`: labels in an order."""

from typing import Any

from lstmcli.config.keys import KeyPath
from lstmcli.config.settings import Config

Check = tuple[bool, list[KeyPath], str]  # see `contradictions`

# Settings that say that labels have no order, and what they are.
UNORDERED = {
    "labels": "yes/no columns have no order",
    "label_separator": "several labels per text have no order",
    "scores": "numbers need no classes",
}


def ordered_checks(config: Config) -> list[Check]:
    """Return the checks of a config with `data.ordered`, and of one setting that means nothing without."""
    data, default = config.data, Config()
    names = [" ".join(name.split()) for name in data.ordered]
    if not names:
        is_set = config.decision.measure != default.decision.measure
        what = "decision.measure: applies to ordered labels; name them in their order in data.ordered."
        return [(is_set, [("decision", "measure")], what)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    combined: list[Check] = [
        (
            getattr(data, key) != getattr(default.data, key),
            [("data", key), ("data", "ordered")],
            f"data.{key} and data.ordered can't be combined: {why}.",
        )
        for key, why in UNORDERED.items()
    ]
    return [
        *combined,
        (
            len(names) < 2,
            [("data", "ordered")],
            f"data.ordered: expected at least two labels, from the lowest to the highest, got only {names[0]!r}.",
        ),
        ("" in names, [("data", "ordered")], "data.ordered: a label is empty."),
        (
            any(repeated),
            [("data", "ordered")],
            f"data.ordered: named twice: {', '.join(map(repr, repeated))}; each label has one place in the order.",
        ),
    ]


def with_numbers_as_names(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the sections of a config in which whole numbers of `data.ordered`, such as stars, are text."""
    data = raw.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("ordered"), list | tuple):
        return raw
    names = [str(each) if type(each) is int else each for each in data["ordered"]]
    return {**raw, "data": {**data, "ordered": names}}
