"""The keys that a config may hold, and their types."""

from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

from lstmcli.config.settings import Config

KeyPath = tuple[str, ...]

# The settings that name files and folders, which need not be valid UTF-8.
FILE_KEYS: frozenset[KeyPath] = frozenset(
    {
        ("data", "train"),
        ("data", "validation"),
        ("data", "test"),
        ("embedding", "vectors"),
        ("model", "pretrained"),
        ("pretraining", "texts"),
        ("output", "run_dir"),
    }
)


# The key whose values may also be given one by one, as "decision.thresholds.joy".
MAPPING: KeyPath = ("decision", "thresholds")


def split_key(name: str) -> KeyPath:
    """Return the parts of a dotted key: section and name, and a label below `MAPPING`, which may contain dots."""
    *above, rest = name.split(".", 1)
    inner, dot, label = rest.partition(".")
    return (*MAPPING, label) if dot and (*above, inner) == MAPPING else (*above, rest)


def known_keys() -> list[str]:
    """Return every dotted key that a config may hold, such as "training.epochs"."""
    return [f"{section}.{name}" for section, names in sections().items() for name in names]


def type_of(key: KeyPath) -> Any:
    """Return the annotation of a key's field, or None if there is no such key."""
    current: Any = Config
    for name in key:
        hints = get_type_hints(current, include_extras=True) if is_dataclass(current) else {}
        current = hints.get(name)
    return current


def sections() -> dict[str, list[str]]:
    """Return the names of the settings in each section."""
    types = get_type_hints(Config)
    return {section.name: [key.name for key in fields(types[section.name])] for section in fields(Config)}
