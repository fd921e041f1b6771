"""An evaluation of a model beside its baselines, for `train` and `evaluate` alike."""

import sys
from dataclasses import replace
from pathlib import Path

from lstmcli.config.settings import EvaluationSettings, TokenizerSettings
from lstmcli.data.examples import Examples
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.evaluation import Evaluation, System, evaluate
from lstmcli.text.tokenizer import Tokenizer

MODEL_NAME = "this model"


def evaluate_examples(
    name: str, examples: Examples, predictor: Predictor, baselines: Path, settings: EvaluationSettings
) -> Evaluation:
    """Predict the texts of `examples` and score them beside the baselines saved in `baselines`, if there are any."""
    labels = predictor.model.labels
    predictions = predictor.predict(examples.texts)
    systems = [System(MODEL_NAME, predictions.decisions, predictions.probabilities)]
    if settings.baselines and baselines.is_dir():
        systems += _baseline_systems(examples.texts, baseline_tokenizer(predictor.model.tokenizer), baselines)
    return evaluate(name, systems, labels.targets(examples.labels), labels.names, labels.kind, settings)


def baseline_tokenizer(settings: TokenizerSettings) -> Tokenizer:
    """Return the model's tokenizer without its length limit, which the baseline has no need of."""
    return Tokenizer(replace(settings, max_tokens=sys.maxsize))


def _baseline_systems(texts: list[str], tokenizer: Tokenizer, folder: Path) -> list[System]:
    # sklearn takes a second to import, so only those who need it pay.
    from lstmcli.metrics.baselines import MAJORITY_NAME, TFIDF_NAME, MajorityBaseline, TfidfBaseline

    majority, tfidf = MajorityBaseline.load(folder), TfidfBaseline.load(folder)
    guesses = majority.probabilities(len(texts))
    probabilities = tfidf.probabilities(texts, tokenizer)
    return [
        System(MAJORITY_NAME, majority.rule.decide(guesses), guesses),
        System(TFIDF_NAME, tfidf.rule.decide(probabilities), probabilities),
    ]
