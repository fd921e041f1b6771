"""Splits that preserve label proportions and keep rows of the same text or group together."""

from operator import itemgetter

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.csgraph import connected_components

from lstmcli.corpus.example_rows import NO_GROUP
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.past import Past


def validation_rows(examples: Examples, *, fraction: float, seed: int) -> NDArray[np.bool_]:
    """Choose validation rows, the same ones for the same table and seed; for units, see `fold_of_rows`.

    Args:
        examples: the rows.
        fraction: desired fraction of rows, between 0 and 1.
        seed: for the order in which units are assigned.

    Returns:
        (rows,) True for validation.
    """
    unit_of_row = _units(examples.table)
    rows_of_units = np.bincount(unit_of_row)
    shares = np.array([1.0 - fraction, fraction])
    labels_of_units = _label_counts(examples, unit_of_row)
    is_validation = _deal(labels_of_units, rows_of_units, shares, seed=seed) == 1
    if not is_validation.any():
        # A few large units may all have gone to training: take the smallest that leaves every label to training.
        is_spare = (labels_of_units.toarray() < labels_of_units.sum(axis=0)).all(axis=1)
        is_validation[np.where(is_spare, rows_of_units, len(unit_of_row) + 1).argmin()] = is_spare.any()
    num_wanted = fraction * len(unit_of_row)
    if rows_of_units[is_validation].sum() < num_wanted / 2:
        _fill(is_validation, labels_of_units, rows_of_units, num_wanted, seed=seed)
    chosen: NDArray[np.bool_] = is_validation[unit_of_row]
    return chosen


def further_validation_rows(examples: Examples, past: Past, *, fraction: float, seed: int) -> NDArray[np.bool_]:
    """Choose validation rows for a model that goes on from an earlier one, (rows,) True for validation.

    A row that the earlier model was trained on stays a training row: that model knows it by heart, so it would say
    nothing about new texts. Likewise, a row that it was validated on stays a validation row. Only the others are split.

    Args:
        examples: the rows.
        past: which texts the earlier model has seen.
        fraction: see `validation_rows`, of the other rows.
        seed: see there.
    """
    units = _units(examples.table)
    keys = examples.table["text_key"].to_numpy()
    was_trained, was_validated = (
        np.bincount(units, weights=np.isin(keys, seen))[units] > 0 for seen in (past.trained, past.validated)
    )
    chosen: NDArray[np.bool_] = was_validated & ~was_trained
    is_new = ~(was_trained | was_validated)
    if is_new.any():
        chosen[is_new] = validation_rows(examples.having(is_new), fraction=fraction, seed=seed)
    return chosen


def _fill(
    is_validation: NDArray[np.bool_],
    labels_of_units: csr_array,
    rows_of_units: NDArray[np.int64],
    num_wanted: float,
    *,
    seed: int,
) -> None:
    """Move units to validation until it has the wanted rows, but at most half of those with the same label.

    Labels with few rows have none to spare on their own: of four rows with a label, a tenth is nearer to 0 than to 1.
    """
    num_rows = int(rows_of_units[is_validation].sum())
    num_spare = labels_of_units.sum(axis=0) // 2 - labels_of_units[is_validation].sum(axis=0)
    for unit in np.random.default_rng(seed).permutation(len(rows_of_units)):
        own = slice(labels_of_units.indptr[unit], labels_of_units.indptr[unit + 1])
        labels, counts = labels_of_units.indices[own], labels_of_units.data[own]
        fits = num_rows + rows_of_units[unit] <= num_wanted and (counts <= num_spare[labels]).all()
        if fits and not is_validation[unit]:
            is_validation[unit] = True
            num_rows += int(rows_of_units[unit])
            num_spare[labels] -= counts


def fold_of_rows(examples: Examples, *, num_folds: int, seed: int) -> NDArray[np.int64]:
    """Split the rows into folds of similar size, the same for the same table and seed: (rows,) from 0.

    Rows with the same text, or the same non-empty group, form a unit that stays together. Units are assigned by
    iterative stratification, which handles one and several labels per text alike: starting with the rarest label, each
    unit goes to the side that still needs most of that label. Source: Sechidis, Tsoumakas and Vlahavas 2011, "On the
    Stratification of Multi-Label Data".
    """
    unit_of_row = _units(examples.table)
    shares = np.full(num_folds, 1.0 / num_folds)
    fold_of_unit = _deal(_label_counts(examples, unit_of_row), np.bincount(unit_of_row), shares, seed=seed)
    folds: NDArray[np.int64] = fold_of_unit[unit_of_row]
    return folds


def _units(table: pd.DataFrame) -> NDArray[np.int64]:
    """Return the unit of each row; rows are linked by their text and by their group."""
    keys = table["text_key"].to_numpy()
    distinct = np.unique(keys)
    texts = np.searchsorted(distinct, keys)
    groups = table["group"].to_numpy()
    has_group = groups != NO_GROUP
    if not has_group.any():
        return texts
    # A graph of texts and groups, in which each row links its text to its group.
    num_nodes = len(distinct) + int(groups.max()) + 1
    links = np.ones(int(has_group.sum()), dtype=np.int8), (texts[has_group], len(distinct) + groups[has_group])
    _, component = connected_components(coo_array(links, shape=(num_nodes, num_nodes)), directed=False)
    units, _ = pd.factorize(component[texts])
    return np.asarray(units, dtype=np.int64)


def _label_counts(examples: Examples, unit_of_row: NDArray[np.int64]) -> csr_array:
    """Return (units, labels), the number of rows with the label; having no label counts as one more label."""
    names = sorted({name for names in examples.label_sets for name in names or ("",)})
    pairs = [
        (index, names.index(name)) for index, label_set in enumerate(examples.label_sets) for name in label_set or ("",)
    ]
    ones = np.ones(len(pairs), dtype=np.int32)
    labels_of_sets = csr_array((ones, np.array(pairs).T), shape=(len(examples.label_sets), len(names)))
    rows = np.ones(len(unit_of_row), dtype=np.int32), (unit_of_row, examples.table["label_set"].to_numpy())
    sets_of_units = csr_array(rows, shape=(unit_of_row.max() + 1, len(examples.label_sets)))
    return csr_array(sets_of_units @ labels_of_sets)


def _deal(
    labels_of_units: csr_array, rows_of_units: NDArray[np.int64], shares: NDArray[np.float64], *, seed: int
) -> NDArray[np.int64]:
    """Return the side of each unit; side n should get the fraction `shares[n]` of each label and of the rows."""
    rank = np.random.default_rng(seed).permutation(len(rows_of_units))
    num_labels = labels_of_units.sum(axis=0)
    wanted_labels = num_labels * shares[:, None]  # (sides, labels) still to be assigned
    wanted_rows = rows_of_units.sum() * shares
    side_of_unit = np.full(len(rows_of_units), -1, dtype=np.int64)
    columns = csc_array(labels_of_units)
    for label in np.argsort(num_labels, kind="stable"):
        units = columns.indices[columns.indptr[label] : columns.indptr[label + 1]]
        units = units[side_of_unit[units] < 0]
        for unit in units[np.argsort(rank[units])]:
            # The side that needs most of the label; ties go to the one that needs more rows, relative to its share.
            wishes = zip(wanted_labels[:, label], wanted_rows / shares, strict=True)
            side = max(enumerate(wishes), key=itemgetter(1))[0]
            side_of_unit[unit] = side
            own = slice(labels_of_units.indptr[unit], labels_of_units.indptr[unit + 1])
            wanted_labels[side, labels_of_units.indices[own]] -= labels_of_units.data[own]
            wanted_rows[side] -= rows_of_units[unit]
    return side_of_unit
