"""Thresholds for Jaccard, precision, recall and against flooding, and coverage tables: brute force and hand counts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmcli.config.thresholds import ThresholdSetting
from lstmcli.metrics.coverage import coverage_rows
from lstmcli.metrics.decisions import DecisionRule
from lstmcli.metrics.jaccard_thresholds import (
    Picks,
    best_cuts,
    common_jaccard_threshold,
    jaccard_thresholds,
    mean_jaccard,
)
from lstmcli.metrics.least_thresholds import precision_threshold, recall_threshold
from lstmcli.metrics.threshold_choice import allows_closest, choose_rule, choose_thresholds
from lstmcli.metrics.thresholds import MOST_PICKED, THRESHOLD_GRID, common_f1_threshold, f1_thresholds

NAMES = ("anger", "joy", "none")


def drawn(seed: int, num_rows: int, num_labels: int) -> tuple[np.ndarray, np.ndarray]:
    """Targets and probabilities that know something of them, with ties."""
    generator = np.random.default_rng(seed)
    targets = generator.random((num_rows, num_labels)) < generator.uniform(0.1, 0.6, num_labels)
    noise = generator.integers(0, 20, (num_rows, num_labels)) / 20
    return np.clip(0.6 * noise + 0.3 * targets, 0.01, 0.99).round(2), targets


def jaccard_by_hand(decisions: np.ndarray, targets: np.ndarray) -> float:
    found = []
    for picked, actual in zip(decisions, targets, strict=True):
        one, other = set(np.flatnonzero(picked)), set(np.flatnonzero(actual))
        found.append(len(one & other) / len(one | other) if one | other else 1.0)
    return float(np.mean(found))


def jaccard_at(thresholds: np.ndarray, probabilities: np.ndarray, targets: np.ndarray, at_least_one: bool) -> float:
    return jaccard_by_hand(DecisionRule("multi", thresholds, at_least_one).decide(probabilities), targets)


@given(st.integers(0, 10_000), st.booleans())
def test_the_jaccard_index_is_that_of_sets(seed: int, at_least_one: bool) -> None:
    probabilities, targets = drawn(seed, 12, 3)
    decisions = DecisionRule("multi", np.full(3, 0.4), at_least_one).decide(probabilities)
    assert mean_jaccard(decisions, targets) == pytest.approx(jaccard_by_hand(decisions, targets))


@given(st.integers(0, 10_000), st.booleans())
def test_the_best_cut_of_a_label_is_the_best_of_all_beside_the_others(seed: int, at_least_one: bool) -> None:
    probabilities, targets = drawn(seed, 15, 3)
    thresholds = np.random.default_rng(seed).uniform(0.2, 0.9, 3)
    label = seed % 3

    def score(threshold: float) -> float:
        changed = thresholds.copy()
        changed[label] = threshold
        return jaccard_at(changed, probabilities, targets, at_least_one)

    picks = Picks(probabilities, targets, thresholds)
    picks.change((label + 1) % 3, 0.3)
    picks.change((label + 1) % 3, thresholds[(label + 1) % 3])
    picks.change(label, 0.2)  # whatever it was before
    reach, gains = picks.gains(label, at_least_one=at_least_one)
    (cut,) = best_cuts(reach, gains, np.ones((1, 15), dtype=np.int64))
    assert score(cut) >= max(score(threshold) for threshold in np.linspace(0.001, 1.2, 240)) - 1e-12


@given(st.integers(0, 10_000))
def test_a_cut_counts_rows_as_often_as_they_were_drawn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    values, gains = generator.integers(0, 6, 9) / 10, generator.normal(size=9)
    weights = generator.integers(0, 3, (2, 9))
    for cut, times in zip(best_cuts(values, gains, weights), weights, strict=True):
        sums = [(times * gains)[values >= threshold].sum() for threshold in [*values, 2.0]]
        assert (times * gains)[values >= cut].sum() == pytest.approx(max(sums))


@given(st.integers(0, 10_000), st.booleans())
def test_the_common_jaccard_threshold_is_the_best_of_the_grid(seed: int, at_least_one: bool) -> None:
    probabilities, targets = drawn(seed, 20, 3)
    targets[0, 0] = True
    found = common_jaccard_threshold(probabilities, targets, at_least_one=at_least_one)
    scores = [jaccard_at(np.full(3, each), probabilities, targets, at_least_one) for each in THRESHOLD_GRID]
    assert jaccard_at(np.full(3, found), probabilities, targets, at_least_one) == pytest.approx(max(scores))


def test_jaccard_thresholds_beat_those_for_f1_in_jaccard_and_differ_per_label_only_with_many_rows() -> None:
    generator = np.random.default_rng(1)
    probabilities = generator.beta(0.6, 2.0, (1500, 4))
    targets = generator.random((1500, 4)) < probabilities
    found = jaccard_thresholds(probabilities, targets, at_least_one=True)
    for_f1 = f1_thresholds(probabilities, targets)
    assert jaccard_at(found, probabilities, targets, True) > jaccard_at(for_f1, probabilities, targets, True)
    assert np.unique(found).size == 4
    few = jaccard_thresholds(probabilities[:20], targets[:20], at_least_one=True)
    common = common_jaccard_threshold(probabilities[:20], targets[:20], at_least_one=True)
    np.testing.assert_allclose(few, common, atol=0.05)


def test_without_any_label_thresholds_for_jaccard_are_a_half() -> None:
    probabilities, targets = np.full((3, 2), 0.3), np.zeros((3, 2), dtype=bool)
    assert jaccard_thresholds(probabilities, targets, at_least_one=False).tolist() == [0.5, 0.5]


@given(st.integers(0, 10_000), st.floats(0.05, 0.95))
def test_the_threshold_for_a_precision_is_the_lowest_whose_careful_estimate_reaches_it(seed: int, least: float) -> None:
    probabilities, targets = (column[:, 0] for column in drawn(seed, 30, 1))

    def careful(threshold: float) -> float:
        """Wilson's bound at half a standard error, with ten more rows as right as the model expects."""
        picked = probabilities >= threshold
        n = picked.sum() + 10
        share = (targets[picked].sum() + 10 * probabilities[picked].mean()) / n
        z = 0.5
        centre = share + z * z / (2 * n)
        return float((centre - z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n))

    reaching = [each for each in np.unique(probabilities) if careful(each) >= least]
    found = precision_threshold(probabilities, targets, least)
    if found is None:
        assert not reaching
    else:
        assert (probabilities >= found).tolist() == (probabilities >= min(reaching)).tolist()


def test_two_lucky_rows_are_no_evidence_for_a_precision() -> None:
    probabilities = np.array([0.3, 0.29, *np.linspace(0.0, 0.2, 50)])
    targets = np.array([True, True, *[False] * 50])
    assert precision_threshold(probabilities, targets, 0.9) is None
    # Were they what a calibrated model expects, they would confirm it.
    assert precision_threshold(np.array([0.99, 0.98, *np.linspace(0.0, 0.2, 50)]), targets, 0.9) is not None


@given(st.integers(0, 10_000), st.floats(0.05, 0.95))
def test_the_threshold_for_a_recall_is_the_highest_that_enough_rows_with_the_label_reach(
    seed: int, least: float
) -> None:
    probabilities, targets = (column[:, 0] for column in drawn(seed, 20, 1))
    with_label = sorted(probabilities[targets])
    enough = [
        each for each in with_label if sum(other >= each for other in with_label) >= least * (len(with_label) + 1)
    ]
    assert recall_threshold(probabilities, targets, least) == (max(enough) if enough else None)


def test_a_recall_holds_for_new_rows_on_average() -> None:
    """Of nine rows, the eighth highest is reached by eight of ten new ones."""
    generator = np.random.default_rng(4)
    reached = []
    for _ in range(3000):
        rows = generator.random(10)
        reached.append(rows[9] >= recall_threshold(rows[:9], np.ones(9, dtype=bool), 0.8))
    assert np.mean(reached) == pytest.approx(0.8, abs=0.03)
    assert recall_threshold(np.array([0.4, 0.2, 0.6]), np.ones(3, dtype=bool), 0.8) is None  # too few for it


def test_a_label_does_not_flood_the_output_because_of_a_few_rows() -> None:
    """Four of 200 rows have the rare label, two of them with a low probability, as a third of all rows have."""
    generator = np.random.default_rng(2)
    frequent = generator.random(200) < 0.5
    rare = np.arange(200) % 50 == 0
    p_rare = np.where(rare, 0.12, 0.02 + 0.1 * (generator.random(200) > 0.6))
    probabilities = np.column_stack([np.where(frequent, 0.2, 0.05), p_rare + 1e-4 * generator.random(200)])
    targets = np.column_stack([frequent, rare])
    free, careful = (f1_thresholds(probabilities, targets, most_picked=most) for most in (math.inf, MOST_PICKED))
    assert (probabilities[:, 1] >= free[1]).sum() > 40
    assert (probabilities[:, 1] >= careful[1]).sum() == int(MOST_PICKED * 5)
    assert careful[0] == free[0]


@given(st.integers(0, 10_000))
def test_no_label_is_picked_for_many_more_rows_than_have_it(seed: int) -> None:
    generator = np.random.default_rng(seed)
    probabilities, targets = generator.random((40, 3)), generator.random((40, 3)) < [0.5, 0.1, 0.0]
    picked = (probabilities >= f1_thresholds(probabilities, targets)).sum(axis=0)
    assert (picked <= MOST_PICKED * (targets.sum(axis=0) + 1)).all()


def test_equal_probabilities_stay_on_one_side() -> None:
    probabilities = np.array([[0.4]] * 6 + [[0.1]] * 6)
    targets = np.array([[True]] * 2 + [[False]] * 10)
    (found,) = f1_thresholds(probabilities, targets)
    assert 0.1 < found < 0.4


ROWS = drawn(8, 60, 3)[0], drawn(8, 60, 3)[1] & [True, True, False]


@pytest.mark.parametrize(
    ("setting", "kind", "origins"),
    [
        ("auto", "multi", ("F1", "F1", "F1, mostly common")),
        ("auto", "traits", ("one half",) * 3),
        (0.4, "multi", ("set by hand",) * 3),
        ("half", "multi", ("one half",) * 3),
        ("jaccard", "multi", ("Jaccard, mostly common",) * 3),
        ({"joy": 0.7, "anger": "half"}, "multi", ("one half", "set by hand", "F1, mostly common")),
        ({"joy": 0.7, "*": "half"}, "traits", ("one half", "set by hand", "one half")),
        ("recall=0.5", "traits", ("recall 0.5", "recall 0.5", "recall 0.5, common")),
        ({"none": "precision=0.9"}, "multi", ("F1", "F1", "precision 0.9 not reached")),
    ],
)
def test_each_label_gets_what_the_setting_asks_for(setting: ThresholdSetting, kind: str, origins: tuple) -> None:
    chosen = choose_thresholds(setting, *ROWS, NAMES, kind)
    assert chosen.origins == origins
    by_origin = {
        "F1": f1_thresholds(*ROWS),
        "F1, mostly common": [common_f1_threshold(*ROWS)] * 3,
        "Jaccard, mostly common": jaccard_thresholds(*ROWS, at_least_one=False),
        "one half": [0.5] * 3,
        "set by hand": [0.7 if isinstance(setting, dict) else 0.4] * 3,
        "recall 0.5": [recall_threshold(p, t, 0.5) for p, t in zip(ROWS[0].T, ROWS[1].T, strict=True)],
        "recall 0.5, common": [recall_threshold(ROWS[0].ravel(), ROWS[1].ravel(), 0.5)] * 3,
        "precision 0.9 not reached": [1.0] * 3,
    }
    for label, origin in enumerate(origins):
        if origin == "F1, mostly common":  # raised, so that a label without rows is not given to many
            assert chosen.values[label] >= by_origin[origin][label]
        else:
            assert chosen.values[label] == pytest.approx(by_origin[origin][label])


def test_notes_name_the_labels_that_can_not_have_what_was_asked_for() -> None:
    (note,) = choose_thresholds("precision=0.999", *ROWS, NAMES, "multi").notes
    assert note == (
        "decision.thresholds: precision 0.999 is not reached by any threshold; never predicted: anger, joy, none."
    )
    (note,) = choose_thresholds({"none": "recall=0.8"}, *ROWS, NAMES, "multi").notes
    assert note == (
        "decision.thresholds: too few validation rows for recall 0.8; threshold from the rows of all labels together: "
        "none."
    )
    assert choose_thresholds("jaccard", *ROWS, NAMES, "multi").notes == ()


def test_a_recall_without_enough_rows_of_all_labels_takes_the_lowest_row_or_a_half() -> None:
    probabilities = np.array([[0.3, 0.6], [0.2, 0.1]])
    some, none = np.array([[True, True], [False, False]]), np.zeros((2, 2), dtype=bool)
    assert choose_thresholds("recall=0.9", probabilities, some, NAMES[:2], "multi").values.tolist() == [0.3, 0.3]
    assert choose_thresholds("recall=0.9", probabilities, none, NAMES[:2], "multi").values.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("setting", "is_allowed"),
    [("auto", True), ("jaccard", True), ("half", True), (0.3, False), ("precision=0.5", False), ({"joy": 0.7}, False)],
)
def test_a_label_below_a_threshold_that_was_promised_is_never_given(
    setting: ThresholdSetting, is_allowed: bool
) -> None:
    assert allows_closest(setting, NAMES) is is_allowed
    rule, _ = choose_rule(setting, *ROWS, NAMES, "multi", is_labelled=True)
    assert rule.at_least_one is is_allowed
    assert not choose_rule(setting, *ROWS, NAMES, "multi", is_labelled=False)[0].at_least_one
    assert not choose_rule(setting, *ROWS, NAMES, "traits", is_labelled=True)[0].at_least_one


def test_coverage_counts_the_most_confident_rows() -> None:
    """Ten rows of one label each, scores .95 down to .50; wrong are those with .60, .55 and .50, and .85."""
    confidence = np.linspace(0.95, 0.5, 10)
    probabilities = np.column_stack([confidence, 1.0 - confidence])
    right = np.array([1, 1, 0, 1, 1, 1, 1, 0, 0, 0], dtype=bool)
    targets = np.column_stack([right, ~right])
    decisions = DecisionRule("single", np.zeros(2)).decide(probabilities)
    rows = coverage_rows(targets, decisions, probabilities, "single")
    assert [(row.coverage, row.num_rows) for row in rows] == [(1.0, 10), (0.9, 9), (0.8, 8), (0.7, 7), (0.5, 5)]
    assert [row.min_confidence for row in rows] == pytest.approx([0.5, 0.55, 0.6, 0.65, 0.75])
    assert [row.scores for row in rows] == [{"accuracy": pytest.approx(n)} for n in (0.6, 6 / 9, 6 / 8, 6 / 7, 4 / 5)]


def test_coverage_keeps_rows_with_equal_scores_together_and_scores_sets() -> None:
    """Two sets are right and one is half right; no label is a decision too, with 1 minus the highest probability."""
    probabilities = np.array([[0.9, 0.8], [0.8, 0.1], [0.2, 0.1], [0.6, 0.7]])
    decisions = DecisionRule("multi", np.full(2, 0.5)).decide(probabilities)
    targets = np.array([[1, 1], [1, 0], [0, 1], [1, 0]], dtype=bool)
    rows = coverage_rows(targets, decisions, probabilities, "multi")
    assert [row.num_rows for row in rows] == [4, 4, 4, 3, 3]
    assert rows[0].scores == {"accuracy": 0.5, "jaccard": (1 + 1 + 0 + 0.5) / 4}
    assert rows[-1].scores == {"accuracy": pytest.approx(2 / 3), "jaccard": pytest.approx(2 / 3)}
    assert [row.min_confidence for row in rows] == pytest.approx([0.6, 0.6, 0.6, 0.8, 0.8])


@given(st.integers(0, 10_000), st.sampled_from(["single", "multi", "traits"]))
def test_a_cut_off_keeps_the_rows_that_the_table_says(seed: int, kind: str) -> None:
    generator = np.random.default_rng(seed)
    probabilities = generator.integers(1, 10, (int(generator.integers(1, 30)), 3)) / 10
    targets = np.eye(3, dtype=bool)[generator.integers(0, 3, len(probabilities))]
    decisions = DecisionRule(kind, np.zeros(3) if kind == "single" else np.full(3, 0.5)).decide(probabilities)
    rows = coverage_rows(targets, decisions, probabilities, kind)
    scores = [min(p[d]) if d.any() else 1 - max(p) for p, d in zip(probabilities, decisions, strict=True)]
    for row in rows:
        kept = [number for number, score in enumerate(scores) if score >= row.min_confidence]
        assert row.num_rows == len(kept) >= row.coverage * len(scores) - 1e-9
        exact = np.mean([(targets[number] == decisions[number]).all() for number in kept])
        assert row.scores["accuracy"] == pytest.approx(exact)
    assert [row.num_rows for row in rows] == sorted((row.num_rows for row in rows), reverse=True)
