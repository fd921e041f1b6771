"""Temperatures, mixtures and decisions against losses worked out again, in their neighbourhood and at their limits."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from lstmcli.config.model_settings import LabelKind
from lstmcli.config.settings import DecisionSettings
from lstmcli.metrics.calibration import Mixture, fit_mixture, fit_temperature
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.thresholds import f1_thresholds
from lstmcli.metrics.tuning import DecisionMaker


def log_loss(logits: np.ndarray, targets: np.ndarray, kind: LabelKind) -> float:
    if kind == "single":
        return float((np.log(np.exp(logits).sum(axis=1)) - logits[targets]).mean())
    return float(np.log1p(np.exp(np.where(targets, -logits, logits))).mean())


def noisy(num_rows: int, kind: LabelKind, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits of two models that both say something, and targets; (rows, 3) each."""
    generator = np.random.default_rng(seed)
    network, ngrams, noise = generator.normal(size=(3, num_rows, 3))
    truth = 1.2 * network + 0.4 * ngrams + noise
    targets = np.eye(3, dtype=bool)[truth.argmax(axis=1)] if kind == "single" else truth > 0.3
    return network, ngrams, targets


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_no_other_temperature_has_a_lower_loss(kind: LabelKind) -> None:
    network, _, targets = noisy(200, kind)
    found = fit_temperature(network, targets, kind)
    lowest = log_loss(network / found, targets, kind)
    assert all(log_loss(network / (found * factor), targets, kind) > lowest for factor in (0.2, 0.98, 1.02, 5.0))


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_ngrams_alone_are_tuned_as_a_model_of_their_own(kind: LabelKind) -> None:
    """As a network with these logits would be, whatever the network of the model predicts."""
    network, ngrams, targets = noisy(200, kind)
    settings = DecisionSettings("f1" if kind == "multi" else "auto")
    both = DecisionMaker(kind, targets, targets, settings, ngrams)
    alone, own = both.ngrams_alone(), DecisionMaker(kind, targets, targets, settings).decision(ngrams)
    assert alone is not None
    assert alone.mixture == own.mixture == Mixture(0.0, fit_temperature(ngrams, targets, kind))
    assert alone.rule.thresholds.tolist() == own.rule.thresholds.tolist()
    assert alone.mixture != both.decision(network).mixture
    assert both.without_ngrams().ngrams_alone() is None


@pytest.mark.parametrize(("sign", "limit"), [(1.0, 0.1), (-1.0, 10.0)])
def test_temperatures_stay_between_a_tenth_and_ten(sign: float, limit: float) -> None:
    targets = np.eye(2, dtype=bool)[[0, 1, 0, 1]]
    logits = np.where(targets, sign, -sign)  # always right, or always wrong
    assert fit_temperature(logits, targets, "multi") == pytest.approx(limit, rel=1e-3)


@pytest.mark.parametrize("kind", ["single", "multi"])
@pytest.mark.parametrize("num_rows", [6, 300])
def test_no_other_mixture_has_a_lower_loss(kind: LabelKind, num_rows: int) -> None:
    """Each weight pays 4 nats in all for its squared distance from half of what it is alone, at most 1."""
    network, ngrams, targets = noisy(num_rows, kind)
    alone = np.array([1.0 / max(1.0, fit_temperature(part, targets, kind)) for part in (network, ngrams)])

    def objective(weights: np.ndarray) -> float:
        prior = 4.0 / num_rows * float(np.square(weights / alone - 0.5).sum())
        return log_loss(weights[0] * network + weights[1] * ngrams, targets, kind) + float(prior)

    found = fit_mixture(network, ngrams, targets, kind)
    weights = np.array([1.0 - found.share, found.share]) / found.temperature
    assert (weights > 0.1).all()
    lowest = objective(weights)
    for step in np.array([[1, 0], [0, 1], [1, 1], [1, -1]]) * 0.02:
        assert min(objective(weights + step), objective(weights - step)) > lowest


def test_weights_of_a_mixture_are_neither_negative_nor_unlimited() -> None:
    targets = np.eye(2, dtype=bool)[[0, 1] * 20_000]
    right, nothing = np.where(targets, 0.01, -0.01), np.zeros(targets.shape)
    strong = fit_mixture(right, nothing, targets, "multi")
    assert (1.0 - strong.share) / strong.temperature == pytest.approx(10.0)
    alone = 1.0 / max(1.0, fit_temperature(nothing, targets, "multi"))
    assert strong.share / strong.temperature == pytest.approx(0.5 * alone, rel=0.02)
    wrong = fit_mixture(-300 * right, -300 * right, targets, "multi")
    assert (wrong.share, wrong.temperature) == (0.5, 10.0)


def test_a_mixture_adds_up_the_logits_by_their_shares() -> None:
    found = Mixture(0.25, 3.0).logits(np.array([[4.0, 0.0]], dtype=np.float32), np.array([[8.0, 2.0]]))
    assert (found.tolist(), found.dtype) == ([[0.75 * 4 + 0.25 * 8, 0.25 * 2]], np.float64)


@pytest.mark.parametrize("kind", ["single", "multi", "traits"])
def test_scores_are_those_of_the_decision_with_and_without_n_grams(kind: LabelKind) -> None:
    network, ngrams, targets = noisy(150, kind)
    settings = DecisionSettings(thresholds="f1")
    maker = DecisionMaker(kind, targets, targets, settings, ngrams)
    alone = maker.without_ngrams()
    for each, logits_of in ((maker, [network, ngrams]), (alone, [network, np.zeros_like(network)])):
        decision = each.decision(network)
        mixture = decision.mixture
        probabilities = probabilities_from_logits(mixture.logits(*logits_of), kind, temperature=mixture.temperature)
        picked = decision.rule.decide(probabilities)
        scores = each.scores(network)
        assert scores["macro_f1" if kind != "traits" else "mean_accuracy"] == pytest.approx(
            f1_score(targets, picked, average="macro") if kind != "traits" else (targets == picked).mean()
        )
        combined = mixture.logits(*logits_of) / mixture.temperature
        assert scores["log_loss"] == pytest.approx(log_loss(combined, targets, kind))
        expected = np.zeros(3) if kind == "single" else f1_thresholds(probabilities, targets)
        np.testing.assert_allclose(decision.rule.thresholds, expected)
    assert maker.decision(network).mixture == fit_mixture(network, ngrams, targets, kind)
    assert alone.decision(network).mixture == Mixture(0.0, fit_temperature(network, targets, kind))
    assert alone.scores(network) == DecisionMaker(kind, targets, targets, settings).scores(network)


@pytest.mark.parametrize(
    ("kind", "has_all", "threshold", "at_least_one"),
    [
        ("single", True, 0.0, False),
        ("multi", True, 0.5, True),
        ("multi", False, 0.5, False),
        ("traits", True, 0.5, False),
    ],
)
def test_the_rule_before_tuning(kind: LabelKind, has_all: bool, threshold: float, at_least_one: bool) -> None:
    train = np.eye(3, dtype=bool) if has_all else np.eye(3, dtype=bool)[[0, 1, 1]] & [True, False, False]
    rule = DecisionMaker(kind, train, np.eye(3, dtype=bool)[:2], DecisionSettings(thresholds="half")).untuned_rule
    assert (rule.kind, rule.thresholds.tolist(), rule.at_least_one) == (kind, [threshold] * 3, at_least_one)
