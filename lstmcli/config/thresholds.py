"""The values of `decision.thresholds`: a goal, a number, or one of these for each label.

A setting holds them as they are written in a config: a number, a text such as "f1" or "precision=0.9", or a mapping
from labels to these.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from lstmcli.config.excerpts import excerpt, shown
from lstmcli.errors import ConfigError, did_you_mean, nearest

# In a mapping, the label that stands for all others.
OTHERS = "*"

GOALS = ("auto", "f1", "jaccard", "half", "share")
LEAST = ("precision", "recall")
CHOICES = (*GOALS, *(f"{name}=" for name in LEAST))

EXPECTED = "auto, f1, jaccard, half, share, precision=P, recall=R or a number, each above 0 and below 1"

# More keys are refused when a config is read.
MAX_NAMED = 1_000

ThresholdSetting = str | float | dict[str, str | float]


class ThresholdChoice(NamedTuple):
    """What a threshold is chosen for: one of GOALS or of LEAST, or "number". The last two have a `value`."""

    goal: str
    value: float = math.nan


def parse_choice(value: Any) -> ThresholdChoice:
    """Return what a number, or a word such as "jaccard", "0.4" or "precision=0.9", asks for.

    Raises:
        ValueError: it is none of these; the message is for users.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"expected {EXPECTED}, got {shown(value)}.")
    word = str(value).strip().lower()
    if word in GOALS:
        return ThresholdChoice(word)
    name, equals, amount = (part.strip() for part in word.partition("="))
    number = _number(amount if equals else word)
    if number is None or (equals and name not in LEAST):
        raise ValueError(f"expected {EXPECTED}, got {shown(value)}.{_hint(name, amount)}")
    return ThresholdChoice(name, number) if equals else ThresholdChoice("number", number)


def canonical(value: Any) -> str | float:
    """Return the shortest way to write the same; a number is a float. Errors are those of `parse_choice`."""
    goal, number = parse_choice(value)
    if goal == "number":
        return number
    return goal if math.isnan(number) else f"{goal}={number:.10g}"


def choices_by_label(setting: ThresholdSetting, labels: Iterable[str]) -> list[ThresholdChoice]:
    """Return the choice for each label; one that a mapping does not name gets that of OTHERS, or "auto"."""
    if not isinstance(setting, dict):
        return [parse_choice(setting) for _ in labels]
    others = setting.get(OTHERS, "auto")
    return [parse_choice(setting.get(label, others)) for label in labels]


def unknown_labels(setting: ThresholdSetting, labels: Iterable[str]) -> list[str]:
    """Return a message for each label in a mapping that does not exist."""
    known = list(labels)
    named = setting if isinstance(setting, dict) else {}
    return [
        f"decision.thresholds: {excerpt(name)!r} is not a label.{did_you_mean(name, known) or _some(known)}"
        for name in named
        if name != OTHERS and name not in known
    ]


def check_label_names(setting: ThresholdSetting, labels: Iterable[str]) -> None:
    """Raise a ConfigError that lists all labels of a mapping that do not exist."""
    if problems := unknown_labels(setting, labels):
        raise ConfigError(*problems)


def without_unknown(setting: ThresholdSetting, labels: Iterable[str]) -> ThresholdSetting:
    """Return the setting without labels that do not exist."""
    known = {OTHERS, *labels}
    if not isinstance(setting, dict):
        return setting
    return {label: value for label, value in setting.items() if label in known} or "auto"


def with_label(setting: Any, label: str, value: Any) -> dict[str, Any]:
    """Return the setting with a choice for one label; if it was one for all, that remains for the others."""
    if isinstance(setting, dict):
        return {**setting, label: value}
    return {label: value} if setting is None else {OTHERS: setting, label: value}


def problems_of(value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the label, if it is about one, and the message of each mistake in a setting."""
    if not isinstance(value, Mapping):
        each_value: Iterable[tuple[tuple[str, ...], Any]] = [((), value)]
    elif 1 <= len(value) <= MAX_NAMED:
        each_value = [((str(label),), each) for label, each in value.items()]
    else:
        expected = f"expected {EXPECTED}, or one of these for each of 1 to {MAX_NAMED:,} labels"
        yield (), f"{expected}, got {len(value):,}."
        return
    for path, each in each_value:
        try:
            parse_choice(each)
        except ValueError as error:
            yield path, str(error)


class ThresholdNote:
    """Makes pydantic accept such settings, and write them in their shortest form, without importing pydantic.

    What is wrong with others is told by `problems_of`.
    """

    expectation = EXPECTED
    choices = CHOICES

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> Any:
        return {"type": "function-plain", "function": {"type": "no-info", "function": _shortest}}


def _shortest(value: Any) -> ThresholdSetting:
    for _, problem in problems_of(value):
        raise ValueError(problem)
    if isinstance(value, Mapping):
        return {str(label): canonical(each) for label, each in value.items()}
    return canonical(value)


def _number(word: str) -> float | None:
    """Return 0.4 for "0.4" and "40%", or None if it is not a number above 0 and below 1."""
    try:
        number = float(word.removesuffix("%")) / (100.0 if word.endswith("%") else 1.0)
    except ValueError:
        return None
    return number if 0.0 < number < 1.0 else None


def _hint(name: str, amount: str) -> str:
    if name in LEAST:
        return f" Did you mean '{name}={_number(amount) or 0.9:g}'?"
    near = nearest(name, (*GOALS, *LEAST))
    if near is None:
        return ""
    return f" Did you mean '{near}={_number(amount) or 0.9:g}'?" if near in LEAST else f" Did you mean {near!r}?"


def _some(known: list[str]) -> str:
    more = f" and {len(known) - 10:,} more" if len(known) > 10 else ""
    return f" Labels: {', '.join(map(excerpt, known[:10]))}{more}."
