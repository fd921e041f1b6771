"""Means of groups in one pass, against numpy over all rows at once."""

import math

import numpy as np
import pytest

from lstmcli.metrics.group_means import Moments, column_means, standardised_differences


def moments(values: np.ndarray, block: int = 7) -> Moments:
    found = Moments(values.shape[1])
    for start in range(0, len(values), block):
        found.add(values[start : start + block])
    return found


def test_blocks_add_up_to_the_moments_of_all_rows() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(1000.0, 0.01, (50, 3))
    values[rng.random(values.shape) < 0.3] = np.nan
    values[:, 2] = np.nan
    values[4, 2] = 5.0
    found = column_means(moments(values))
    for column, own in zip(found[:2], values.T, strict=False):
        given = own[~np.isnan(own)]
        assert column.num_rows == len(given)
        assert column.mean == pytest.approx(given.mean())
        assert column.deviation == pytest.approx(given.std(ddof=1))
        assert column.mean is not None
        assert column.high == pytest.approx(column.mean + 1.96 * given.std(ddof=1) / math.sqrt(len(given)), abs=1e-5)
        assert column.low == pytest.approx(2 * column.mean - column.high)
    assert (found[2].num_rows, found[2].mean, found[2].deviation, found[2].low) == (1, 5.0, None, None)


def test_an_empty_column_has_no_mean() -> None:
    (column,) = column_means(moments(np.full((3, 1), np.nan)))
    assert (column.num_rows, column.mean, column.deviation) == (0, None, None)


def test_a_difference_is_counted_by_hand() -> None:
    # Means 4 and 2, both with a variance of 4: pooled SD 2, d = 1, and 4 degrees of freedom.
    first, second = moments(np.array([[2.0], [4.0], [6.0]])), moments(np.array([[0.0], [2.0], [4.0]]))
    (found,) = standardised_differences(first, second)
    assert found is not None
    assert found.value == pytest.approx(1 - 3 / 15)
    margin = 1.959964 * math.sqrt(6 / 9 + 0.8**2 / 12)
    assert (found.low, found.high) == (pytest.approx(0.8 - margin), pytest.approx(0.8 + margin))
    (opposite,) = standardised_differences(second, first)
    assert opposite is not None
    assert opposite.value == -found.value


def test_a_difference_without_spread_or_rows_is_undefined() -> None:
    same, one = moments(np.ones((3, 1))), moments(np.array([[3.0]]))
    assert standardised_differences(same, same) == [None]
    assert standardised_differences(same, one) == [None]


def test_intervals_cover_the_true_difference_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    columns = 4000  # as many experiments with a true difference of 0.5
    first, second = rng.normal(0.5, 1.0, (25, columns)), rng.normal(0.0, 1.0, (35, columns))
    found = standardised_differences(moments(first, 25), moments(second, 35))
    covered = [each is not None and each.low <= 0.5 <= each.high for each in found]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.012)
