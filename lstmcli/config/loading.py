"""Load a validated `Config` from a YAML file and `--set KEY=VALUE` overrides, reporting all mistakes at once."""

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path, PurePath
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from lstmcli.config.contradictions import KeyPath, contradictions
from lstmcli.config.expectations import expectation
from lstmcli.config.lists import split_list
from lstmcli.config.settings import Config
from lstmcli.config.suggestions import suggestion
from lstmcli.errors import ConfigError, UsageError, did_you_mean

RawConfig = dict[str, Any]

# Keys that have their own argument or option on the command line.
ARGUMENTS: dict[KeyPath, str] = {
    ("data", "train"): "FILE",
    ("data", "text"): "--text",
    ("data", "label"): "--label",
    ("data", "format"): "--format",
    ("data", "encoding"): "--encoding",
    ("pretraining", "texts"): "FILE",
}


def load_config(
    path: Path | None,
    overrides: list[str],
    *,
    needs_labels: bool = True,
    needs_rows: bool = True,
    arguments: Mapping[str, Any] | None = None,
) -> Config:
    """Read `path` (None: all defaults), apply `overrides` ("training.epochs=5") and validate the result.

    Args:
        path: a YAML file.
        overrides: see above.
        needs_labels: whether a training file is required; if not, unlabelled texts are enough.
        needs_rows: whether a file of rows or texts is required at all.
        arguments: values of ARGUMENTS by key ("data.text"), used verbatim; None leaves a key as it is.

    Raises:
        UsageError: an override is not KEY=VALUE, or contradicts an argument.
        ConfigError: the file is missing or not YAML, or any key or value is wrong; the message lists all of them.
    """
    raw = _read_yaml(path) if path is not None else {}
    # A section without keys loads as None, and sections that share a dict through a YAML alias must not be overridden
    # together.
    raw = {
        section: {} if values is None else dict(values) if isinstance(values, dict) else values
        for section, values in raw.items()
    }
    prefix = "" if path is None else f"{path}: "
    typed = _apply(overrides, arguments or {}, raw)
    data = raw.get("data")
    if isinstance(data, dict) and data.get("labels") and (arguments or {}).get("data.label") is not None:
        raise UsageError(f"{typed['data', 'label']}: can't be combined with data.labels (yes/no columns).")
    return _checked(raw, prefix, typed, needs_labels=needs_labels, needs_rows=needs_rows)


def check_settings(settings: object) -> None:
    """Look whether these are settings by key, as for `config_from`.

    Raises:
        TypeError: they are not.
    """
    if not isinstance(settings, Mapping) or not all(isinstance(key, str) for key in settings):
        found = "other keys than str" if isinstance(settings, Mapping) else type(settings).__name__
        raise TypeError(f'expected settings by key, such as {{"training.epochs": 5}}, got {found}')


def config_from(settings: Mapping[str, Any], *, needs_rows: bool = True) -> Config:
    """Return a config with these settings and defaults for all others.

    Args:
        settings: values by key, {"training.epochs": 5} or {"training": {"epochs": 5}}.
        needs_rows: whether a training file is required.

    Raises:
        ConfigError: any key or value is wrong; the message lists all of them.
    """
    raw: RawConfig = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            for key, inner in value.items():
                _set_in(raw, (name, key), _plain(inner))
        else:
            _set_in(raw, tuple(name.split(".")), _plain(value))
    return _checked(raw, "", {}, needs_labels=True, needs_rows=needs_rows)


def _plain(value: Any) -> Any:
    """Return paths, and numpy's own kind of str, as plain text; also those in a list."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, PurePath | str) else value


def _checked(raw: RawConfig, prefix: str, typed: dict[KeyPath, str], *, needs_labels: bool, needs_rows: bool) -> Config:
    try:
        config = TypeAdapter(Config).validate_python(raw)
    except ValidationError as error:
        problems = [_describe(problem, prefix, typed) for problem in error.errors()]
        raise ConfigError(_join(problems)) from None
    problems = [
        f"{next((f'{typed[key]}: ' for key in keys if key in typed), prefix)}{problem}"
        for keys, problem in contradictions(config, needs_labels=needs_labels, needs_rows=needs_rows)
    ]
    if problems:
        raise ConfigError(_join(problems))
    return config


def dump_config(config: Config) -> str:
    """Return `config` as YAML with every key, defaults included."""
    return yaml.safe_dump(config_to_dict(config), sort_keys=False, allow_unicode=True)


def config_to_dict(config: Config) -> RawConfig:
    """Return `config` as nested dicts of plain YAML types."""
    return {
        section: {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
        for section, values in asdict(config).items()
    }


def known_keys() -> list[str]:
    """Return every dotted key that a config may hold, such as "training.epochs"."""
    return [f"{section}.{name}" for section, names in _sections().items() for name in names]


def type_of(key: KeyPath) -> Any:
    """Return the annotation of a key's field, or None if there is no such key."""
    current: Any = Config
    for name in key:
        hints = get_type_hints(current, include_extras=True) if is_dataclass(current) else {}
        current = hints.get(name)
    return current


def _sections() -> dict[str, list[str]]:
    types = get_type_hints(Config)
    return {section.name: [key.name for key in fields(types[section.name])] for section in fields(Config)}


class _StrictLoader(yaml.SafeLoader):
    """Rejects duplicate keys, of which PyYAML silently takes the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
        repeated = [key for number, key in enumerate(keys) if key in keys[:number]]
        if repeated:
            raise yaml.MarkedYAMLError(problem=f"duplicate key {repeated[0]!r}", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep=deep)


def _read_yaml(path: Path) -> RawConfig:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        siblings = sorted(str(other) for other in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        raise ConfigError(f"{path}: no such config file.{did_you_mean(str(path), siblings)}") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a folder, expected a config file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: can't be read as a UTF-8 text file ({error}).") from None
    try:
        raw = yaml.load(content, Loader=_StrictLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not valid YAML: {' '.join(str(error).split())}.") from None
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: expected sections such as 'data:' with keys below them, got {type(raw).__name__}.")
    return raw


def _apply(overrides: list[str], arguments: Mapping[str, Any], raw: RawConfig) -> dict[KeyPath, str]:
    """Write overrides and arguments into `raw`, and return what was typed for each key."""
    typed: dict[KeyPath, str] = {}
    values: dict[KeyPath, Any] = {}
    for override in overrides:
        key, value = _split_override(override)
        values[key] = _parse_override(key, value)
        typed[key] = f"--set {override}"
    for dotted, value in arguments.items():
        key = tuple(dotted.split("."))
        if value is None:
            continue
        if key in values and values[key] != value:
            raise UsageError(f"{typed[key]} contradicts {_argument(key, value)}; use only one of them.")
        values[key] = value
        typed[key] = _argument(key, value)
    for key, value in values.items():
        _set_in(raw, key, value)
    return typed


def _argument(key: KeyPath, value: Any) -> str:
    words = " ".join(value) if isinstance(value, list) else str(value)
    return f"{ARGUMENTS[key]} {words}"


def _split_override(override: str) -> tuple[KeyPath, str]:
    name, equals, value = override.partition("=")
    key = tuple(name.strip().split("."))
    if not equals or len(key) == 1:
        hint = suggestion(key, _sections()) if equals else ""
        raise UsageError(f"--set {override}: expected SECTION.KEY=VALUE, for example training.epochs=5.{hint}")
    return key, value.strip() or value  # a space or a tab may separate labels


def _parse_override(key: KeyPath, value: str) -> Any:
    """Parse null, lists and quotes, which a string can't express; pydantic converts numbers."""
    hint = type_of(key)
    if value.lower() in {"null", "none", "~"} and NoneType in get_args(hint):
        return None
    if get_origin(hint) is tuple:
        return [item.strip() for item in split_list(value.removeprefix("[").removesuffix("]")) if item.strip()]
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]  # as in YAML, where a value such as a comma needs quotes
    return value


def _set_in(raw: RawConfig, key: KeyPath, value: Any) -> None:
    for name in key[:-1]:
        below = raw.get(name)
        if not isinstance(below, dict):
            below = raw[name] = {}
        raw = below
    raw[key[-1]] = value


def _describe(problem: Any, prefix: str, typed: dict[KeyPath, str]) -> str:
    # For a union, pydantic appends the type that it tried; only the first two parts are the key.
    key = tuple(str(part) for part in problem["loc"][:2])
    # For an unknown section from --set, `typed` has only the full key, which starts with it.
    key = next((other for other in typed if other[: len(key)] == key), key)
    where = typed.get(key, prefix + ".".join(key))
    if problem["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
        return f"{where}: unknown key.{suggestion(key, _sections())}"
    value = problem["input"]
    if problem["type"] == "string_type":
        return f"{where}: expected text, found {_as_yaml(value)} (put it in quotes)."
    wanted = "keys with values below it" if len(key) == 1 else expectation(type_of(key[:2]))
    return f"{where}: expected {wanted}, got {_as_yaml(value)}."


def _as_yaml(value: Any) -> str:
    words = {"None": "null", "True": "true", "False": "false"}
    return words.get(repr(value), repr(value))


def _join(problems: list[str]) -> str:
    unique = list(dict.fromkeys(problems))
    return unique[0] if len(unique) == 1 else "\n".join([f"{len(unique)} mistakes:", *(f"  {line}" for line in unique)])
