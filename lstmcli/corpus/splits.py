"""Splits that keep label proportions and never part what belongs together."""

from operator import itemgetter

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.csgraph import connected_components

from lstmcli.corpus.example_rows import NO_GROUP
from lstmcli.corpus.examples import Examples


def validation_rows(examples: Examples, *, fraction: float, seed: int) -> NDArray[np.bool_]:
    """Choose the rows of a validation set, the same for the same table and seed; units as for `fold_of_rows`.

    Args:
        examples: the rows.
        fraction: wanted share of rows, between 0 and 1.
        seed: of the order in which units are dealt.

    Returns:
        (rows,) True for validation.
    """
    unit_of_row = _units(examples.table)
    rows_of_units = np.bincount(unit_of_row)
    shares = np.array([1.0 - fraction, fraction])
    labels_of_units = _label_counts(examples, unit_of_row)
    is_validation = _deal(labels_of_units, rows_of_units, shares, seed=seed) == 1
    if not is_validation.any():
        # A few large units, none of which came near the wanted share: the smallest that leaves training every label.
        is_spare = (labels_of_units.toarray() < labels_of_units.sum(axis=0)).all(axis=1)
        is_validation[np.where(is_spare, rows_of_units, len(unit_of_row) + 1).argmin()] = is_spare.any()
    chosen: NDArray[np.bool_] = is_validation[unit_of_row]
    return chosen


def fold_of_rows(examples: Examples, *, num_folds: int, seed: int) -> NDArray[np.int64]:
    """Part the rows into folds of like size, the same for the same table and seed: (rows,) from 0.

    Rows with the same text, or the same non-empty group, form a unit that stays together. Units are dealt out by
    iterative stratification, which serves one and several labels a text alike: the rarest label first, each unit to
    the side that still wants most of that label. Source: Sechidis, Tsoumakas and Vlahavas 2011, "On the Stratification
    of Multi-Label Data".
    """
    unit_of_row = _units(examples.table)
    shares = np.full(num_folds, 1.0 / num_folds)
    fold_of_unit = _deal(_label_counts(examples, unit_of_row), np.bincount(unit_of_row), shares, seed=seed)
    folds: NDArray[np.int64] = fold_of_unit[unit_of_row]
    return folds


def _units(table: pd.DataFrame) -> NDArray[np.int64]:
    """Return the unit of each row: rows are linked through their text and through their group."""
    keys = table["text_key"].to_numpy()
    distinct = np.unique(keys)
    texts = np.searchsorted(distinct, keys)
    groups = table["group"].to_numpy()
    has_group = groups != NO_GROUP
    if not has_group.any():
        return texts
    # A graph of texts and groups, in which each row links its text with its group.
    num_nodes = len(distinct) + int(groups.max()) + 1
    links = np.ones(int(has_group.sum()), dtype=np.int8), (texts[has_group], len(distinct) + groups[has_group])
    _, component = connected_components(coo_array(links, shape=(num_nodes, num_nodes)), directed=False)
    units, _ = pd.factorize(component[texts])
    return np.asarray(units, dtype=np.int64)


def _label_counts(examples: Examples, unit_of_row: NDArray[np.int64]) -> csr_array:
    """Return (units, labels): how many rows of the unit have the label; having none counts as one more label."""
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
    """Return the side of each unit; side n wants the share `shares[n]` of each label and of the rows."""
    rank = np.random.default_rng(seed).permutation(len(rows_of_units))
    num_labels = labels_of_units.sum(axis=0)
    wanted_labels = num_labels * shares[:, None]  # (sides, labels) still to be dealt
    wanted_rows = rows_of_units.sum() * shares
    side_of_unit = np.full(len(rows_of_units), -1, dtype=np.int64)
    columns = csc_array(labels_of_units)
    for label in np.argsort(num_labels, kind="stable"):
        units = columns.indices[columns.indptr[label] : columns.indptr[label + 1]]
        units = units[side_of_unit[units] < 0]
        for unit in units[np.argsort(rank[units])]:
            # The side that wants most of the label; among equals the one that wants more rows, relative to its share.
            wishes = zip(wanted_labels[:, label], wanted_rows / shares, strict=True)
            side = max(enumerate(wishes), key=itemgetter(1))[0]
            side_of_unit[unit] = side
            own = slice(labels_of_units.indptr[unit], labels_of_units.indptr[unit + 1])
            wanted_labels[side, labels_of_units.indices[own]] -= labels_of_units.data[own]
            wanted_rows[side] -= rows_of_units[unit]
    return side_of_unit
