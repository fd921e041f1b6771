"""The linear probe: what a logistic regression on given vectors finds."""

import numpy as np
import pytest

from lstmcli.metrics.probe import majority_scores, probe_scores


def test_a_probe_finds_what_is_linear_and_the_majority_nothing() -> None:
    generator = np.random.default_rng(6)
    vectors = generator.normal(size=(400, 4)).astype(np.float32) * [1, 10, 0.1, 1]
    single = np.eye(3, dtype=bool)[(vectors[:, :3] / [1, 10, 0.1]).argmax(axis=1)]
    assert single[:300].sum(axis=0).argmax() == 0
    found = probe_scores(vectors[:300], single[:300], vectors[300:], single[300:], "single")
    assert found["accuracy"] > 0.9
    shuffled = generator.permutation(single)
    assert probe_scores(vectors[:300], shuffled[:300], vectors[300:], shuffled[300:], "single")["accuracy"] < 0.5
    assert majority_scores(single[:300], single[300:], "single")["accuracy"] == pytest.approx(single[300:, 0].mean())
    several = np.stack([vectors[:, 1] > 0, vectors[:, 2] > 0, np.zeros(400, bool), np.ones(400, bool)], axis=1)
    assert probe_scores(vectors[:300], several[:300], vectors[300:], several[300:], "traits")["mean_accuracy"] > 0.95


def test_a_probe_knows_a_label_that_only_validation_rows_have() -> None:
    vectors = np.random.default_rng(7).normal(size=(30, 4)).astype(np.float32)
    targets = np.eye(3, dtype=bool)[np.arange(30) % 2]
    targets[25] = [False, False, True]
    scores = probe_scores(vectors[:20], targets[:20], vectors[20:], targets[20:], "single")
    assert 0.0 <= scores["accuracy"] <= 0.9
