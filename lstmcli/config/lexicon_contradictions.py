"""Checks of the lexicons that a model counts in texts."""

from collections import Counter
from pathlib import Path

from lstmcli.config.keys import KeyPath
from lstmcli.config.settings import Config


def lexicon_checks(config: Config) -> list[tuple[bool, list[KeyPath], str]]:
    """Return whether each check failed, the keys involved, and the message."""
    paths = config.data.lexicons
    names = Counter(Path(path).name.removesuffix(".gz").rsplit(".", 1)[0] for path in paths)
    twice = [name for name, count in names.items() if count > 1]
    return [
        (
            bool(twice),
            [("data", "lexicons")],
            f"data.lexicons: two files are called {next(iter(twice), '')!r}; rename one, since features start with "
            "that name.",
        ),
        (
            bool(paths) and not config.ngrams.enabled,
            [("data", "lexicons"), ("ngrams", "enabled")],
            "data.lexicons requires ngrams.enabled: categories are features of the same linear model.",
        ),
    ]
