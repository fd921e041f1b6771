"""The yardsticks: what they predict, and that they come back from disk as they were."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from lstmcli.corpus.label_set import LabelSet
from lstmcli.metrics.baselines import STRENGTHS, MajorityBaseline, TfidfBaseline
from lstmcli.metrics.decisions import DecisionRule
from lstmcli.store.baselines import read_baselines, write_baselines

TEXTS = ["so happy today", "happy and glad", "sad and grey", "a grey sad day", "glad glad day", "grey again"] * 3
HAPPY = np.array([1, 1, 0, 0, 1, 0] * 3, dtype=bool)
TARGETS = np.column_stack([HAPPY, ~HAPPY])


def fit(*, kind: str = "single", tune_f1: bool = False, targets: np.ndarray = TARGETS) -> TfidfBaseline:
    threshold = 0.0 if kind == "single" else 0.5
    rule = DecisionRule(kind, np.full(targets.shape[1], threshold))
    tokens = [text.split() for text in TEXTS]
    return TfidfBaseline.fit(tokens, targets, tokens, targets, rule=rule, tune_f1=tune_f1)


def test_the_majority_baseline_gives_shares_and_the_most_frequent_label() -> None:
    targets = np.eye(3, dtype=bool)[[0, 1, 1, 2, 1]]
    baseline = MajorityBaseline.fit(targets, "single")
    probabilities = baseline.probabilities(2)
    assert probabilities.tolist() == [[0.2, 0.6, 0.2]] * 2
    assert baseline.rule.decide(probabilities).tolist() == [[False, True, False]] * 2


def test_the_majority_baseline_of_several_labels() -> None:
    targets = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=bool)
    multi, traits = (
        MajorityBaseline.fit(targets, "multi"),
        MajorityBaseline.fit(targets | [True, False, False], "traits"),
    )
    assert multi.rule.decide(multi.probabilities(1)).tolist() == [[False, True, False]]
    assert traits.rule.decide(traits.probabilities(1)).tolist() == [[True, True, False]]


def test_tfidf_equals_a_model_put_together_by_hand() -> None:
    baseline = fit()
    vectorizer = TfidfVectorizer(tokenizer=str.split, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True)
    features = vectorizer.fit_transform(TEXTS)
    candidates = []
    for strength in STRENGTHS:
        models = [LogisticRegression(C=strength, solver="liblinear").fit(features, column) for column in TARGETS.T]
        logits = np.column_stack([model.decision_function(features) for model in models]) / baseline.temperature
        candidates.append(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    found = baseline.probabilities(TEXTS, str.split)
    assert min(np.abs(found - candidate).max() for candidate in candidates) < 1e-6
    assert found.sum(axis=1) == pytest.approx(1.0)


def test_thresholds_are_tuned_where_labels_are_each_a_yes_or_no() -> None:
    rare = np.column_stack([HAPPY, np.arange(len(HAPPY)) % 6 == 2])
    assert (fit(kind="multi", tune_f1=True, targets=rare).rule.thresholds != 0.5).any()
    assert (fit(kind="traits", targets=rare).rule.thresholds == 0.5).all()


@pytest.mark.parametrize("constant", [False, True])
def test_a_label_with_a_single_answer_keeps_its_share(constant: bool) -> None:
    targets = np.column_stack([HAPPY, np.full(len(HAPPY), constant)])
    baseline = fit(kind="traits", targets=targets)
    odds = 18.5 / 0.5 if constant else 0.5 / 18.5
    expected = 1 / (1 + odds ** (-1 / baseline.temperature))
    assert baseline.probabilities(["happy"], str.split)[0, 1] == pytest.approx(expected)


def test_the_baseline_has_a_temperature_as_the_model_has() -> None:
    generator = np.random.default_rng(0)
    texts = [f"w{generator.integers(40)} w{generator.integers(40)}" for _ in range(300)]
    noise = np.eye(2, dtype=bool)[generator.integers(0, 2, 300)]  # labels that no text explains
    rule = DecisionRule("single", np.zeros(2))
    half = 150
    baseline = TfidfBaseline.fit(
        map(str.split, texts[:half]), noise[:half], map(str.split, texts[half:]), noise[half:], rule=rule, tune_f1=False
    )
    assert baseline.temperature > 2.0  # nothing to be sure of


def test_baselines_come_back_from_disk(tmp_path: Path) -> None:
    tfidf, majority = fit(kind="multi", tune_f1=True), MajorityBaseline.fit(TARGETS, "multi")
    write_baselines(tmp_path, majority, tfidf)
    loaded_majority, loaded = read_baselines(tmp_path, LabelSet(("a", "b"), "multi"))
    new_texts = ["glad", "never seen", ""]
    expected = tfidf.probabilities(new_texts, str.split)
    np.testing.assert_allclose(loaded.probabilities(new_texts, str.split), expected, atol=1e-6)
    np.testing.assert_array_equal(loaded.rule.thresholds, tfidf.rule.thresholds)
    np.testing.assert_array_equal(loaded_majority.shares, majority.shares)
