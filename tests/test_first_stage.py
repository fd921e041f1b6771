"""The threshold of a first stage, against scipy and brute force."""

from typing import Literal

import numpy as np
import pytest
from scipy.stats import beta

from lstmcli.metrics.decisions import DecisionRule, probabilities_from_logits, untuned_rule
from lstmcli.metrics.first_stage import (
    CONFIDENCE,
    FirstStage,
    allowed_changes,
    answerable_share,
    choose_threshold,
    decision_margins,
    fit_first_stage,
    is_above,
    least_rows,
)


@pytest.mark.parametrize("agreement", [0.9, 0.99, 0.998, 0.999])
@pytest.mark.parametrize("num_rows", [28, 29, 2994, 2995, 20_480])
def test_as_many_changes_are_allowed_as_the_clopper_pearson_bound_allows(num_rows: int, agreement: float) -> None:
    numbers = np.arange(num_rows)
    allowed = int((beta.ppf(CONFIDENCE, numbers + 1, num_rows - numbers) <= 1.0 - agreement).sum())
    assert allowed_changes(num_rows, agreement) == (allowed - 1 if allowed else None)
    assert (allowed_changes(num_rows, agreement) is None) == (num_rows < least_rows(agreement))


def test_an_agreement_is_kept_as_often_as_promised() -> None:
    """On rows that were drawn like those of the choice."""
    generator, kept, rounds = np.random.default_rng(3), 0, 400
    for _ in range(rounds):
        margins = generator.uniform(0.0, 4.0, 400)
        is_same = generator.random(400) > 0.5 * np.exp(-2.0 * margins)
        threshold = choose_threshold(margins, is_same, 0.95)
        assert threshold is not None
        # The integral of 0.5 exp(-2 m) / 4 above the threshold is the share of all rows that would change.
        kept += (np.exp(-2.0 * max(threshold, 0.0)) - np.exp(-8.0)) / 16.0 <= 0.05
    assert kept / rounds >= 0.92


def test_an_answerable_share_is_that_of_brute_force() -> None:
    generator = np.random.default_rng(4)
    for agreement in (0.9, 0.95, 0.99, 1.0):
        for share in (0.0, 0.3, 1.0):
            margins, is_same = generator.uniform(0.0, 4.0, 60), generator.random(60) >= share
            answered = [margins > threshold for threshold in [*margins, -1.0]]
            allowed = [each.mean() for each in answered if (each & ~is_same).sum() <= (1.0 - agreement) * 60]
            assert answerable_share(margins, is_same, agreement) == max(allowed)


def test_no_row_is_answered_if_the_surest_ones_change() -> None:
    margins = np.linspace(0.0, 5.0, 100)
    assert choose_threshold(margins, margins < 4.0, 0.95) is None
    assert choose_threshold(margins[:20], np.ones(20, dtype=bool), 0.95) is None


def test_all_rows_are_answered_if_none_changes() -> None:
    margins = np.linspace(0.0, 5.0, 100)
    threshold = choose_threshold(margins, np.ones(100, dtype=bool), 0.95)
    assert threshold is not None
    assert (margins > threshold).all()


def test_a_row_at_the_threshold_is_not_answered() -> None:
    margins = np.linspace(0.0, 5.0, 100)
    is_same = np.ones(100, dtype=bool)
    is_same[:7] = False
    threshold = choose_threshold(margins, is_same, 0.95)
    assert threshold is not None
    allowed = allowed_changes(100, 0.95)
    assert allowed is not None
    assert np.flatnonzero(margins > threshold)[0] == 7 - allowed


RULES = [
    untuned_rule("single", 4, at_least_one=True),
    DecisionRule("multi", np.array([0.5, 0.2, 0.4, 0.3]), at_least_one=True),
    DecisionRule("multi", np.array([0.5, 0.2, 0.4, 0.3])),
    DecisionRule("traits", np.full(4, 0.5)),
]


@pytest.mark.parametrize("rule", RULES)
def test_a_decision_stays_until_a_logit_has_moved_by_its_margin(rule: DecisionRule) -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0.0, 2.0, (200, 4))
    margins = decision_margins(probabilities_from_logits(logits, rule.kind), rule)
    decisions = rule.decide(probabilities_from_logits(logits, rule.kind))
    if not rule.at_least_one or rule.kind == "single":  # where none is above its threshold, odds only come close to it
        for label in range(4):
            for sign in (-1.0, 1.0):
                moved = logits.copy()
                moved[:, label] += sign * 0.999 * margins
                assert (rule.decide(probabilities_from_logits(moved, rule.kind)) == decisions).all()
    assert (margins >= 0.0).all()
    assert margins.std() > 0.1


@pytest.mark.parametrize("rule", RULES)
def test_a_first_stage_keeps_what_it_was_asked_to_keep(rule: DecisionRule) -> None:
    generator = np.random.default_rng(1)
    logits = generator.normal(0.0, 4.0, (24_000, 4))
    ngrams = 2.0 * (logits + generator.normal(0.0, 0.5, logits.shape))
    whole = probabilities_from_logits(logits, rule.kind)
    stage = fit_first_stage(ngrams[:4000], whole[:4000], rule, 0.99, kind=rule.kind)
    assert stage is not None
    found = stage.probabilities(ngrams[4000:], rule.kind)
    is_answered = stage.answers(found, rule)
    is_same = (rule.decide(found) == rule.decide(whole[4000:])).all(axis=1)
    assert 0.2 < is_answered.mean() < 0.99
    assert (~is_same & is_answered).mean() <= 0.01
    assert np.abs(found[is_answered].mean(axis=0) - whole[4000:][is_answered].mean(axis=0)).max() < 0.02
    assert FirstStage.from_json(stage.to_json()) == stage


@pytest.mark.parametrize("measure", ["accuracy", "mae"])
def test_a_first_stage_of_ordered_labels_keeps_them(measure: Literal["accuracy", "mae"]) -> None:
    generator = np.random.default_rng(2)
    logits = generator.normal(0.0, 5.0, (24_000, 1)) - np.array([-3.0, 0.0, 3.0])
    ngrams = 2.0 * (logits + generator.normal(0.0, 0.3, (24_000, 1)))
    rule = DecisionRule("single", np.zeros(4), measure=measure)
    whole = probabilities_from_logits(logits, "ordered")
    stage = fit_first_stage(ngrams[:4000], whole[:4000], rule, 0.99, kind="ordered")
    assert stage is not None
    found = stage.probabilities(ngrams[4000:], "ordered")
    is_answered = stage.answers(found, rule)
    is_same = (rule.decide(found) == rule.decide(whole[4000:])).all(axis=1)
    assert 0.2 < is_answered.mean() < 0.99
    assert (~is_same & is_answered).mean() <= 0.01
    assert stage.slopes[0] == pytest.approx(0.5, abs=0.1)


def test_more_changes_than_a_rate_allows_are_noticed() -> None:
    assert is_above(20, 1000, 0.01)
    assert not is_above(12, 1000, 0.01)
    assert not is_above(0, 0, 0.01)
    assert not is_above(5, 5, 2.0)
