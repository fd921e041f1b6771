"""Means of columns of numbers in groups of rows, and how far groups differ, in one pass over the rows."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.metrics.estimates import Estimate

CONFIDENCE = 0.95

# The normal quantile of the interval.
QUANTILE = 1.959963984540054

Floats = NDArray[np.float64]


class Moments:
    """Number, mean and sum of squared deviations of columns.

    Source of the updates: Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance".

    Attributes:
        counts: (columns,), how many rows have a value.
        means: (columns,), 0 where there are none.
        squares: (columns,), sums of squared deviations from the mean.
    """

    def __init__(self, num_columns: int) -> None:
        self.counts = np.zeros(num_columns)
        self.means = np.zeros(num_columns)
        self.squares = np.zeros(num_columns)

    def add(self, values: Floats) -> None:
        """Add (rows, columns) of values; NaN is none."""
        is_given = ~np.isnan(values)
        given = np.where(is_given, values, 0.0)
        other = Moments(values.shape[1])
        other.counts = is_given.sum(axis=0).astype(np.float64)
        other.means = given.sum(axis=0) / np.maximum(other.counts, 1.0)
        other.squares = np.where(is_given, (given - other.means) ** 2, 0.0).sum(axis=0)
        self.merge(other)

    def merge(self, other: "Moments") -> None:
        """Add the rows of another group."""
        counts = self.counts + other.counts
        share = other.counts / np.maximum(counts, 1.0)
        shift = other.means - self.means
        self.means = self.means + shift * share
        self.squares = self.squares + other.squares + shift**2 * self.counts * share
        self.counts = counts


@dataclass(frozen=True)
class ColumnMean:
    """A column in a group; None is undefined.

    Attributes:
        num_rows: with a value.
        mean: of these, with its interval; the interval is undefined for a single row.
        deviation: standard deviation, with n - 1.
    """

    num_rows: int
    mean: float | None
    low: float | None
    high: float | None
    deviation: float | None


@dataclass(frozen=True)
class Group:
    """The rows with the same cell.

    Attributes:
        name: the cell.
        num_rows: number of rows.
        columns: means of each column.
        others: means of each column in all other groups.
        differences: Hedges' g of each column, the group minus all others; None where it is undefined.
    """

    name: str
    num_rows: int
    columns: tuple[ColumnMean, ...]
    others: tuple[ColumnMean, ...]
    differences: tuple[Estimate | None, ...]


@dataclass(frozen=True)
class Summary:
    """All rows with a text.

    Attributes:
        names: of the columns.
        num_rows: number of rows.
        columns: means of each column.
        by: the column of the groups; None: there are none.
        groups: in the order of their names.
        num_without_group: rows with an empty cell in `by`.
    """

    names: tuple[str, ...]
    num_rows: int
    columns: tuple[ColumnMean, ...]
    by: str | None = None
    groups: tuple[Group, ...] = ()
    num_without_group: int = 0


def column_means(moments: Moments) -> list[ColumnMean]:
    """Return what is known of each column."""
    columns = zip(moments.counts.tolist(), moments.means.tolist(), moments.squares.tolist(), strict=True)
    return [_column_mean(int(count), mean, squares) for count, mean, squares in columns]


def _column_mean(count: int, mean: float, squares: float) -> ColumnMean:
    if count < 2:
        return ColumnMean(count, mean if count else None, None, None, None)
    deviation = math.sqrt(squares / (count - 1))
    margin = QUANTILE * deviation / math.sqrt(count)
    return ColumnMean(count, mean, mean - margin, mean + margin, deviation)


def standardised_differences(first: Moments, second: Moments) -> list[Estimate | None]:
    """Return Hedges' g of each column, first minus second, with a normal interval; None where it is undefined.

    g = J (m1 - m2) / s, where s is the pooled standard deviation and J = 1 - 3 / (4 (n1 + n2 - 2) - 1). Its variance is
    about (n1 + n2) / (n1 n2) + g^2 / (2 (n1 + n2)). Source: Hedges and Olkin 1985, "Statistical methods for
    meta-analysis", chapter 5.
    """
    columns: Iterable[tuple[float, ...]] = zip(
        first.counts.tolist(),
        second.counts.tolist(),
        (first.means - second.means).tolist(),
        (first.squares + second.squares).tolist(),
        strict=True,
    )
    return [_difference(*column) for column in columns]


def _difference(first: float, second: float, difference: float, squares: float) -> Estimate | None:
    freedom = first + second - 2.0
    if min(first, second) < 2.0 or squares <= 0.0:
        return None
    value = (1.0 - 3.0 / (4.0 * freedom - 1.0)) * difference / math.sqrt(squares / freedom)
    variance = (first + second) / (first * second) + value**2 / (2.0 * (first + second))
    margin = QUANTILE * math.sqrt(variance)
    return Estimate(value, value - margin, value + margin)
