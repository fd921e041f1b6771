"""Explanations equal their definitions: shares add up, leaving a word out is predicting what is left."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import lstmcli
from lstmcli.cli.explain import MethodChoice
from lstmcli.config.model_settings import ModelSettings, TokenizerSettings
from lstmcli.errors import UsageError
from lstmcli.explanation.explainer import Explainer
from lstmcli.explanation.faithfulness import compare
from lstmcli.explanation.gradients import GradientNetwork
from lstmcli.explanation.methods import DEFAULT_METHOD, METHODS, IntegratedGradients
from lstmcli.explanation.reading import MAX_UNITS, joined
from lstmcli.explanation.target import log_odds
from lstmcli.explanation.vocabulary import strongest
from lstmcli.inference.predictor import Predictor
from lstmcli.models.classifier import classifier_weights
from lstmcli.ngrams.features import HashedTokens
from lstmcli.ngrams.score import NgramScorer
from lstmcli.ngrams.shares import token_shares
from lstmcli.ngrams.table import FeatureKinds, NgramTable
from lstmcli.text.spans import WordFinder
from lstmcli.text.tokenizer import Tokenizer
from lstmcli.text.vocabulary import UNKNOWN_ID
from tests.conftest import FEELINGS
from tests.test_inspection import classifier

TEXTS = ["honestly i feel glad about it", "i am not happy , not at all", "sad", "well well well so angry again"]


@pytest.fixture(scope="module")
def predictor(run_directory: Path) -> Predictor:
    return Predictor.open(run_directory)


def scorer_of(kinds: FeatureKinds, num_labels: int = 2) -> NgramScorer:
    generator = np.random.default_rng(3)
    rows = generator.normal(size=(256, 1 + num_labels)).astype(np.float16)
    return NgramScorer(NgramTable(range(2, 4), rows, np.array([0.5, -2.0]), kinds=kinds))


@given(
    texts=st.lists(st.lists(st.integers(0, 3), max_size=6), min_size=1, max_size=4),
    kinds=st.sampled_from(list(FeatureKinds)),
)
def test_shares_of_tokens_and_the_intercept_add_up_to_the_logit(texts: list[list[int]], kinds: FeatureKinds) -> None:
    scorer = scorer_of(kinds)
    rows = scorer.token_rows(["so", "glad", "today", "!"])
    lengths = np.array([len(text) for text in texts])
    ids = np.array([number for text in texts for number in text], dtype=np.int64)
    shares = token_shares(scorer, ids, lengths, rows)
    sums = np.zeros((len(texts), 2))
    np.add.at(sums, np.repeat(np.arange(len(texts)), lengths), shares)
    np.testing.assert_allclose(sums + scorer.intercepts, scorer.logits(ids, lengths, rows), atol=1e-9)


def test_a_feature_is_its_tokens_own_and_a_pair_is_halved() -> None:
    """A table in which only one bucket counts."""
    tokens = ["so", "glad"]
    code = HashedTokens.from_tokens(tokens, range(0), 1 << 12)
    table = np.zeros((1 << 12, 2), dtype=np.float16)
    table[:, 0] = 1.0
    table[code.words(1 << 12)[1], 1] = 3.0
    scorer = NgramScorer(NgramTable(range(0), table, np.array([0.0]), kinds=FeatureKinds.ADJACENT))
    ids, lengths = np.array([0, 1]), np.array([2])
    shares = token_shares(scorer, ids, lengths, scorer.token_rows(tokens))[:, 0]
    np.testing.assert_allclose(shares, [0.0, 3.0 / np.sqrt(3.0)])  # two words and a pair have a norm of sqrt(3)
    table[:, 1] = 0.0
    (pair,) = set(range(1 << 12)) & set(pair_buckets(ids, lengths, code))
    table[pair, 1] = 3.0
    shares = token_shares(scorer, ids, lengths, scorer.token_rows(tokens))[:, 0]
    np.testing.assert_allclose(shares, [1.5 / np.sqrt(3.0)] * 2)


def pair_buckets(ids: np.ndarray, lengths: np.ndarray, code: HashedTokens) -> list[int]:
    from lstmcli.ngrams.features import pair_occurrences

    return pair_occurrences(ids, lengths, code.codes, 1 << 12, FeatureKinds.ADJACENT).keys.tolist()


def odds_of(logits: np.ndarray, label: int) -> np.ndarray:
    return log_odds(logits, np.full(len(logits), label), "single")


def without_each_word(text: str) -> Iterator[str]:
    words = text.split()
    yield from (" ".join([*words[:place], *words[place + 1 :]]) for place in range(len(words)))


@pytest.mark.parametrize("text", TEXTS)
def test_leaving_a_word_out_is_predicting_what_is_left(predictor: Predictor, text: str) -> None:
    explanation = Explainer(predictor, method="leave-one-out", label="joy").explain([text]).explanations[0]
    label = predictor.model.labels.names.index("joy")

    def odds(*texts: str) -> np.ndarray:
        return odds_of(np.log(predictor.probabilities(texts)), label)

    expected = odds(text) - odds(*without_each_word(text))
    np.testing.assert_allclose([word.share for word in explanation.words], expected, atol=1e-6)
    assert [word.word for word in explanation.words] == text.split()


@pytest.mark.parametrize("text", TEXTS)
def test_half_of_a_share_is_what_a_word_says_alone(predictor: Predictor, text: str) -> None:
    label = predictor.model.labels.names.index("joy")
    both, without = (
        np.array(
            [
                word.share
                for word in Explainer(predictor, method=method, label="joy").explain([text]).explanations[0].words
            ]
        )
        for method in ("without-and-alone", "leave-one-out")
    )
    odds = odds_of(np.log(predictor.probabilities(["", *text.split()])), label)
    np.testing.assert_allclose(2 * both - without, odds[1:] - odds[0], atol=1e-6)


@pytest.mark.parametrize("text", TEXTS)
def test_an_interaction_is_the_second_difference(predictor: Predictor, text: str) -> None:
    label = predictor.model.labels.names.index("joy")
    words = text.split()
    pairs = [" ".join([*words[:place], *words[place + 2 :]]) for place in range(len(words) - 1)]
    texts = [text, *without_each_word(text), *pairs]
    odds = odds_of(np.log(predictor.probabilities(texts)), label)
    single, pair = odds[1 : len(words) + 1], odds[len(words) + 1 :]
    found = Explainer(predictor, label="joy", phrases=99).explain([text]).explanations[0].phrases
    assert [phrase.phrase for phrase in found] == [
        " ".join(words[place : place + 2]) for place in range(len(words) - 1)
    ]
    np.testing.assert_allclose([phrase.share for phrase in found], odds[0] - pair, atol=1e-6)
    expected = odds[0] - single[:-1] - single[1:] + pair
    np.testing.assert_allclose([phrase.interaction for phrase in found], expected, atol=1e-6)


def test_a_long_text_has_no_phrases(predictor: Predictor) -> None:
    (found,) = Explainer(predictor, phrases=2).explain(["glad " * (MAX_UNITS + 1)]).explanations
    assert found.phrases == ()


@pytest.mark.parametrize("text", TEXTS)
def test_linear_shares_and_the_intercept_add_up_to_the_logit_of_the_ngrams(predictor: Predictor, text: str) -> None:
    explanation = Explainer(predictor, method="linear").explain([text]).explanations[0]
    assert explanation.parts.ngrams is not None
    assert explanation.parts.intercept is not None
    total = explanation.parts.intercept + sum(word.share for word in explanation.words)
    assert total == pytest.approx(explanation.parts.ngrams, abs=1e-5)


def test_the_parts_mix_to_the_prediction(predictor: Predictor) -> None:
    model, logits = predictor.model, []
    for label in model.labels.names:
        parts = Explainer(predictor, label=label).explain(TEXTS[:1]).explanations[0].parts
        assert parts.ngrams is not None
        logits.append(((1 - model.ngram_share) * parts.network + model.ngram_share * parts.ngrams) / model.temperature)
    mixed = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(mixed, predictor.probabilities(TEXTS[:1])[0], atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_an_explanation_does_not_depend_on_its_neighbours(predictor: Predictor, method: str) -> None:
    explainer = Explainer(predictor, method=method)
    together = explainer.explain([*TEXTS, TEXTS[0]]).explanations
    assert together == [explainer.explain([text]).explanations[0] for text in [*TEXTS, TEXTS[0]]]


@pytest.mark.parametrize("method", METHODS)
def test_the_word_that_decides_comes_first(predictor: Predictor, method: str) -> None:
    found = Explainer(predictor, method=method).explain(["today i feel delighted about it"]).explanations[0]
    assert found.label == "joy"
    assert max(found.words, key=lambda word: word.share).word == "delighted"
    assert [word.word for word in found.strongest(1)] == ["delighted"]


def test_a_text_without_words_has_none(predictor: Predictor) -> None:
    found = Explainer(predictor).explain(["\u2069", ""])
    assert [explanation.words for explanation in found.explanations] == [(), ()]
    assert found.num_without_known_word == 2
    assert Explainer(predictor).explain([]).explanations == []


def test_words_of_a_long_text_are_left_out_in_stretches(predictor: Predictor) -> None:
    text = "glad " * (MAX_UNITS + 1)
    words = Explainer(predictor).explain([text]).explanations[0].words
    assert len(words) == MAX_UNITS + 1
    assert words[0].share == words[1].share


def test_a_label_that_the_model_lacks_is_refused_by_name(predictor: Predictor) -> None:
    with pytest.raises(UsageError, match="--label envy: this model has no such label; its labels are anger, joy"):
        Explainer(predictor, label="envy")


def test_the_choices_are_the_methods() -> None:
    assert {choice.value for choice in MethodChoice} == set(METHODS)


@settings(max_examples=200)
@given(
    text=st.text(
        alphabet=st.sampled_from("aB1' .!#@:)ﬁ½é\u0301\u200d\ufe0f👍🏽❤한\u1161ｶﾞ\u3164´ก\u200bข\t\n¨"), max_size=24
    )
)
def test_words_have_the_tokens_of_the_text_in_order(text: str) -> None:
    tokenizer = Tokenizer(TokenizerSettings())
    words = WordFinder(tokenizer)(text)
    assert sum(word.num_tokens for word in words) == len(tokenizer(text))
    for word in words:
        assert 0 <= word.start < word.end <= len(text)
    assert [word.start for word in words] == sorted(word.start for word in words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I can't, #SoGlad!!", ["I", "can't", ",", "#SoGlad", "!!"]),
        ("cafe\u0301 \ufb01ne  ＡＢ", ["cafe\u0301", "\ufb01ne", "ＡＢ"]),
        ("ok ❤\ufe0f👍🏽.", ["ok", "❤\ufe0f", "👍🏽", "."]),
    ],
)
def test_words_are_where_they_are_in_the_text_as_it_was_written(text: str, words: list[str]) -> None:
    found = WordFinder(Tokenizer(TokenizerSettings()))(text)
    assert [text[word.start : word.end] for word in found] == words


@pytest.mark.parametrize("pooling", ["attention", "mean", "max", "last"])
@pytest.mark.parametrize(("cell", "layers"), [("lstm", 1), ("peephole", 2), ("rnn", 1)])
def test_gradients_are_those_of_torch(pooling: str, cell: str, layers: int) -> None:
    network = ModelSettings(cell=cell, hidden_size=3, layers=layers, pooling=pooling, chunk_tokens=4)
    model = classifier(network)
    ids, lengths = torch.tensor([3, 5, 2, 7, 9, 4, 8]), np.array([5, 2])
    engine = GradientNetwork(network, classifier_weights(model), None)
    vectors = model.embedding(ids).detach().requires_grad_()
    logits = model.classify(vectors, torch.arange(len(ids)), torch.tensor(lengths))[:, 1]
    logits.sum().backward()
    found, gradient = engine.gradients(engine.vectors(ids.numpy()), lengths, 1)
    np.testing.assert_allclose(found, logits.detach().numpy(), atol=1e-9)
    assert vectors.grad is not None
    np.testing.assert_allclose(gradient, vectors.grad.numpy(), atol=1e-9)


def test_integrated_gradients_add_up_to_the_difference_that_the_words_make(predictor: Predictor) -> None:
    method = IntegratedGradients(predictor)
    (network,) = method._networks
    with predictor.turn():
        for text in Explainer(predictor).read(TEXTS):
            ids = predictor.tokens.word_ids(joined([text.ids])).flat
            unknown = np.full(len(ids), UNKNOWN_ID)
            lengths = np.array([len(ids)])
            for label in range(3):
                shares = method.of_network(text, label)
                with_words, _ = network.gradients(network.vectors(ids), lengths, label)
                without, _ = network.gradients(network.vectors(unknown), lengths, label)
                difference = float(with_words[0] - without[0])
                assert shares.sum() == pytest.approx(difference, abs=0.01 * max(abs(difference), 0.05))


def test_methods_are_more_faithful_than_chance(predictor: Predictor, corpus: Path) -> None:
    texts = [line.split(",")[0] for line in (corpus / "validation.csv").read_text().splitlines()[1:]]
    found = {each.method: each for each in compare(predictor, texts).methods}
    assert set(found) == {*METHODS, "attention", "random"}
    for name, each in found.items():
        for interval in (each.comprehensiveness, each.sufficiency):
            assert interval.low <= interval.mean <= interval.high
        if name in METHODS:
            assert each.comprehensiveness.low > found["random"].comprehensiveness.high


def test_faithfulness_is_that_of_its_definition(predictor: Predictor) -> None:
    """A text of ten words, of which one, two or five are left out or kept."""
    text = "today i feel glad about it and so do you"
    explanation = Explainer(predictor).explain([text]).explanations[0]
    words = text.split()
    ranked = sorted(range(10), key=lambda place: -explanation.words[place].share)
    label = predictor.model.labels.names.index(explanation.label)

    def probability(places: list[int]) -> float:
        return float(predictor.probabilities([" ".join(words[place] for place in sorted(places))])[0, label])

    counts = [1, 1, 1, 2, 5]
    expected = [
        explanation.probability - np.mean([probability(ranked[count:]) for count in counts]),
        explanation.probability - np.mean([probability(ranked[:count]) for count in counts]),
    ]
    found = compare(predictor, [text]).methods[0]
    assert found.method == DEFAULT_METHOD
    np.testing.assert_allclose([found.comprehensiveness.mean, found.sufficiency.mean], expected, atol=1e-7)


def test_the_words_of_a_label_are_those_that_decide_it(predictor: Predictor) -> None:
    found = {each.label: each for each in strongest(predictor.model, 6)}
    for label, words in FEELINGS.items():
        assert {word for word, _ in found[label].words} >= set(words)
        assert found[label].ngrams[0][1] > 0


def test_python_explains_as_the_command_does(run_directory: Path, predictor: Predictor) -> None:
    model = lstmcli.load(run_directory)
    found = model.explain([TEXTS[0], " ", TEXTS[2]])
    assert found == [
        Explainer(predictor).explain([text]).explanations[0] if text.strip() else None
        for text in [TEXTS[0], " ", TEXTS[2]]
    ]
    with pytest.raises(ValueError, match="expected a method of without-and-alone, "):
        model.explain(TEXTS, method="magic")
