"""From a config to rows: read, split where needed, and the labels that the training rows show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.examples import Examples, Finding, ReadReport, read_examples
from lstmcli.corpus.label_cells import label_kind
from lstmcli.corpus.label_set import SET_SEPARATOR, LabelSet
from lstmcli.corpus.splits import fold_of_rows, validation_rows
from lstmcli.errors import DataError, counted

# Up to so many labels no share of the rows is suspicious: a tiny corpus may have as many labels as rows.
MANY_LABELS = 50

MAX_NAMES_SHOWN = 5


@dataclass(frozen=True)
class Corpus:
    """The rows of a training run.

    Attributes:
        files: what was read from each file, before any split.
        parts: what the training file was split into, if it was.
        train: rows to learn from.
        validation: rows that choose the epoch and the thresholds; from a file of their own or split off.
        test: rows that are only scored, if there are any.
        labels: those of the training rows.
        overlaps: pairs of splits that share texts, with the number of texts.
    """

    files: tuple[ReadReport, ...]
    parts: tuple[ReadReport, ...]
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
    file = read_examples(settings.train, settings, soft=settings.soft_labels > 0.0)
    labels = _learn_labels(file, settings)
    files, parts = [file.report], []
    if settings.validation is None:
        train, validation, labels = _split(file, settings, seed)
        parts = [train.report, validation.report]
    else:
        train, validation = file, read_examples(settings.validation, settings, known_labels=labels.names)
        files.append(validation.report)
    test = None
    if settings.test is not None:
        test = read_examples(settings.test, settings, known_labels=labels.names)
        files.append(test.report)
    overlaps = _overlaps(train, validation, test)
    return Corpus(tuple(files), tuple(parts), train, validation, test, labels, overlaps)


def label_targets(examples: Examples, labels: LabelSet) -> NDArray[np.bool_]:
    """Return (rows, labels), True where the row has the label."""
    label_set_of_row, label_sets = examples.used_label_sets
    return labels.targets(label_sets)[label_set_of_row]


def training_targets(examples: Examples, labels: LabelSet, soft_share: float) -> NDArray[np.bool_ | np.float32]:
    """Return (rows, labels): booleans, or probabilities where the rows have some.

    Args:
        examples: training rows.
        labels: of the corpus.
        soft_share: what the probabilities count in a row that has labels of its own as well, from 0 to 1.
    """
    own = label_targets(examples, labels)
    soft = examples.soft
    if soft is None:
        return own
    rows = examples.table["text"].to_numpy()
    values = np.zeros(own.shape, dtype=np.float32)
    values[:, [labels.names.index(name) for name in soft.names]] = soft.values[rows]
    if labels.kind == "single":
        sums = values.sum(axis=1, keepdims=True)
        values = np.where(sums > 0.0, values / np.where(sums > 0.0, sums, 1.0), np.nan)
    share = np.where(soft.has_own[rows], np.float32(soft_share), np.float32(1.0))[:, None]
    return np.where(np.isnan(values), own, share * values + (1.0 - share) * own).astype(np.float32)


def deal_folds(examples: Examples, *, num_folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each row, (rows,) from 0, see `fold_of_rows`.

    Raises:
        DataError: some fold would be empty.
    """
    fold = fold_of_rows(examples, num_folds=num_folds, seed=seed)
    num_found = len(np.unique(fold))
    if num_found < num_folds:
        rows = counted(len(examples.table), "row")
        raise DataError(
            f"{examples.name}: {rows} can't be parted into {num_folds} folds, since rows of the "
            f"same text or group stay together; use --folds {num_found} or fewer."
            if num_found > 1
            else f"{examples.name}: all rows have the same text or group, so they can't be parted into folds."
        )
    return fold


def fold_corpora(
    examples: Examples, fold: NDArray[np.int64], settings: DataSettings, *, seed: int
) -> Iterator[tuple[Corpus, Examples]]:
    """Yield a corpus and the rows of each fold: what is outside of it is parted as a training file would be.

    Nothing of a fold's corpus but `test` comes from the rows of the fold; a row whose label the training rows lack is
    not in `test`, which a model without that label can't be scored on.

    Args:
        examples: all rows.
        fold: (rows,), from `deal_folds`.
        settings: how a part becomes validation rows.
        seed: of the splits.

    Raises:
        DataError: the rows outside of a fold are too few.
    """
    num_folds = int(fold.max()) + 1
    for number in range(num_folds):
        is_test = fold == number
        rest = examples.having(~is_test, num_rows=int((~is_test).sum()), findings=())
        train, validation, labels = _split(rest, settings, seed)
        name = f"{examples.name} (fold {number + 1} of {num_folds})"
        rows = examples.having(is_test, name=name, num_rows=int(is_test.sum()), findings=())
        test = _without_unknown(rows, labels)
        yield Corpus((), (train.report, validation.report, test.report), train, validation, test, labels, ()), rows


def _split(examples: Examples, settings: DataSettings, seed: int) -> tuple[Examples, Examples, LabelSet]:
    """Return training rows, validation rows, and the labels that the training rows show."""
    is_validation = validation_rows(examples, fraction=settings.validation_fraction, seed=seed)
    if is_validation.all() or not is_validation.any():
        rows = counted(len(examples.table), "row")
        raise DataError(
            f"{examples.name}: {rows} can't be split into training and validation; give a file for data.validation, or "
            "more rows."
        )
    train, validation = (
        examples.having(rows, name=f"{examples.name} ({part} part)", num_rows=int(rows.sum()), findings=())
        for part, rows in (("training", ~is_validation), ("validation", is_validation))
    )
    labels = _learn_labels(train, settings)
    return train, _without_unknown(validation, labels), labels


def _learn_labels(train: Examples, settings: DataSettings) -> LabelSet:
    kind = label_kind(settings)
    labels = (
        LabelSet(settings.labels, kind)
        if settings.labels
        else LabelSet.from_examples([*train.used_label_sets[1], () if train.soft is None else train.soft.names], kind)
    )
    joined = [name for name in labels.names if SET_SEPARATOR in name]
    if joined and kind != "single":
        raise DataError(
            f"{train.name}: label {joined[0]!r} holds {SET_SEPARATOR!r}, which joins the labels of a prediction. "
            f"If it parts labels in this file, set data.label_separator={SET_SEPARATOR}; else rename it."
        )
    if kind == "traits":
        _check_traits(train, labels)
    else:
        _check_label_column(train, labels, settings.label)
    return labels


def all_labels(examples: Examples, settings: DataSettings) -> LabelSet:
    """Return the labels of all rows, for scores over several models each of which may lack one."""
    kind = label_kind(settings)
    if settings.labels:
        return LabelSet(settings.labels, kind)
    return LabelSet.from_examples(examples.used_label_sets[1], kind)


def label_notes(corpus: Corpus) -> list[str]:
    """Return what a user should look at in the labels: it may be meant, but often is not."""
    names, kind = corpus.labels.names, corpus.labels.kind
    notes = []
    if kind == "single":
        joined = {mark: [name for name in names if _is_joined(name, mark, names)] for mark in "|,;/"}
        notes += [
            f"labels that join others: {_shown(list(map(repr, found)))}; for several labels a text set "
            f"data.label_separator={mark}"
            for mark, found in joined.items()
            if found
        ]
    folded = [name.casefold().strip() for name in names]
    alike = [name for name, same in zip(names, folded, strict=True) if folded.count(same) > 1]
    if alike:
        notes.append(f"labels that differ in capitals or spaces only: {_shown(list(map(repr, alike)))}")
    counts = label_targets(corpus.validation, corpus.labels).sum(axis=0)
    unseen = [name for name, count in zip(names, counts, strict=True) if not count]
    if unseen:
        notes.append(f"no validation row has {_shown(unseen)}: too rare for a figure on how well that is found")
    return notes


def _shown(names: list[str]) -> str:
    return ", ".join(names[:MAX_NAMES_SHOWN]) + (" ..." if len(names) > MAX_NAMES_SHOWN else "")


def _is_joined(name: str, mark: str, names: Sequence[str]) -> bool:
    parts = [part.strip() for part in name.split(mark)]
    return len(parts) > 1 and all(part in names for part in parts)


def _check_traits(train: Examples, labels: LabelSet) -> None:
    shares = label_targets(train, labels).mean(axis=0)
    constant = [name for name, share in zip(labels.names, shares, strict=True) if share in {0.0, 1.0}]
    if constant:
        raise DataError(
            f"{train.name}: the same answer in every training row of {', '.join(map(repr, constant))}: there is "
            "nothing to learn. Leave the column out of data.labels, or add rows with the other answer."
        )


def _check_label_column(train: Examples, labels: LabelSet, column: str) -> None:
    num_labels, num_rows = len(labels.names), len(train.table)
    if num_labels > max(MANY_LABELS, num_rows / 2):
        raise DataError(
            f"{train.name}: column {column!r} has {num_labels:,} different labels in {num_rows:,} rows; is it the "
            "right one (data.label)?"
        )
    is_trivial = num_labels == 1 and (labels.kind == "single" or all(train.used_label_sets[1]))
    if is_trivial or not num_labels:
        found = f"the single label {labels.names[0]!r}" if num_labels else "no label"
        raise DataError(
            f"{train.name}: the training rows have {found}: a classifier needs at least two. Is {column!r} the right "
            "column (data.label)?"
        )


def _without_unknown(validation: Examples, labels: LabelSet) -> Examples:
    """Drop the rows of a split-off part whose only examples of a label went to its side."""
    known_sets = [index for index, names in enumerate(validation.label_sets) if set(names) <= set(labels.names)]
    is_known = validation.table["label_set"].isin(known_sets)
    if is_known.all():
        return validation
    lines = tuple(validation.table["line"][~is_known])
    finding = Finding("labels that the training part lacks", "unknown_labels", "drop", lines)
    return validation.having(is_known, findings=(finding,))


def _overlaps(train: Examples, validation: Examples, test: Examples | None) -> tuple[tuple[str, str, int], ...]:
    """Count texts that stand in two splits: scores on them are too good."""
    splits = [split for split in (train, validation, test) if split is not None]
    keys = [np.unique(split.table["text_key"]) for split in splits]
    pairs = [(0, 1), (0, 2), (1, 2)][: 1 if test is None else 3]
    counts = [
        (splits[a].name, splits[b].name, len(np.intersect1d(keys[a], keys[b], assume_unique=True))) for a, b in pairs
    ]
    return tuple(overlap for overlap in counts if overlap[2])
