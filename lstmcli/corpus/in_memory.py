"""Labelled texts that are already in memory, checked like the rows of a file."""

from collections.abc import Iterable, Sequence

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.corpus import Corpus, split_examples
from lstmcli.corpus.example_rows import ExampleRows
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.label_cells import clean_label
from lstmcli.events import RowsRead

# How messages refer to rows without a file. Line n is item n, from 1.
NAME = "the given texts"

# Marks several labels per text in the settings of a run whose rows were never in a file.
SEPARATOR = "|"


def corpus_in_memory(
    texts: Sequence[str], labels: Sequence[str | Iterable[str]], settings: DataSettings, *, seed: int
) -> Corpus:
    """Return a corpus with some of the rows held out for validation.

    Args:
        texts: at least one.
        labels: for each text, the name of its label or the names of all its labels, depending on `settings`.
        settings: the kind of labels, and how many rows to hold out.
        seed: of the split.

    Raises:
        DataError: see `learn_labels`; or there are too few rows to split.
    """
    examples = examples_in_memory(texts, labels)
    train, validation, found = split_examples(examples, settings, seed)
    return Corpus((), (train.report, validation.report), train, validation, None, found, ())


def given_labels(labels: Iterable[object]) -> list[str | tuple[str, ...]]:
    """Check labels passed by a program: for each text, the name of its label or the names of all its labels.

    Raises:
        TypeError: one is neither a str nor an iterable of str, or names are mixed with sets of names.
    """
    if isinstance(labels, str):
        raise TypeError("expected a list of labels, got str")
    found: list[str | tuple[str, ...]] = []
    for number, label in enumerate(labels):
        if isinstance(label, str):
            found.append(label)
            continue
        names = tuple(label) if isinstance(label, Iterable) else None
        if names is None or not all(isinstance(name, str) for name in names):
            raise TypeError(f"expected label names, or sets of them, but labels[{number}] is {label!r}")
        found.append(names)
        if isinstance(found[0], str):
            raise TypeError(f"expected label names like labels[0], but labels[{number}] is a set of names")
    return found


def labelled_settings(labels: Sequence[str | tuple[str, ...]]) -> dict[str, object]:
    """Return the settings for such labels, by key."""
    return {} if all(isinstance(label, str) for label in labels) else {"data.label_separator": SEPARATOR}


def examples_in_memory(texts: Sequence[str], labels: Sequence[str | Iterable[str]]) -> Examples:
    """Return labelled rows; `labels` as above. Each text gets a set of labels, whatever the kind of labels."""
    if len(texts) != len(labels):
        raise ValueError(f"expected as many labels as texts, got {len(texts):,} texts and {len(labels):,} labels")
    rows = ExampleRows()
    for number, (text, of_text) in enumerate(zip(texts, labels, strict=True), start=1):
        names = [of_text] if isinstance(of_text, str) else of_text
        rows.append(number, text, tuple(sorted({clean_label(name) for name in names})), "")
    report = RowsRead(NAME, len(texts), len(texts), ())
    return Examples(
        report.name, report.num_rows, rows.table(), tuple(rows.label_sets), rows.store, report.findings, None
    )
