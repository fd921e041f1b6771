"""Reports of all kinds, made from drawn predictions: no model is needed."""

from dataclasses import replace
from typing import Any

import numpy as np

from lstmcli.config.model_settings import LabelKind
from lstmcli.config.settings import EvaluationSettings
from lstmcli.metrics.baseline_names import MAJORITY_NAME, NGRAMS_NAME, TFIDF_NAME
from lstmcli.metrics.decisions import DecisionRule, untuned_rule
from lstmcli.metrics.evaluation import Evaluation, System, evaluate
from lstmcli.recipes.reporting.effects import effects_of
from lstmcli.reports.report_page.content import DataFile, LabelSuspect, ReportContent, ShownText, ShownTexts

SAMPLES = EvaluationSettings(bootstrap_samples=100)

TRAITS = ("extraversion", "neuroticism", "agreeableness", "conscientiousness", "openness")
EMOTIONS = (
    *("admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire"),
    *("disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy"),
    *("love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral"),
)
NAMES: dict[str, tuple[tuple[str, ...], LabelKind]] = {
    "two": (("no", "yes"), "single"),
    "six": (("anger", "fear", "joy", "love", "sadness", "surprise"), "single"),
    "many": (EMOTIONS, "single"),
    "several": (EMOTIONS, "multi"),
    "traits": (TRAITS, "traits"),
}


def evaluation_of(key: str, *, num_rows: int = 400, seed: int = 1, name: str = "test.csv", **more: Any) -> Evaluation:
    """Return scores of predictions that are mostly right, and of worse ones as baselines."""
    names, kind = NAMES[key]
    random = np.random.default_rng(seed)
    if kind == "single":
        shares = 1.0 / np.arange(1, len(names) + 1) ** 0.7
        targets = np.eye(len(names), dtype=bool)[random.choice(len(names), num_rows, p=shares / shares.sum())]
    else:
        targets = random.random((num_rows, len(names))) < (0.5 if kind == "traits" else 0.12)
    systems = [
        _system(name, targets, strength, kind, random)
        for name, strength in [("this model", 3.0), (TFIDF_NAME, 2.0), (NGRAMS_NAME, 2.8)]
    ]
    systems[2] = replace(systems[2], added_to_ngrams="network")
    guesses = np.tile(targets.mean(axis=0), (num_rows, 1))
    rule = untuned_rule(kind, len(names), at_least_one=False)
    systems.insert(1, System(MAJORITY_NAME, rule.decide(guesses), guesses))
    found = evaluate(name, systems, targets, names, kind, SAMPLES, **more)
    texts = ["word " * int(length) for length in random.integers(1, 40, num_rows)]
    return replace(found, effects=effects_of(texts, targets, systems[0], kind, SAMPLES), num_seen=0)


def _system(name: str, targets: np.ndarray, strength: float, kind: LabelKind, random: np.random.Generator) -> System:
    logits = strength * (targets - 0.5) + random.normal(size=targets.shape) * 1.2
    if kind == "single":
        exponentials = np.exp(logits)
        probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    else:
        probabilities = 1.0 / (1.0 + np.exp(-logits))
    thresholds = np.full(targets.shape[1], 0.0 if kind == "single" else 0.45)
    rule = DecisionRule(kind, thresholds, origins=("F1",) * len(thresholds))
    return System(name, rule.decide(probabilities), probabilities, probabilities, rule)


def content_of(key: str, *, num_rows: int = 400, title: str = "Run runs/demo") -> ReportContent:
    """Return a report that has everything that a report can have."""
    validation = replace(evaluation_of(key, num_rows=num_rows // 4, seed=2, name="validation.csv"), is_tuned_on=True)
    labels = NAMES[key][0]
    return ReportContent(
        title=title,
        evaluations=[validation, evaluation_of(key, num_rows=num_rows)],
        facts={"best_epoch": 3, "ngram_share": 0.4, "network_alone": 0.7, "ngrams_alone": 0.75, "together": 0.8},
        subject="An LSTM (80 hidden units, its last state), trained on 4,000 texts of train.csv.",
        files=[DataFile("training", "train.csv", 4000, 3, 17), DataFile("testing", "test.csv", num_rows, 0, 1)],
        train_rows={label: 40 + number for number, label in enumerate(labels)},
        settings={"cell": "lstm", "seed": "1"},
        versions={"lstmcli": "1.0", "Python": "3.11"},
        history=[
            {
                "network": network,
                "epoch": epoch,
                "train_loss": 2.0 / epoch,
                "validation": dict.fromkeys(("macro_f1", "mean_accuracy"), 0.5 + epoch / 20)
                | {"log_loss": 1 / epoch + epoch / 9},
            }
            for network in (1, 2)
            for epoch in range(1, 8)
        ],
        texts=ShownTexts([_text(number, labels) for number in range(20)], [_text(20, labels)], "What colours mean."),
        suspects=[LabelSuspect("line 7", labels[0], labels[1], 0.97, "a text of " + "many words " * 30)],
    )


def _text(number: int, labels: tuple[str, ...]) -> ShownText:
    words = ["I", " ", "am", " ", "not", " ", "sure", " ", "https://example.org/" + "a" * 60, "."]
    shares = [0.1, None, -0.5, None, 1.0, None, -1.0, None, 0.3, None]
    return ShownText(
        place=f"line {number + 1}",
        pieces=list(zip(words * 6, shares * 6, strict=True)),
        num_hidden=number,
        gold=labels[number % len(labels)],
        prediction=labels[(number + 1) % len(labels)],
        score=0.9 - number / 100,
    )
