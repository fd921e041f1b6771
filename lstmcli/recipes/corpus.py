"""From a config to rows: read, split where needed, and the labels that the training rows show."""

from dataclasses import dataclass, replace

from lstmcli.config.settings import DataSettings
from lstmcli.data.examples import Examples, read_examples, text_key
from lstmcli.data.label_cells import label_kind
from lstmcli.data.splits import validation_rows
from lstmcli.errors import DataError
from lstmcli.text.labels import LabelSet


@dataclass(frozen=True)
class Corpus:
    """The rows of a training run. `overlaps` names pairs of splits that share texts, with the number of texts."""

    train: Examples
    validation: Examples
    test: Examples | None
    labels: LabelSet
    overlaps: tuple[tuple[str, str, int], ...]


def load_corpus(settings: DataSettings, *, seed: int) -> Corpus:
    """Read all files that `settings` name; without a validation file, part the training rows.

    The labels are those of the training rows: a row elsewhere with another label is treated by `unknown_labels`.

    Raises:
        DataError: see `read_examples`; or the training rows leave nothing to tell apart.
    """
    if settings.train is None:
        raise ValueError("expected data.train to be set, got None")
    train = read_examples(settings.train, settings)
    validation = None
    if settings.validation is None:
        train, validation = _split(train, settings, seed)
    labels = _learn_labels(train, settings)
    if settings.validation is not None:
        validation = read_examples(settings.validation, settings, known_labels=labels.names)
    if validation is None:
        raise ValueError("expected a validation split")
    validation = _without_unknown(validation, labels)
    test = None
    if settings.test is not None:
        test = read_examples(settings.test, settings, known_labels=labels.names)
    return Corpus(train, validation, test, labels, _overlaps(train, validation, test))


def _split(examples: Examples, settings: DataSettings, seed: int) -> tuple[Examples, Examples]:
    is_validation = validation_rows(examples.table, fraction=settings.validation_fraction, seed=seed)
    if is_validation.all() or not is_validation.any():
        raise DataError(
            f"{examples.name}: {len(examples.table):,} rows can't be split into training and validation; give a file "
            "for data.validation, or more rows."
        )
    parts = [examples.table[part].reset_index(drop=True) for part in (~is_validation, is_validation)]
    train = replace(examples, table=parts[0])
    return train, Examples(f"{examples.name} (validation part)", len(parts[1]), parts[1], ())


def _learn_labels(train: Examples, settings: DataSettings) -> LabelSet:
    kind = label_kind(settings)
    if kind == "traits":
        labels = LabelSet(settings.labels, kind)
        shares = labels.targets(train.labels).mean(axis=0)
        constant = [name for name, share in zip(labels.names, shares, strict=True) if share in {0.0, 1.0}]
        if constant:
            raise DataError(
                f"{train.name}: the same answer in every training row of {', '.join(map(repr, constant))}: there is "
                "nothing to learn. Leave the column out of data.labels, or add rows with the other answer."
            )
        return labels
    labels = LabelSet.from_examples(train.labels, kind)
    is_trivial = len(labels.names) == 1 and (kind == "single" or all(train.labels))
    if is_trivial or not labels.names:
        found = f"the single label {labels.names[0]!r}" if labels.names else "no label"
        raise DataError(
            f"{train.name}: the training rows have {found}: a classifier needs at least two. Is {settings.label!r} the "
            "right column (data.label)?"
        )
    return labels


def _without_unknown(validation: Examples, labels: LabelSet) -> Examples:
    """Drop the rows of a split-off part whose only examples of a label went to its side."""
    is_known = validation.table["labels"].map(lambda names: set(names) <= set(labels.names)).astype(bool)
    if is_known.all():
        return validation
    return replace(validation, table=validation.table[is_known].reset_index(drop=True))


def _overlaps(train: Examples, validation: Examples, test: Examples | None) -> tuple[tuple[str, str, int], ...]:
    """Count texts that stand in two splits: scores on them are too good."""
    splits = [split for split in (train, validation, test) if split is not None]
    keys = [set(text_key(split.table["text"])) for split in splits]
    pairs = [(0, 1), (0, 2), (1, 2)][: 1 if test is None else 3]
    counts = [(splits[a].name, splits[b].name, len(keys[a] & keys[b])) for a, b in pairs]
    return tuple(overlap for overlap in counts if overlap[2])
