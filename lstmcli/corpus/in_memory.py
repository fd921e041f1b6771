"""Labelled texts that are already in memory, checked like the rows of a file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.corpus import Corpus, split_examples
from lstmcli.corpus.example_rows import ExampleRows
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.label_names import clean_label
from lstmcli.corpus.ordered import check_ordered
from lstmcli.corpus.past import Past
from lstmcli.corpus.row_weights import without_weight
from lstmcli.errors import ConfigError
from lstmcli.events import RowsRead

# How messages refer to rows without a file. Line n is item n, from 1.
NAME = "the given texts"

# Marks several labels per text in the settings of a run whose rows were never in a file.
SEPARATOR = "|"

# Those that say nothing of texts and labels that were given.
FILE_SETTINGS = ("train", "validation", "test", "labels", "label_map", "scores", "group", "weight", "soft_labels")


def corpus_in_memory(
    texts: Sequence[str],
    labels: Sequence[str | Iterable[str]],
    settings: DataSettings,
    *,
    seed: int,
    past: Past | None = None,
    weights: NDArray[np.float64] | None = None,
) -> Corpus:
    """Return a corpus with some of the rows held out for validation.

    Args:
        texts: at least one.
        labels: for each text, the name of its label or the names of all its labels, depending on `settings`.
        settings: the kind of labels, and how many rows to hold out.
        seed: of the split.
        past: see `load_corpus`.
        weights: of the texts, see `given_weights`; None: all count as one.

    Raises:
        ConfigError: `settings` name files or columns.
        DataError: the rows leave nothing to tell apart, or are too few to split.
        ValueError: there are no texts, or not as many labels.
    """
    _check_settings(settings, labels)
    examples = weighted(examples_in_memory(texts, labels), weights)
    check_ordered(examples, settings)
    train, validation, found = split_examples(examples, settings, seed, past)
    return Corpus((), (train.report, validation.report), train, validation, None, found, ())


def weighted(examples: Examples, weights: NDArray[np.float64] | None) -> Examples:
    """Return the examples with weights, number n for line n + 1, without those of weight 0."""
    if weights is None:
        return examples
    lines = examples.table["line"].to_numpy()
    own = weights[lines - 1]
    findings = examples.findings
    if not own.all():
        findings = (*findings, without_weight(lines[own == 0.0].tolist()))
    return replace(examples, weights=own).having(own > 0.0, findings=findings)


def _check_settings(settings: DataSettings, labels: Sequence[str | Iterable[str]]) -> None:
    """Refuse settings that would change nothing here, though whoever made them expects it."""
    found = [f"data.{key}" for key in FILE_SETTINGS if getattr(settings, key) != getattr(DataSettings(), key)]
    if found:
        raise ConfigError(f"{', '.join(found)}: only for rows in files, but texts and labels were given.")
    if settings.label_separator is not None and any(isinstance(label, str) for label in labels):
        raise ConfigError("data.label_separator: only for rows in files; give a set of names for each text instead.")


def given_labels(labels: Iterable[object]) -> list[str | tuple[str, ...]]:
    """Check labels passed by a program: for each text, the name of its label or the names of all its labels.

    Raises:
        TypeError: one is neither a str nor an iterable of str, or names are mixed with sets of names.
        ValueError: a name is empty.
    """
    if isinstance(labels, str | bytes | Mapping) or hasattr(labels, "columns") or not isinstance(labels, Iterable):
        raise TypeError(f"expected a list of labels, got {type(labels).__name__}")
    found: list[str | tuple[str, ...]] = []
    for number, label in enumerate(labels):
        names = label if isinstance(label, str) else _set_of_names(label, number)
        found.append(names)
        if isinstance(names, str) != isinstance(found[0], str):
            one = "a set of them" if isinstance(found[0], str) else "a name"
            raise TypeError(f"expected labels of one form, but labels[0] is {found[0]!r} and labels[{number}] is {one}")
        if not all(clean_label(name) for name in ([names] if isinstance(names, str) else names)):
            raise ValueError(f"expected names of labels, but labels[{number}] is {label!r}, with an empty name")
    return found


def _set_of_names(label: object, number: int) -> tuple[str, ...]:
    names = tuple(label) if isinstance(label, Iterable) else None
    if names is None or not all(isinstance(name, str) for name in names):
        raise TypeError(f"expected names of labels, or sets of them, but labels[{number}] is {label!r}")
    return names


def labelled_settings(labels: Sequence[str | tuple[str, ...]]) -> dict[str, object]:
    """Return the settings for such labels, by key."""
    return {} if all(isinstance(label, str) for label in labels) else {"data.label_separator": SEPARATOR}


def examples_in_memory(texts: Sequence[str], labels: Sequence[str | Iterable[str]]) -> Examples:
    """Return labelled rows; `labels` as above. Each text has a set of its labels, all kinds of labels alike.

    Raises:
        ValueError: there are no texts, or not as many labels.
    """
    if len(texts) != len(labels):
        raise ValueError(f"expected as many labels as texts, got {len(texts):,} texts and {len(labels):,} labels")
    if not texts:
        raise ValueError("expected texts, got none")
    rows = ExampleRows()
    for number, (text, of_text) in enumerate(zip(texts, labels, strict=True), start=1):
        names = [of_text] if isinstance(of_text, str) else of_text
        rows.append(number, text, tuple(sorted({clean_label(name) for name in names})), "")
    report = RowsRead(NAME, len(texts), len(texts), ())
    return Examples(
        report.name,
        report.num_rows,
        rows.table(),
        tuple(rows.label_sets),
        rows.store,
        report.findings,
        cells=rows.cells,
    )
