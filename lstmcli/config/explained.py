"""A config written like `default.yaml`: the same order and comments, with the values of this config."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from lstmcli.config.keys import known_keys
from lstmcli.config.loading import config_to_dict
from lstmcli.config.settings import Config
from lstmcli.errors import UsageError, did_you_mean
from lstmcli.visible import visible

TEMPLATE = Path(__file__).with_name("default.yaml")

SECTION = re.compile(r"(?P<section>\w+):")
KEY = re.compile(r"  (?P<key>\w+): (?P<value>.*?) +(?P<comment># .*)")


class Line(NamedTuple):
    """A line of the template. `key` is empty in a section's first line; above the first section, so is `section`."""

    section: str
    key: str
    text: str


def explain(config: Config, wanted: Sequence[str] = ()) -> str:
    """Return YAML that loads as `config`, with an explanation of each key.

    Args:
        config: values that differ from the template replace those of the template.
        wanted: dotted keys and sections to include; empty: all.

    Raises:
        UsageError: a name in `wanted` is neither a key nor a section.
    """
    _check_names(wanted)
    values, template_values = config_to_dict(config), yaml.safe_load(_template())
    kept = []
    for line in _lines():
        if not wanted or _is_wanted(line, wanted):
            differs = line.key and values[line.section][line.key] != template_values[line.section][line.key]
            kept.append(_with_value(line.text, values[line.section][line.key]) if differs else line.text)
    return "\n".join(kept).strip() + "\n"


@cache
def _template() -> str:
    return TEMPLATE.read_text(encoding="utf-8")


def _lines() -> Iterator[Line]:
    """Yield the template's lines; continuation lines of a comment belong to the key that they explain."""
    section = key = ""
    for text in _template().splitlines():
        if match := SECTION.match(text):
            section, key = match["section"], ""
        elif match := KEY.match(text):
            key = match["key"]
        elif not text:
            key = ""
        yield Line(section, key, text)


def _with_value(text: str, value: Any) -> str:
    match = KEY.fullmatch(text)
    if match is None:  # a continuation line of a comment
        return text
    shown = f"  {match['key']}: {_to_yaml(value)}"
    return f"{shown.ljust(match.start('comment') - 1)} {match['comment']}"


def _to_yaml(value: Any) -> str:
    """Return `value` as one line of YAML."""
    plain = _dump(value, style=None)
    # Only strings can contain line breaks, and only double quotes escape them.
    if plain.splitlines() != [plain]:
        plain = _dump(value, style='"')
    # Double quotes can also escape characters that are printable to YAML, but not to a terminal.
    return plain if visible(plain) == plain else _dump(value, style='"', allow_unicode=False)


def _dump(value: Any, *, style: str | None, allow_unicode: bool = True) -> str:
    in_a_list = yaml.safe_dump(
        [value], default_style=style, default_flow_style=True, allow_unicode=allow_unicode, width=float("inf")
    )
    return in_a_list.rstrip("\n").removeprefix("[").removesuffix("]")


def _is_wanted(line: Line, wanted: Sequence[str]) -> bool:
    if line.section in wanted:
        return bool(line.text)
    if line.key:
        return f"{line.section}.{line.key}" in wanted
    # The section's first line is needed above any of its keys.
    return bool(line.text) and any(name.partition(".")[0] == line.section for name in wanted if "." in name)


def _check_names(wanted: Sequence[str]) -> None:
    keys = known_keys()
    sections = {key.partition(".")[0] for key in keys}
    for name in wanted:
        if name not in keys and name not in sections:
            choices = keys if "." in name else [*sections, *keys]
            raise UsageError(
                f"{name}: unknown key.{did_you_mean(name, choices)} `lstmcli config --keys` lists all keys."
            )
