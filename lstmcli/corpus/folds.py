"""A corpus for each fold of a cross-validation."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.corpus import Corpus, split_examples, without_unknown_labels
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.splits import fold_of_rows
from lstmcli.errors import DataError, counted


def deal_folds(examples: Examples, *, num_folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each row, (rows,) from 0, see `fold_of_rows`.

    Raises:
        DataError: a fold would be empty.
    """
    fold = fold_of_rows(examples, num_folds=num_folds, seed=seed)
    num_found = len(np.unique(fold))
    if num_found < num_folds:
        rows = counted(len(examples.table), "row")
        raise DataError(
            f"{examples.name}: {rows} can't be split into {num_folds} folds, since rows with the "
            f"same text or group stay together; use --folds {num_found} or fewer."
            if num_found > 1
            else f"{examples.name}: all rows have the same text or group, so they can't be split into folds."
        )
    return fold


def fold_corpora(
    examples: Examples, fold: NDArray[np.int64], settings: DataSettings, *, seed: int
) -> Iterator[tuple[Corpus, Examples]]:
    """Yield a corpus and the rows of each fold; the rows outside the fold are split as a training file would be.

    Of a fold's corpus, only `test` contains rows of the fold. It excludes rows with labels that the training rows lack,
    since a model without these labels can't be scored on them.

    Args:
        examples: all rows.
        fold: (rows,), from `deal_folds`.
        settings: how validation rows are split off.
        seed: of the splits.

    Raises:
        DataError: there are too few rows outside a fold.
    """
    num_folds = int(fold.max()) + 1
    for number in range(num_folds):
        is_test = fold == number
        rest = examples.having(~is_test, num_rows=int((~is_test).sum()), findings=())
        train, validation, labels = split_examples(rest, settings, seed)
        name = f"{examples.name} (fold {number + 1} of {num_folds})"
        rows = examples.having(is_test, name=name, num_rows=int(is_test.sum()), findings=())
        test = without_unknown_labels(rows, labels)
        yield Corpus((), (train.report, validation.report, test.report), train, validation, test, labels, ()), rows
