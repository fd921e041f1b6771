"""Settings from the command line, in place of those of the config file."""

from collections.abc import Mapping
from types import NoneType
from typing import Any, get_args, get_origin

from lstmcli.config.excerpts import MAX_TYPED_CHARACTERS, excerpt
from lstmcli.config.keys import MAPPING, KeyPath, sections, split_key, type_of
from lstmcli.config.lists import split_list
from lstmcli.config.suggestions import suggestion
from lstmcli.config.thresholds import with_label
from lstmcli.errors import UsageError

RawConfig = dict[str, Any]

# Keys that have their own argument or option on the command line.
ARGUMENTS: dict[KeyPath, str] = {
    ("data", "train"): "FILE",
    ("data", "text"): "--text",
    ("data", "label"): "--label",
    ("data", "format"): "--format",
    ("data", "encoding"): "--encoding",
    ("pretraining", "texts"): "FILE",
    ("model", "pretrained"): "--from",
}


def apply(overrides: list[str], arguments: Mapping[str, Any], raw: RawConfig) -> dict[KeyPath, str]:
    """Write overrides and arguments into `raw`, and return what was typed for each key.

    Raises:
        UsageError: see `load_config`.
    """
    typed: dict[KeyPath, str] = {}
    values: dict[KeyPath, Any] = {}
    for override in overrides:
        key, value = _split_override(override)
        values[key] = _parse_override(key, value)
        typed[key] = f"--set {excerpt(override, MAX_TYPED_CHARACTERS)}"
    for dotted, value in arguments.items():
        key = tuple(dotted.split("."))
        if value is None:
            continue
        if key in values and values[key] != value:
            raise UsageError(f"{typed[key]} contradicts {_argument(key, value)}; use only one of them.")
        values[key] = value
        typed[key] = _argument(key, value)
    for key, value in values.items():
        set_in(raw, key, value)
    return typed


def _argument(key: KeyPath, value: Any) -> str:
    words = " ".join(value) if isinstance(value, list) else str(value)
    return f"{ARGUMENTS[key]} {excerpt(words, MAX_TYPED_CHARACTERS)}"


def _split_override(override: str) -> tuple[KeyPath, str]:
    name, equals, value = override.partition("=")
    key = split_key(name.strip())
    if not equals or len(key) == 1:
        hint = suggestion(key, sections()) if equals else ""
        given = excerpt(override, MAX_TYPED_CHARACTERS)
        raise UsageError(f"--set {given}: expected SECTION.KEY=VALUE, for example training.epochs=5.{hint}")
    return key, value.strip() or value


def _parse_override(key: KeyPath, value: str) -> Any:
    """Parse null, lists and quotes, which a string can't express; pydantic converts numbers."""
    hint = type_of(key)
    if value.lower() in {"null", "none", "~"} and NoneType in get_args(hint):
        return None
    if get_origin(hint) is tuple:
        return [item.strip() for item in split_list(value.removeprefix("[").removesuffix("]")) if item.strip()]
    if key == ("data", "text") and value.startswith("[") and value.endswith("]"):
        return split_list(value[1:-1])
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]  # as in YAML, where a value such as a comma needs quotes
    return value


def set_in(raw: RawConfig, key: KeyPath, value: Any) -> None:
    """Write the value of a key into the section, also in place of something that is none."""
    if len(key) > len(MAPPING) and key[: len(MAPPING)] == MAPPING:
        section, name = MAPPING
        before = raw.get(section)
        given = before.get(name) if isinstance(before, dict) else None
        key, value = MAPPING, with_label(given, key[-1], value)
    for part in key[:-1]:
        below = raw.get(part)
        if not isinstance(below, dict):
            below = raw[part] = {}
        raw = below
    raw[key[-1]] = value
