"""Reads the rows that a config names, splits them if needed, and collects the labels of the training rows."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.examples import Examples, read_examples
from lstmcli.corpus.label_set import LabelSet
from lstmcli.corpus.labels import learn_labels
from lstmcli.corpus.ordered import check_ordered
from lstmcli.corpus.past import Past
from lstmcli.corpus.splits import further_validation_rows, validation_rows
from lstmcli.corpus.targets import label_targets, training_targets
from lstmcli.errors import DataError, counted
from lstmcli.events import Finding, RowsRead


@dataclass(frozen=True)
class Corpus:
    """The rows of a training run.

    Attributes:
        files: what was read from each file, before any split.
        parts: what the training file was split into, if it was.
        train: rows to learn from.
        validation: rows to select the epoch and the thresholds on; from their own file or split off.
        test: rows that are only scored, if there are any.
        labels: those of the training rows.
        overlaps: pairs of splits that share texts, with the number of texts.
        soft_share: weight of the probabilities in a training row that also has labels, from 0 to 1.
    """

    files: tuple[RowsRead, ...]
    parts: tuple[RowsRead, ...]
    train: Examples
    validation: Examples
    test: Examples | None
    labels: LabelSet
    overlaps: tuple[tuple[str, str, int], ...]
    soft_share: float = 0.0

    @cached_property
    def train_targets(self) -> NDArray[np.bool_]:
        """(training rows, labels), True where the row has the label."""
        return label_targets(self.train, self.labels)

    @cached_property
    def fitted_targets(self) -> NDArray[np.bool_ | np.float32]:
        """(training rows, labels), the targets to fit: `train_targets`, or probabilities where rows have them."""
        if self.train.soft is None:
            return self.train_targets
        return training_targets(self.train, self.labels, self.soft_share)

    @cached_property
    def validation_targets(self) -> NDArray[np.bool_]:
        """(validation rows, labels), True where the row has the label."""
        return label_targets(self.validation, self.labels)


def load_corpus(settings: DataSettings, *, seed: int, past: Past | None = None) -> Corpus:
    """Read all files that `settings` name; without a validation file, split the training rows.

    The labels are those of the training rows; rows of other files with other labels are handled by `unknown_labels`.

    Args:
        settings: see above.
        seed: of the split.
        past: of a model to go on from, whose labels are kept.

    Raises:
        DataError: see `read_examples`, `check_ordered` and `learn_labels`.
    """
    if settings.train is None:
        raise ValueError("expected data.train to be set, got None")
    file = read_examples(settings.train, settings, soft=settings.soft_labels > 0.0, weighted=True)
    check_ordered(file, settings)
    labels = learn_labels(file, settings, past)
    files, parts = [file.report], []
    if settings.validation is None:
        train, validation, labels = split_examples(file, settings, seed, past)
        parts = [train.report, validation.report]
    else:
        train, validation = file, read_examples(settings.validation, settings, known_labels=labels.names)
        files.append(validation.report)
    test = None
    if settings.test is not None:
        test = read_examples(settings.test, settings, known_labels=labels.names)
        files.append(test.report)
    overlaps = _overlaps(train, validation, test)
    soft_share = 1.0 if settings.annotators else settings.soft_labels
    return Corpus(tuple(files), tuple(parts), train, validation, test, labels, overlaps, soft_share)


def split_examples(
    examples: Examples, settings: DataSettings, seed: int, past: Past | None = None
) -> tuple[Examples, Examples, LabelSet]:
    """Return training rows, validation rows, and the labels of the training rows; arguments as for `load_corpus`."""
    fraction = settings.validation_fraction
    if past is None:
        is_validation = validation_rows(examples, fraction=fraction, seed=seed)
    else:
        is_validation = further_validation_rows(examples, past, fraction=fraction, seed=seed)
        _check_new_rows(is_validation, examples, past)
    if is_validation.all() or not is_validation.any():
        rows = counted(len(examples.table), "row")
        wanted = "add more" if settings.train is None else "set data.validation to a file, or add rows"
        raise DataError(
            f"{examples.name}: {rows} can't be split into training and validation{_why_not(examples)}; {wanted}."
        )
    train, validation = (
        examples.having(rows, name=f"{examples.name} ({part} part)", num_rows=int(rows.sum()), findings=())
        for part, rows in (("training", ~is_validation), ("validation", is_validation))
    )
    labels = learn_labels(train, settings, past)
    return train, without_unknown_labels(validation, labels), labels


def _check_new_rows(is_validation: NDArray[np.bool_], examples: Examples, past: Past) -> None:
    if np.isin(examples.table["text_key"], past.trained).any() and not is_validation.any():
        raise DataError(
            f"{examples.name}: no row is left to validate on, since {past.name} was trained on these texts, and new "
            "ones are too few to split; set data.validation to a file of other rows."
        )


def _why_not(examples: Examples) -> str:
    """Return why rows can't be split, starting with a comma, if it is because they stay together."""
    num_rows, num_texts = len(examples.table), examples.table["text_key"].nunique()
    num_groups = len(np.unique(examples.groups)) if examples.groups is not None else num_rows
    if num_groups < num_rows:
        found = counted(num_groups, "group")
        return f", since rows of the same group or with the same text stay together, and there are {found}"
    if num_texts == num_rows:
        return ""
    found = "only one text" if num_texts == 1 else f"only {num_texts:,} different texts"
    return f", since rows with the same text stay together, and there {'is' if num_texts == 1 else 'are'} {found}"


def without_unknown_labels(validation: Examples, labels: LabelSet) -> Examples:
    """Drop the rows of a split-off part that have labels missing from the training rows."""
    known_sets = [index for index, names in enumerate(validation.label_sets) if set(names) <= set(labels.names)]
    is_known = validation.table["label_set"].isin(known_sets)
    if is_known.all():
        return validation
    lines = tuple(validation.table["line"][~is_known])
    finding = Finding("labels missing from the training part", "unknown_labels", "drop", lines)
    return validation.having(is_known, findings=(finding,))


def _overlaps(train: Examples, validation: Examples, test: Examples | None) -> tuple[tuple[str, str, int], ...]:
    """Count the texts that occur in two splits, since they inflate scores."""
    splits = [split for split in (train, validation, test) if split is not None]
    keys = [np.unique(split.table["text_key"]) for split in splits]
    pairs = [(0, 1), (0, 2), (1, 2)][: 1 if test is None else 3]
    counts = [
        (splits[a].name, splits[b].name, len(np.intersect1d(keys[a], keys[b], assume_unique=True))) for a, b in pairs
    ]
    return tuple(overlap for overlap in counts if overlap[2])
