"""A validation split that keeps label proportions and never parts what belongs together."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lstmcli.data.examples import text_key


def validation_rows(table: pd.DataFrame, *, fraction: float, seed: int) -> NDArray[np.bool_]:
    """Choose the rows of a validation set, the same for the same table and seed.

    Rows with the same text, or the same non-empty group, form a unit that stays on one side. Units are dealt out by
    iterative stratification, which serves one and several labels a text alike: the rarest label first, each unit to
    the side that still wants most of that label. Source: Sechidis, Tsoumakas and Vlahavas 2011, "On the Stratification
    of Multi-Label Data".

    Args:
        table: columns `text`, `labels` and `group` of `Examples.table`.
        fraction: wanted share of rows, between 0 and 1.
        seed: of the order in which units are dealt.

    Returns:
        (rows,) True for validation.
    """
    unit_of_row = _units(table)
    labels_of_units = _label_counts(table, unit_of_row)
    rows_of_units = np.bincount(unit_of_row)
    is_validation_unit = _deal(labels_of_units, rows_of_units, fraction=fraction, seed=seed)
    is_validation: NDArray[np.bool_] = is_validation_unit[unit_of_row]
    return is_validation


def _units(table: pd.DataFrame) -> NDArray[np.int64]:
    """Return the unit of each row: rows are linked through their text and through their group."""
    num_rows = len(table)
    rows = np.arange(num_rows)
    texts, _ = pd.factorize(text_key(table["text"]))
    groups, _ = pd.factorize(table["group"].where(table["group"] != "", other=None))
    has_group = groups >= 0
    num_texts = texts.max(initial=-1) + 1
    num_nodes = num_rows + num_texts + groups.max(initial=-1) + 1
    sources = np.concatenate([rows, rows[has_group]])
    targets = np.concatenate([num_rows + texts, num_rows + num_texts + groups[has_group]])
    links = coo_array((np.ones(len(sources)), (sources, targets)), shape=(num_nodes, num_nodes))
    _, component = connected_components(links, directed=False)
    units, _ = pd.factorize(component[:num_rows])
    return np.asarray(units, dtype=np.int64)


def _label_counts(table: pd.DataFrame, unit_of_row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (units, labels): how many rows of the unit have the label; having none counts as one more label."""
    labels = table["labels"].map(lambda names: names or ("",)).explode()
    codes, _ = pd.factorize(labels)
    counts = np.zeros((unit_of_row.max() + 1, codes.max() + 1), dtype=np.int64)
    np.add.at(counts, (unit_of_row[labels.index.to_numpy()], codes), 1)
    return counts


def _deal(
    labels_of_units: NDArray[np.int64], rows_of_units: NDArray[np.int64], *, fraction: float, seed: int
) -> NDArray[np.bool_]:
    order = np.random.default_rng(seed).permutation(len(rows_of_units))
    shares = np.array([1.0 - fraction, fraction])
    wanted_labels = labels_of_units.sum(axis=0) * shares[:, None]  # (sides, labels) still to be dealt
    wanted_rows = rows_of_units.sum() * shares
    side_of_unit = np.full(len(rows_of_units), -1)
    for label in np.argsort(labels_of_units.sum(axis=0), kind="stable"):
        for unit in order[(labels_of_units[order, label] > 0) & (side_of_unit[order] < 0)]:
            # The side that wants most of the label; among equals the one that wants more rows, relative to its share.
            wishes = [(wanted_labels[side, label], wanted_rows[side] / shares[side]) for side in (0, 1)]
            side = int(wishes[1] > wishes[0])
            side_of_unit[unit] = side
            wanted_labels[side] -= labels_of_units[unit]
            wanted_rows[side] -= rows_of_units[unit]
    return np.asarray(side_of_unit == 1)
