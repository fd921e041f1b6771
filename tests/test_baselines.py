"""The yardsticks: what they predict, and that they come back from disk as they were."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from lstmcli.corpus.label_set import LabelSet
from lstmcli.metrics import baselines
from lstmcli.metrics.baselines import STRENGTHS, Baselines, MajorityBaseline, NgramsBaseline, TfidfBaseline
from lstmcli.metrics.calibration import fit_temperature
from lstmcli.metrics.decisions import DecisionRule, untuned_rule
from lstmcli.metrics.thresholds import f1_thresholds
from lstmcli.store.baselines import read_baselines, write_baselines

TEXTS = ["so happy today", "happy and glad", "sad and grey", "a grey sad day", "glad glad day", "grey again"] * 3
HAPPY = np.array([1, 1, 0, 0, 1, 0] * 3, dtype=bool)
TARGETS = np.column_stack([HAPPY, ~HAPPY])


def fit(*, kind: str = "single", tune_f1: bool = False, targets: np.ndarray = TARGETS) -> TfidfBaseline:
    def choose_rule(probabilities: np.ndarray) -> DecisionRule:
        if tune_f1:
            return DecisionRule(kind, f1_thresholds(probabilities, targets), at_least_one=True)
        return untuned_rule(kind, targets.shape[1], at_least_one=False)

    tokens = [text.split() for text in TEXTS]
    return TfidfBaseline.fit(tokens, targets, tokens, targets, kind=kind, choose_rule=choose_rule)


def most_probable(_: np.ndarray) -> DecisionRule:
    return DecisionRule("single", np.zeros(3))


def test_the_majority_baseline_gives_shares_and_the_most_frequent_label() -> None:
    targets = np.eye(3, dtype=bool)[[0, 1, 1, 2, 0]]
    targets = np.vstack([targets, targets[1:]])  # 3, 4 and 2 of 9: the most frequent label has less than a half
    baseline = MajorityBaseline.fit(targets, "single")
    probabilities = baseline.probabilities(2)
    assert probabilities.tolist() == [[3 / 9, 4 / 9, 2 / 9]] * 2
    assert baseline.rule.decide(probabilities).tolist() == [[False, True, False]] * 2


def test_the_majority_baseline_of_several_labels() -> None:
    targets = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=bool)
    multi, traits = (
        MajorityBaseline.fit(targets, "multi"),
        MajorityBaseline.fit(targets | [True, False, False], "traits"),
    )
    assert multi.rule.decide(multi.probabilities(1)).tolist() == [[False, True, False]]
    assert traits.rule.decide(traits.probabilities(1)).tolist() == [[True, True, False]]


def noisy_texts(num_texts: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Texts of four to six words, some twice, that tell one of three labels more often than not."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, num_texts)
    words = [
        [f"w{number}" for number in (generator.integers(0, 6, generator.integers(4, 7)) + label) % 8]
        for label in labels
    ]
    return [" ".join(one) for one in words], np.eye(3, dtype=bool)[labels]


def test_tfidf_equals_a_model_put_together_by_hand() -> None:
    """The strength is the one with the best macro-F1 on the validation rows, and the first of equals."""
    texts, targets = noisy_texts(150, seed=1)
    validation_texts, validation_targets = noisy_texts(90, seed=2)
    new_texts, _ = noisy_texts(20, seed=3)
    vectorizer = TfidfVectorizer(tokenizer=str.split, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True)
    features = vectorizer.fit_transform(texts)
    found = []
    for strength in STRENGTHS:
        options = {"solver": "liblinear", "dual": True, "tol": 0.1, "random_state": 0}
        models = [LogisticRegression(C=strength, **options).fit(features, column) for column in targets.T]

        def logits(these: list[str], models: list[LogisticRegression] = models) -> np.ndarray:
            return np.column_stack([model.decision_function(vectorizer.transform(these)) for model in models])

        temperature = fit_temperature(logits(validation_texts), validation_targets, "single")
        picked = logits(validation_texts).argmax(axis=1)
        macro_f1 = f1_score(validation_targets.argmax(axis=1), picked, average="macro")
        found.append((macro_f1, temperature, logits(new_texts) / temperature))
    _, temperature, scaled = max(found, key=lambda one: one[0])
    assert temperature > 0.3  # or all probabilities would be 0 or 1
    assert len({macro_f1 for macro_f1, _, _ in found}) == 3
    baseline = TfidfBaseline.fit(
        map(str.split, texts),
        targets,
        map(str.split, validation_texts),
        validation_targets,
        kind="single",
        choose_rule=most_probable,
    )
    expected = np.exp(scaled) / np.exp(scaled).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(baseline.probabilities(new_texts, str.split), expected, atol=1e-9)
    assert baseline.temperature == pytest.approx(temperature)


@pytest.mark.parametrize(("small", "is_kept"), [(20, True), (19, False)])
def test_terms_are_single_words_and_pairs_and_need_two_texts_in_a_large_corpus(
    monkeypatch: pytest.MonkeyPatch, small: int, is_kept: bool
) -> None:
    monkeypatch.setattr(baselines, "SMALL_CORPUS_TEXTS", small)
    tokens = [*(["a", "b", "c"], ["b", "c", "d"]) * 9, ["once"]]
    targets = np.eye(2, dtype=bool)[[0, 1] * 9 + [0]]
    rule = DecisionRule("single", np.zeros(2))
    fitted = TfidfBaseline.fit(tokens, targets, tokens, targets, kind="single", choose_rule=lambda _: rule)
    assert set(fitted.terms) == {"a", "b", "c", "d", "a b", "b c", "c d"} | ({"once"} if is_kept else set())


def test_the_rule_is_the_one_that_was_chosen_for_the_validation_rows() -> None:
    assert fit(kind="multi", tune_f1=True).rule.at_least_one


def test_thresholds_are_tuned_where_labels_are_each_a_yes_or_no() -> None:
    rare = np.column_stack([HAPPY, np.arange(len(HAPPY)) % 6 == 2])
    tuned = fit(kind="multi", tune_f1=True, targets=rare)
    assert (tuned.rule.thresholds != 0.5).any()
    assert abs(tuned.temperature - 1.0) > 0.1
    np.testing.assert_allclose(tuned.rule.thresholds, f1_thresholds(tuned.probabilities(TEXTS, str.split), rare))
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
        map(str.split, texts[:half]),
        noise[:half],
        map(str.split, texts[half:]),
        noise[half:],
        kind="single",
        choose_rule=lambda _: rule,
    )
    assert baseline.temperature > 2.0  # nothing to be sure of


def test_baselines_come_back_from_disk(tmp_path: Path) -> None:
    tfidf, majority = fit(kind="multi", tune_f1=True), MajorityBaseline.fit(TARGETS, "multi")
    ngrams = NgramsBaseline(1.25, DecisionRule("multi", np.array([0.2, 0.7]), at_least_one=True))
    write_baselines(tmp_path, Baselines(majority, tfidf, ngrams))
    found = read_baselines(tmp_path, LabelSet(("a", "b"), "multi"))
    loaded = found.tfidf
    new_texts = ["glad", "never seen", ""]
    expected = tfidf.probabilities(new_texts, str.split)
    np.testing.assert_allclose(loaded.probabilities(new_texts, str.split), expected, atol=1e-6)
    np.testing.assert_array_equal(loaded.rule.thresholds, tfidf.rule.thresholds)
    np.testing.assert_array_equal(found.majority.shares, majority.shares)
    assert found.ngrams is not None
    assert (found.ngrams.temperature, found.ngrams.rule.at_least_one) == (1.25, True)
    np.testing.assert_array_equal(found.ngrams.rule.thresholds, ngrams.rule.thresholds)


def test_a_model_without_ngrams_has_no_baseline_of_them(tmp_path: Path) -> None:
    write_baselines(tmp_path, Baselines(MajorityBaseline.fit(TARGETS, "single"), fit()))
    assert not (tmp_path / "ngrams.json").exists()
    assert read_baselines(tmp_path, LabelSet(("a", "b"), "single")).ngrams is None
