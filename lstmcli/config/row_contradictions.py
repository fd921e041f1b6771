"""Checks of settings that say what a model reads of a row: columns joined before the text, and features."""

from lstmcli.config.keys import KeyPath
from lstmcli.config.settings import Config

Check = tuple[bool, list[KeyPath], str]  # see `contradictions`

KINDS = ("number", "category")


def feature_name(entry: str) -> str:
    """Return the column of an entry of `data.features`, which may end in its kind."""
    return next((entry.removesuffix(f"={kind}") for kind in KINDS if entry.endswith(f"={kind}")), entry)


def row_column_checks(config: Config) -> list[Check]:
    """Return the checks of columns beside that of the text."""
    data = config.data
    learned = data.scores or data.labels or data.annotators or (data.label,)
    names = [feature_name(entry) for entry in data.features]
    shared = [name for name in names if name in {data.text, *data.text_before, *learned, data.weight}]
    texts = [*data.text_before, data.text]
    return [
        (
            len(set(texts)) != len(texts),
            [("data", "text"), ("data", "text_before")],
            "data.text, data.text_before: duplicate column.",
        ),
        (
            any(name in learned for name in texts[:-1]),
            [("data", "text_before"), ("data", "text")],
            "data.text_before: a column is also what is learned.",
        ),
        (len(set(names)) != len(names), [("data", "features")], "data.features: duplicate column."),
        (
            bool(shared),
            [("data", "features")],
            f"data.features: column {next(iter(shared), '')!r} is also that of the texts, of the weights or of what is "
            "learned.",
        ),
        (
            any(not name.strip() or name != " ".join(name.split()) for name in names),
            [("data", "features")],
            "data.features: a name is empty, or has spaces at its ends or line breaks; rename the column.",
        ),
        (
            bool(names) and not config.ngrams.enabled,
            [("data", "features"), ("ngrams", "enabled")],
            "data.features requires ngrams.enabled: features are part of the same linear model.",
        ),
    ]
