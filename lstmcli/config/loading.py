"""From a YAML file and `--set KEY=VALUE` overrides to a checked `Config`: all mistakes are found, then raised once."""

from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from lstmcli.config.lists import split_list
from lstmcli.config.settings import Config
from lstmcli.errors import ConfigError, UsageError, did_you_mean

RawConfig = dict[str, Any]
KeyPath = tuple[str, ...]
Check = tuple[bool, list[KeyPath], str]  # whether it is wrong, the keys that may have caused it, and the message


def load_config(
    path: Path | None,
    overrides: list[str],
    *,
    needs_labels: bool = True,
    train_file: str | None = None,
    needs_rows: bool = True,
) -> Config:
    """Read `path` (None: all defaults), apply `overrides` ("training.epochs=5") and check everything.

    Args:
        path: a YAML file.
        overrides: see above.
        needs_labels: whether there must be a training file; else texts without labels will do.
        train_file: takes the place of `data.train`, just as it is.
        needs_rows: whether a file of rows or texts must be named at all.

    Raises:
        UsageError: an override is not KEY=VALUE.
        ConfigError: the file is missing or not YAML, or any key or value is wrong; the message lists all of them.
    """
    raw = _read_yaml(path) if path is not None else {}
    # A section without a key is empty, and two that are one by a YAML alias must not be overridden together.
    raw = {
        section: {} if values is None else dict(values) if isinstance(values, dict) else values
        for section, values in raw.items()
    }
    prefix = "" if path is None else f"{path}: "
    overridden: dict[KeyPath, str] = {}
    for override in overrides:
        key, value = _split_override(override)
        _set_in(raw, key, _parse_override(key, value))
        overridden[key] = f"--set {override}"
    if train_file is not None:
        _set_in(raw, ("data", "train"), train_file)
    try:
        config = TypeAdapter(Config).validate_python(raw)
    except ValidationError as error:
        problems = [_describe(problem, prefix, overridden) for problem in error.errors()]
        raise ConfigError(_join(problems)) from None
    problems = [
        f"{next((f'{overridden[key]}: ' for key in keys if key in overridden), prefix)}{problem}"
        for keys, problem in _contradictions(config, needs_labels=needs_labels, needs_rows=needs_rows)
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
    return [f"{section.name}.{key.name}" for section in fields(Config) for key in fields(_section_type(section.name))]


def _section_type(name: str) -> Any:
    return get_type_hints(Config)[name]


class _StrictLoader(yaml.SafeLoader):
    """A key that stands twice in a mapping is a mistake; YAML's own reader takes the last one without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
        repeated = [key for number, key in enumerate(keys) if key in keys[:number]]
        if repeated:
            raise yaml.MarkedYAMLError(
                problem=f"the key {repeated[0]!r} stands there twice", problem_mark=node.start_mark
            )
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


def _split_override(override: str) -> tuple[KeyPath, str]:
    key, equals, value = override.partition("=")
    if not equals or "." not in key:
        raise UsageError(f"--set {override}: expected SECTION.KEY=VALUE, for example --set training.epochs=5.")
    return tuple(key.strip().split(".")), value.strip()


def _parse_override(key: KeyPath, value: str) -> Any:
    """Leave numbers to pydantic; here only what a shell word can't say: null, and lists with commas."""
    hint = _type_of(key)
    if value.lower() in {"null", "none", "~"} and NoneType in get_args(hint):
        return None
    if get_origin(hint) is tuple:
        return [item.strip() for item in split_list(value.removeprefix("[").removesuffix("]")) if item.strip()]
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]  # as in YAML: who quotes a comma there may do so here
    return value


def _type_of(key: KeyPath) -> Any:
    current: Any = Config
    for name in key:
        hints = get_type_hints(current, include_extras=True) if is_dataclass(current) else {}
        current = hints.get(name)
    return current


def _set_in(raw: RawConfig, key: KeyPath, value: Any) -> None:
    for name in key[:-1]:
        below = raw.get(name)
        if not isinstance(below, dict):
            below = raw[name] = {}
        raw = below
    raw[key[-1]] = value


def _describe(problem: Any, prefix: str, overridden: dict[KeyPath, str]) -> str:
    # A union's error carries the tried type behind the key; only the first two parts are ours.
    key = tuple(str(part) for part in problem["loc"][:2])
    dotted = ".".join(key)
    where = overridden.get(key, f"{prefix}{dotted}")
    if problem["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
        sections = [section.name for section in fields(Config)]
        return f"{where}: unknown key.{did_you_mean(dotted, known_keys() if len(key) > 1 else sections)}"
    message = problem["msg"][0].lower() + problem["msg"][1:]
    quote = " (put it in quotes)" if problem["type"] == "string_type" else ""
    return f"{where}: {message}{quote}, got {problem['input']!r}."


def _contradictions(config: Config, *, needs_labels: bool, needs_rows: bool) -> list[tuple[list[KeyPath], str]]:
    """Return what is wrong between keys: the keys that may have caused it, and the message."""
    sources = _source_checks(config, needs_labels=needs_labels) if needs_rows else []
    checks = sources + _data_checks(config) + _model_checks(config)
    return [(keys, message) for wrong, keys, message in checks if wrong]


def _source_checks(config: Config, *, needs_labels: bool) -> list[Check]:
    has_texts = bool(config.pretraining.texts)
    return [
        (
            config.data.train is None and (needs_labels or not has_texts),
            [("data", "train")],
            "data.train: no training file is named; give a config with one, or --set data.train=FILE."
            if needs_labels
            else "pretraining.texts: no file of texts is named; --set pretraining.texts=FILE, or set data.train.",
        ),
    ]


def _data_checks(config: Config) -> list[Check]:
    data = config.data
    return [
        (
            bool(data.labels) and data.label_separator is not None,
            [("data", "labels"), ("data", "label_separator")],
            "data.labels and data.label_separator exclude each other: 0/1 columns need no separator.",
        ),
        (
            len(set(data.labels)) != len(data.labels),
            [("data", "labels")],
            "data.labels: a column is named twice.",
        ),
        (
            data.unlabelled == "keep" and data.label_separator is None,
            [("data", "unlabelled")],
            "data.unlabelled=keep needs data.label_separator: only there can a text have no label at all.",
        ),
        (
            config.decision.thresholds == "f1" and not data.labels and data.label_separator is None,
            [("decision", "thresholds")],
            "decision.thresholds=f1 has no use where a text has exactly one label: the most probable one is picked.",
        ),
        (
            data.format == "text",
            [("data", "format")],
            "data.format: a text file has no label column; choose csv, tsv or jsonl.",
        ),
    ]


def _model_checks(config: Config) -> list[Check]:
    embedding, ngrams = config.embedding, config.ngrams
    return [
        (
            embedding.vectors is not None and config.model.pretrained is not None,
            [("embedding", "vectors"), ("model", "pretrained")],
            "embedding.vectors and model.pretrained exclude each other: both say where word vectors start. Give the "
            "vector file to `lstmcli pretrain`.",
        ),
        (
            embedding.frozen and embedding.vectors is None and config.model.pretrained is None,
            [("embedding", "frozen"), ("embedding", "vectors")],
            "embedding.frozen needs embedding.vectors or model.pretrained: a random table must be trained.",
        ),
        (
            0 < ngrams.max_characters < ngrams.min_characters,
            [("ngrams", "min_characters"), ("ngrams", "max_characters")],
            f"ngrams.max_characters is {ngrams.max_characters}, below ngrams.min_characters "
            f"({ngrams.min_characters}); 0 leaves n-grams of characters out.",
        ),
    ]


def _join(problems: list[str]) -> str:
    unique = list(dict.fromkeys(problems))
    return unique[0] if len(unique) == 1 else "\n".join([f"{len(unique)} mistakes:", *(f"  {line}" for line in unique)])
