"""Load a validated `Config` from a YAML file and `--set KEY=VALUE` overrides, reporting all mistakes at once."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path, PurePath
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from lstmcli.config.contradictions import contradictions
from lstmcli.config.excerpts import MAX_TYPED_CHARACTERS, excerpt
from lstmcli.config.files import MAX_CONFIG_BYTES, read_text
from lstmcli.config.keys import KeyPath, split_key
from lstmcli.config.mistakes import join, mistakes
from lstmcli.config.ordered_contradictions import with_numbers_as_names
from lstmcli.config.overrides import RawConfig, apply, set_in
from lstmcli.config.safe_yaml import MAX_NODES, UnusableYamlError, parse
from lstmcli.config.settings import Config
from lstmcli.errors import ConfigError, UsageError


def load_config(
    path: Path | None,
    overrides: list[str],
    *,
    needs_labels: bool = True,
    needs_rows: bool = True,
    arguments: Mapping[str, Any] | None = None,
    is_stored: bool = False,
) -> Config:
    """Read `path` (None: all defaults), apply `overrides` ("training.epochs=5") and validate the result.

    Args:
        path: a YAML file.
        overrides: see above.
        needs_labels: whether a training file is required; if not, unlabelled texts are enough.
        needs_rows: whether a file of rows or texts is required at all.
        arguments: values of ARGUMENTS by key ("data.text"), used verbatim; None leaves a key as it is.
        is_stored: whether `path` belongs to a run directory, in which nothing is read through a link or a pipe.

    Raises:
        UsageError: an override is not KEY=VALUE, or contradicts an argument.
        ConfigError: the file is missing or not YAML, or any key or value is wrong; the message lists all of them.
    """
    raw = _read_sections(path, is_stored=is_stored) if path is not None else {}
    # A section without keys loads as None, and sections that share a dict through a YAML alias must not be overridden
    # together.
    raw = {
        section: {} if values is None else dict(values) if isinstance(values, dict) else values
        for section, values in raw.items()
    }
    training = raw.get("training")
    if is_stored and isinstance(training, dict) and training.get("metric") == "auto":
        training["metric"] = Config().training.metric  # of the first release, in whose runs nothing is trained any more
    prefix = "" if path is None else f"{path}: "
    typed = apply(overrides, arguments or {}, raw)
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
        if isinstance(value, Mapping) and "." not in name:
            for key, inner in value.items():
                set_in(raw, (name, key), _plain(inner))
        else:
            set_in(raw, split_key(name), _plain(value))
    return _checked(raw, "", {}, needs_labels=True, needs_rows=needs_rows)


def _plain(value: Any) -> Any:
    """Return paths, and numpy's own kind of str, as plain text; also those in a list."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {_plain(key): _plain(each) for key, each in value.items()}
    return str(value) if isinstance(value, PurePath | str) else value


def _checked(raw: RawConfig, prefix: str, typed: dict[KeyPath, str], *, needs_labels: bool, needs_rows: bool) -> Config:
    raw = with_numbers_as_names(raw)
    _split_text(raw)
    try:
        config, problems = _validator().validate_python(raw), []
    except ValidationError as error:
        config, problems = None, error.errors(include_url=False, include_context=False)
    found = mistakes(raw, problems, prefix, typed)
    if config is None or found:
        raise ConfigError(*join(found))
    found = [
        f"{next((f'{typed[key]}: ' for key in keys if key in typed), prefix)}{problem}"
        for keys, problem in contradictions(config, needs_labels=needs_labels, needs_rows=needs_rows)
    ]
    if found:
        raise ConfigError(*join(found))
    _check_size(config)
    return config


def _split_text(raw: RawConfig) -> None:
    """Write a list of columns in `data.text` as the last one, and the earlier ones as `data.text_before`."""
    data = raw.get("data")
    columns = data.get("text") if isinstance(data, dict) else None
    if isinstance(data, dict) and isinstance(columns, list | tuple) and columns and not data.get("text_before"):
        data["text"], data["text_before"] = columns[-1], list(columns[:-1])


@cache
def _validator() -> TypeAdapter[Config]:
    return TypeAdapter(Config)


def _check_size(config: Config) -> None:
    """Check that the config could be read again from the run that it starts."""
    values = (*config.pretraining.texts, *config.data.labels, *config.data.scores)
    num_values, most = len(values), MAX_NODES - 1_000
    # Each entry also has an indent and a line break, and may have quotes; the other settings come on top.
    num_bytes = sum(len(value.encode(errors="backslashreplace")) + 8 for value in values)
    if num_values > most or num_bytes > MAX_CONFIG_BYTES - (1 << 17):
        names = (
            "pretraining.texts" if config.pretraining.texts else f"data.{'scores' if config.data.scores else 'labels'}"
        )
        found = f"{num_values:,} values in {num_bytes / (1 << 20):.1f} MiB"
        limit = f"{most:,} values in {MAX_CONFIG_BYTES >> 20} MiB"
        raise ConfigError(f"{names}: expected at most {limit}, got {found}; merge some of them.")


def dump_config(config: Config) -> str:
    """Return `config` as YAML with every key, defaults included."""
    return yaml.safe_dump(config_to_dict(config), sort_keys=False, allow_unicode=True)


def config_to_dict(config: Config) -> RawConfig:
    """Return `config` as nested dicts of plain YAML types."""
    return {
        section: {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
        for section, values in asdict(config).items()
    }


def _read_sections(path: Path, *, is_stored: bool) -> RawConfig:
    try:
        raw = parse(read_text(path, is_stored=is_stored))
    except UnusableYamlError as error:
        where = f"{path}:" if error.line is None else f"{path}, line {error.line}:"
        raise ConfigError(f"{where} {excerpt(error.problem, MAX_TYPED_CHARACTERS)}.") from None
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: expected sections such as 'data:' with keys below them, got {type(raw).__name__}.")
    return raw
