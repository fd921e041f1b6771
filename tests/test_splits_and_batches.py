"""The validation split and the batches: nothing lost, nothing on both sides, proportions kept."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmcli.corpus.example_rows import ExampleRows
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.splits import fold_of_rows, validation_rows
from lstmcli.text.token_ids import TokenIds, batches_by_length, training_batches


def examples(texts: list[str], labels: list[tuple[str, ...]], groups: list[str] | None = None) -> Examples:
    rows = ExampleRows()
    for line, (text, names, group) in enumerate(zip(texts, labels, groups or [""] * len(texts), strict=True), start=2):
        rows.append(line, text, names, group)
    return Examples("rows.csv", len(texts), rows.table(), tuple(rows.label_sets), rows.store, ())


def test_a_split_keeps_the_share_of_each_label() -> None:
    labels = [("common",)] * 700 + [("rare",)] * 200 + [("rarest",)] * 20
    rows = validation_rows(examples([f"t{n}" for n in range(920)], labels), fraction=0.1, seed=3)
    chosen = pd.Series([names[0] for names in labels])[rows].value_counts()
    assert dict(chosen) == {"common": 70, "rare": 20, "rarest": 2}


def test_a_multi_label_split_keeps_the_share_of_each_label() -> None:
    generator = np.random.default_rng(0)
    shares = {"a": 0.5, "b": 0.2, "c": 0.05, "d": 0.02}
    labels = [tuple(name for name, share in shares.items() if generator.random() < share) for _ in range(2000)]
    rows = validation_rows(examples([f"t{n}" for n in range(2000)], labels), fraction=0.2, seed=1)
    assert 390 <= rows.sum() <= 410
    for name in shares:
        has_label = np.array([name in names for names in labels])
        assert abs(has_label[rows].sum() - 0.2 * has_label.sum()) <= 2


def test_a_text_is_never_on_both_sides() -> None:
    texts = [f"Text {n % 40}" if n % 2 else f"  text {n % 40}" for n in range(200)]
    rows = validation_rows(examples(texts, [(str(n % 3),) for n in range(200)]), fraction=0.3, seed=1)
    keys = np.array([text.strip().lower() for text in texts])
    assert 0 < rows.sum() < 200
    assert not set(keys[rows]) & set(keys[~rows])


def test_a_group_stays_on_one_side_also_when_texts_tie_groups_together() -> None:
    groups = [f"author{n // 5}" for n in range(100)]
    texts = [f"text{n}" for n in range(100)]
    texts[0] = texts[99]  # the first and the last author share a text, so both go to the same side
    rows = validation_rows(examples(texts, [("a",)] * 100, groups), fraction=0.25, seed=5)
    sides = pd.Series(rows).groupby(groups).nunique()
    assert (sides == 1).all()
    assert rows[0] == rows[99]
    assert 20 <= rows.sum() <= 30


def test_a_few_large_groups_still_leave_one_for_validation() -> None:
    groups = ["a"] * 30 + ["b"] * 20 + ["c"] * 25
    rows = validation_rows(examples([f"t{n}" for n in range(75)], [("x",)] * 75, groups), fraction=0.1, seed=5)
    assert {group for group, chosen in zip(groups, rows, strict=True) if chosen} == {"b"}


@pytest.mark.parametrize("rows_per_label", [2, 3, 4])
def test_many_labels_of_few_rows_still_leave_enough_for_validation(rows_per_label: int) -> None:
    names = [f"label {n // rows_per_label}" for n in range(300 * rows_per_label)]
    rows = validation_rows(
        examples([f"t{n}" for n in range(len(names))], [(name,) for name in names]), fraction=0.1, seed=1
    )
    assert rows.sum() == len(names) // 10
    left = pd.Series(names)[~rows].value_counts()
    assert len(left) == 300
    assert left.min() >= rows_per_label / 2


def test_labels_of_one_row_stay_in_training() -> None:
    assert not validation_rows(examples(["a", "b", "c"], [("x",), ("y",), ("z",)]), fraction=0.4, seed=1).any()


def test_a_unit_with_all_rows_of_a_label_is_not_spared_for_validation() -> None:
    groups = ["a"] * 30 + ["b"] * 10 + ["c"] * 20
    labels = [("y",) if group == "b" else ("x",) for group in groups]
    rows = validation_rows(examples([f"t{n}" for n in range(60)], labels, groups), fraction=0.1, seed=5)
    assert {group for group, chosen in zip(groups, rows, strict=True) if chosen} == {"c"}
    alone = validation_rows(examples(["t", "t"], [("x",), ("x",)]), fraction=0.1, seed=5)
    assert not alone.any()


def dealt(units: list[list[tuple[str, ...]]], shares: list[float], seed: int) -> list[int]:
    """Iterative stratification, one unit at a time; a unit is a list of the label sets of its rows."""
    rank = np.random.default_rng(seed).permutation(len(units))
    counts = [Counter(name for names in unit for name in names or ("",)) for unit in units]
    totals: Counter[str] = sum(counts, Counter())
    wanted = [{name: total * share for name, total in totals.items()} for share in shares]
    wanted_rows = [sum(map(len, units)) * share for share in shares]
    side_of_unit = [-1] * len(units)
    for label in sorted(sorted(totals), key=totals.__getitem__):
        for unit in np.argsort(rank):
            if side_of_unit[unit] >= 0 or not counts[unit][label]:
                continue
            side = max(range(len(shares)), key=lambda n: (wanted[n][label], wanted_rows[n] / shares[n], -n))
            side_of_unit[unit] = side
            for name, count in counts[unit].items():
                wanted[side][name] -= count
            wanted_rows[side] -= len(units[unit])
    return side_of_unit


@given(st.integers(0, 10_000))
def test_units_are_dealt_as_by_hand(seed: int) -> None:
    generator = np.random.default_rng(seed)
    sizes = generator.integers(1, 5, size=20)
    units = [[tuple(name for name in "abc" if generator.random() < 0.4) for _ in range(size)] for size in sizes]
    rows = [names for unit in units for names in unit]
    groups = [f"author{number}" for number, size in enumerate(sizes) for _ in range(size)]
    data = examples([f"t{number}" for number in range(len(rows))], rows, groups)
    unit_of_row = np.repeat(np.arange(20), sizes)
    expected = np.array(dealt(units, [1 / 3] * 3, seed))
    assert fold_of_rows(data, num_folds=3, seed=seed).tolist() == expected[unit_of_row].tolist()
    expected = np.array(dealt(units, [0.75, 0.25], seed)) == 1
    if expected[unit_of_row].mean() >= 0.25 / 2:  # otherwise more follow
        assert validation_rows(data, fraction=0.25, seed=seed).tolist() == expected[unit_of_row].tolist()


def test_folds_part_all_rows_evenly_and_keep_groups_together() -> None:
    groups = [f"author{n // 4}" for n in range(200)]
    labels = [("rare",) if n % 10 == 0 else ("common",) for n in range(200)]
    fold = fold_of_rows(examples([f"t{n}" for n in range(200)], labels, groups), num_folds=5, seed=2)
    assert np.bincount(fold).tolist() == [40] * 5
    assert (pd.Series(fold).groupby(groups).nunique() == 1).all()
    rare = np.array([names == ("rare",) for names in labels])
    assert set(np.bincount(fold[rare])) <= {3, 4, 5}


def test_rows_without_a_group_are_on_their_own() -> None:
    rows = validation_rows(examples([f"t{n}" for n in range(100)], [("a",)] * 100), fraction=0.25, seed=5)
    assert rows.sum() == 25


def test_the_seed_decides() -> None:
    data = examples([f"t{n}" for n in range(100)], [("a",)] * 100)
    first, again, other = (validation_rows(data, fraction=0.3, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


TEXTS = st.lists(st.lists(st.integers(2, 99), min_size=1, max_size=9), min_size=1, max_size=40)


@given(TEXTS)
def test_joined_rows_hold_the_texts(texts: list[list[int]]) -> None:
    rows = np.arange(len(texts))[::-1].copy()
    ids, lengths = TokenIds.from_texts(texts).joined(rows)
    assert ids.tolist() == [token for row in rows for token in texts[row]]
    assert lengths.tolist() == [len(texts[row]) for row in rows]


def test_a_text_without_tokens_is_a_broken_promise() -> None:
    with pytest.raises(ValueError, match="expected at least one token per text, got none in text 1"):
        TokenIds.from_texts([[5], []])


@given(st.lists(st.integers(1, 30), min_size=1, max_size=300), st.integers(1, 16), st.integers(0, 9))
def test_training_batches_hold_every_row_once(lengths: list[int], batch_size: int, seed: int) -> None:
    batches = training_batches(np.array(lengths), batch_size=batch_size, generator=np.random.default_rng(seed))
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert max(map(len, batches)) <= batch_size


def test_training_batches_hold_texts_of_like_length_in_random_order() -> None:
    lengths = np.random.default_rng(0).integers(1, 100, size=3200)
    batches = training_batches(lengths, batch_size=32, generator=np.random.default_rng(1))
    padding = sum(len(batch) * lengths[batch].max() for batch in batches) / lengths.sum()
    assert padding < 1.05
    longest = [lengths[batch].max() for batch in batches]
    assert longest != sorted(longest)
    again = training_batches(lengths, batch_size=32, generator=np.random.default_rng(2))
    assert {tuple(sorted(batch)) for batch in batches} != {tuple(sorted(batch)) for batch in again}


@given(st.lists(st.integers(1, 30), min_size=1, max_size=100), st.integers(1, 16), st.integers(1, 50))
def test_batches_by_length_hold_every_row_once_within_limits(
    lengths: list[int], batch_size: int, max_tokens: int
) -> None:
    sizes = np.array(lengths)
    batches = list(batches_by_length(sizes, batch_size=batch_size, max_tokens=max_tokens))
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) <= batch_size
        assert len(batch) == 1 or len(batch) * sizes[batch].max() <= max_tokens
