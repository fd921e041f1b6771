"""Collects and checks the labels of the training rows, with notes on likely mistakes."""

from collections import Counter
from collections.abc import Sequence

from lstmcli.config.model_settings import DataSettings, label_kind
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.label_names import MISSING_WORDS, alike, listed, quoted
from lstmcli.corpus.label_set import SET_SEPARATOR, LabelSet
from lstmcli.corpus.ordered import check_ordered, ordered_labels
from lstmcli.corpus.scores import learn_scores
from lstmcli.corpus.targets import label_targets
from lstmcli.errors import DataError

# This many labels are never suspicious: a tiny corpus may have as many labels as rows.
MANY_LABELS = 50

MAX_NAMES_SHOWN = 5

# A longer label is more likely a text.
MAX_CHARACTERS = 200


def learn_labels(train: Examples, settings: DataSettings) -> LabelSet:
    """Return the labels of the training rows; ordered ones, which the settings name, are checked elsewhere.

    Raises:
        DataError: there is nothing to learn, or a label contains the separator used in predictions.
    """
    kind = label_kind(settings)
    if kind == "scores":
        return learn_scores(train, settings)
    if settings.ordered:
        return ordered_labels(settings)
    labels = (
        LabelSet(settings.labels, kind)
        if settings.labels
        else LabelSet.from_examples([*train.used_label_sets[1], () if train.soft is None else train.soft.names], kind)
    )
    joined = [name for name in labels.names if SET_SEPARATOR in name]
    if joined and kind != "single":
        in_file = (
            f"If it separates labels here too, set data.label_separator={SET_SEPARATOR}; otherwise rename the label."
        )
        raise DataError(
            f"{train.name}: label {joined[0]!r} contains {SET_SEPARATOR!r}, which separates labels in predictions. "
            f"{'Rename it.' if settings.train is None else in_file}"
        )
    if kind == "traits":
        _check_traits(train, labels)
    else:
        _check_label_column(train, labels, settings)
    return labels


def all_labels(examples: Examples, settings: DataSettings) -> LabelSet:
    """Return the labels of all rows, for scores over several models that may each lack some of them.

    Raises:
        DataError: labels are ordered, and the rows have others.
    """
    kind = label_kind(settings)
    if settings.ordered:
        check_ordered(examples, settings)
        return ordered_labels(settings)
    if settings.labels or settings.scores:
        return LabelSet(settings.labels or settings.scores, kind)
    return LabelSet.from_examples(examples.used_label_sets[1], kind)


def label_notes(labels: LabelSet, validation: Examples) -> list[str]:
    """Return notes on labels that are probably mistakes, but may be intended."""
    notes = [] if labels.kind == "traits" or labels.is_ordered else spelling_notes(labels.names)
    if labels.kind == "single" and not labels.is_ordered:
        notes = separator_notes(labels.names) + notes
    counts = label_targets(validation, labels).sum(axis=0)
    unseen = [name for name, count in zip(labels.names, counts, strict=True) if not count]
    if unseen:
        notes.append(f"no validation row has {_shown(unseen)}: too rare to measure")
    return notes


def separator_notes(names: Sequence[str]) -> list[str]:
    """Return notes on cells that seem to hold several labels."""
    joined = {mark: [name for name in names if _is_joined(name, mark, names)] for mark in "|,;/"}
    notes = [
        f"labels that combine others: {_shown(list(map(quoted, found)))}; for several labels per text, set "
        f"data.label_separator={mark}"
        for mark, found in joined.items()
        if found
    ]
    lists = [quoted(name) for name in names if listed(name) is not None]
    if lists:
        notes.append(f"labels that are lists: {_shown(lists)}; for several labels per text, set data.label_separator=,")
    return notes


def spelling_notes(names: Sequence[str]) -> list[str]:
    """Return notes on labels that may be the same, missing, or no labels."""
    notes = []
    keys = Counter(map(alike, names))
    similar = sorted((name for name in names if keys[alike(name)] > 1), key=alike)
    if similar:
        notes.append(
            f"labels that differ only in case, spaces, or the form of a character or number: "
            f"{_shown(list(map(quoted, similar)))}; they are different classes unless you make them equal in the file"
        )
    missing = [quoted(name) for name in names if name.casefold() in MISSING_WORDS]
    if missing:
        notes.append(
            f"labels that may stand for a missing label: {_shown(missing)}; they are classes like any other. Empty "
            "these cells to drop the rows (data.unlabelled)"
        )
    long = [quoted(name) for name in names if len(name) > MAX_CHARACTERS]
    if long:
        notes.append(
            f"labels of more than {MAX_CHARACTERS} characters: {_shown(long)}; is it the right column (data.label)?"
        )
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
            f"{train.name}: every training row has the same answer in {', '.join(map(repr, constant))}, so there is "
            "nothing to learn. Remove the column from data.labels, or add rows with the other answer."
        )


def _check_label_column(train: Examples, labels: LabelSet, settings: DataSettings) -> None:
    num_labels, num_rows = len(labels.names), len(train.table)
    in_memory, column = settings.train is None, settings.label
    if column == settings.text and not in_memory:
        raise DataError(
            f"{train.name}: column {column!r} is set as both text and label; change --text (data.text) or --label "
            "(data.label)."
        )
    if num_labels > max(MANY_LABELS, num_rows / 2):
        subject, question = (
            ("", "are these classes?")
            if in_memory
            else (f"column {column!r} has ", "is it the right column (data.label)?")
        )
        raise DataError(f"{train.name}: {subject}{num_labels:,} different labels in {num_rows:,} rows; {question}")
    is_trivial = num_labels == 1 and (labels.kind == "single" or all(train.used_label_sets[1]))
    if is_trivial or not num_labels:
        found = f"only the label {labels.names[0]!r}" if num_labels else "no labels"
        question = "" if in_memory else f" Is {column!r} the right column (data.label)?"
        raise DataError(f"{train.name}: the training rows have {found}; a classifier needs at least two.{question}")
