"""What is kept of a trained model: weights by word and label, targets, n-grams, and which rows are split."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lstmcli.config.settings import DropoutSettings
from lstmcli.corpus.label_set import LabelSet
from lstmcli.corpus.past import Past
from lstmcli.corpus.splits import further_validation_rows
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.score_outputs import ScoreOutputs
from lstmcli.metrics.score_tuning import Standard
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.ngrams.choice import NgramCorpus
from lstmcli.ngrams.continued import continue_ngrams, for_labels
from lstmcli.ngrams.features import HashedTokens
from lstmcli.ngrams.score import NgramScorer
from lstmcli.ngrams.table import NgramTable
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.vocabulary import PAD_ID, Vocabulary
from lstmcli.training.batch import word_batch
from lstmcli.training.continued import Continued, read_continued
from lstmcli.training.continued_network import continue_network, soft_targets, word_vectors_of
from lstmcli.training.word_vectors import EmbeddingRows, embedding_rows
from tests.test_splits_and_batches import examples

NO_DROPOUT = DropoutSettings(words=0.0, features=0.0, layers=0.0, output=0.0)
TEXTS = ["i feel glad about it", "so lonely at home", "furious on the train"]


@pytest.fixture(scope="module")
def old(run_directory: Path) -> Continued:
    return read_continued(run_directory)


def new_rows(old: Continued) -> EmbeddingRows:
    """Return the rows of new texts: some old words in another order, a new one, then the other old words."""
    words = ["<pad>", "<unknown>", "brandnew", *old.words[7:4:-1]]
    return embedding_rows(Vocabulary(words), np.ones(len(words), dtype=np.int64), 16, word_vectors_of(old))


def network_of(old: Continued, rows: EmbeddingRows, labels: LabelSet) -> Classifier:
    torch.manual_seed(3)
    sizes = Sizes(rows.num_trained, rows.size, len(labels.names), PAD_ID)
    network = Classifier(sizes, old.model.network, NO_DROPOUT).eval()
    network.embedding.extra = torch.zeros(len(rows.vocabulary) - rows.num_trained, rows.size)
    return network


def logits(network: Classifier, vocabulary: Vocabulary, texts: list[str]) -> np.ndarray:
    ids = [[vocabulary.id_of(word) for word in text.split()] for text in texts]
    offsets = np.cumsum([0, *map(len, ids)])
    token_ids = TokenIds(np.concatenate(ids), offsets)
    with torch.no_grad():
        return np.asarray(network(*word_batch(token_ids, np.arange(len(texts)), torch.device("cpu"))))


# The network


@pytest.mark.parametrize("member", [1, 2])
def test_a_new_network_says_of_old_labels_what_the_old_one_said(old: Continued, member: int) -> None:
    """Before it is trained, and whatever the order of words and labels, for each network of an ensemble."""
    first = old.model.members[0]
    second = {name: value * np.float32(0.5) for name, value in first.items()}
    both = replace(old, model=replace(old.model, members=(first, second)))
    rows, labels = new_rows(both), LabelSet(("anger", "fear", "joy", "sadness"), "single")
    network = network_of(both, rows, labels)
    fresh = network.output.weight[1].clone()
    continue_network(network, both, member=member, rows=rows, labels=labels, standard=None)

    alone = Predictor(replace(old.model, members=(both.model.members[member - 1],), word_guards=()))
    with alone.turn():
        expected = alone.part_logits(alone.tokens.encode(TEXTS)).network
    found = logits(network, rows.vocabulary, TEXTS)
    np.testing.assert_allclose(found[:, [0, 2, 3]], expected, atol=1e-5)
    assert torch.equal(network.output.weight[1], fresh)


def test_old_words_keep_their_vectors_and_new_ones_their_random_ones(old: Continued) -> None:
    rows, labels = new_rows(old), old.model.labels
    network = network_of(old, rows, labels)
    fresh = network.embedding.weight.detach().clone()
    continue_network(network, old, member=1, rows=rows, labels=labels, standard=None)
    table, vectors = network.embedding.table().detach().numpy(), old.model.members[0]["embedding.weight"]
    assert set(old.words) < set(rows.vocabulary.words)
    for word in old.words[1:]:
        np.testing.assert_array_equal(table[rows.vocabulary.id_of(word)], vectors[old.words.index(word)])
    new = rows.vocabulary.id_of("brandnew")
    np.testing.assert_array_equal(table[new], fresh[new])
    assert not table[PAD_ID].any()


def test_outputs_of_scores_mean_the_same_numbers_after_the_unit_has_changed(old: Continued) -> None:
    outputs = ScoreOutputs(
        means=np.array([2.0, -1.0, 5.0]),
        deviations=np.array([0.5, 3.0, 1.5]),
        network_weights=np.ones(3),
        ngram_weights=np.zeros(3),
        offsets=np.zeros(3),
        reaches=np.empty((3, 0)),
    )
    names = LabelSet(("a", "b", "c"), "scores")
    of_scores = replace(old, model=replace(old.model, labels=names, scores=outputs))
    standard = Standard(np.array([4.0, 0.0, -3.0]), np.array([2.0, 1.0, 0.25]))
    rows = new_rows(old)
    plain, changed = (network_of(old, rows, names) for _ in range(2))
    continue_network(plain, old, member=1, rows=rows, labels=old.model.labels, standard=None)
    continue_network(changed, of_scores, member=1, rows=rows, labels=names, standard=standard)
    before = outputs.means + outputs.deviations * logits(plain, rows.vocabulary, TEXTS)
    after = standard.means + standard.deviations * logits(changed, rows.vocabulary, TEXTS)
    np.testing.assert_allclose(after, before, atol=1e-4)


# Targets


def test_targets_are_partly_what_the_old_model_says_but_for_rows_with_a_new_label() -> None:
    labels, old = LabelSet(("anger", "fear", "joy"), "single"), LabelSet(("joy", "anger"), "single")
    targets = np.array([[True, False, False], [False, True, False], [False, False, True]])
    remembered = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3]])
    found = soft_targets(targets, remembered, 0.5, labels, old)
    np.testing.assert_allclose(found, [[0.55, 0, 0.45], [0, 1, 0], [0.15, 0, 0.85]], atol=1e-6)
    assert (found.argmax(axis=1) == targets.argmax(axis=1)).all()


def test_targets_of_new_labels_and_missing_scores_stay_as_they_are() -> None:
    labels, old = LabelSet(("a", "b"), "multi"), LabelSet(("b",), "multi")
    found = soft_targets(np.array([[True, True], [False, False]]), np.array([[0.2], [0.4]]), 0.25, labels, old)
    np.testing.assert_allclose(found, [[1.0, 0.8], [0.0, 0.1]], atol=1e-6)
    scores = LabelSet(("v",), "scores")
    numbers = soft_targets(np.array([[np.nan], [2.0]], np.float32), np.array([[1.0], [4.0]]), 0.5, scores, scores)
    np.testing.assert_array_equal(numbers, [[np.nan], [3.0]])


# N-grams

WORDS = ["<pad>", "<unknown>", "good", "bad", "new"]


def texts_of(*texts: list[int]) -> TokenIds:
    return TokenIds(np.concatenate([np.array(text) for text in texts]), np.cumsum([0, *map(len, texts)]))


def word_table() -> NgramTable:
    """A model that knows one word of each label, "good" and "bad", besides a bucket that no new text has."""
    buckets = 1 << 10
    rows = np.zeros((buckets, 3), dtype=np.float16)
    scorer = NgramScorer(NgramTable(range(3, 3), rows, np.zeros(2)))
    for bucket, row in zip(_word_buckets(WORDS[2:4], buckets), ((1.0, 3.0, -3.0), (1.0, -3.0, 3.0)), strict=True):
        rows[bucket] = row
    rows[_spare(rows)] = (1.5, 7.0, -7.0)
    assert scorer.num_buckets == buckets
    return NgramTable(range(3, 3), rows, np.array([0.25, -0.25]))


def _word_buckets(words: list[str], buckets: int) -> list[int]:
    return HashedTokens.from_tokens(words, range(3, 3), buckets).words(buckets).tolist()


def _spare(rows: np.ndarray) -> int:
    return int(np.flatnonzero(rows[:, 0] == 0.0)[5])


def test_features_without_new_rows_keep_their_coefficients_and_new_ones_are_learned() -> None:
    old = word_table()
    spare = int(np.flatnonzero(old.rows[:, 1] == 7.0)[0])
    texts = texts_of(*[[4], [4], [3], [2]] * 10)
    targets = np.array([[True, False], [True, False], [False, True], [True, False]] * 10)
    fitted = continue_ngrams(NgramCorpus(texts, targets, texts, targets, WORDS, "single"), old, seed=1)
    np.testing.assert_array_equal(fitted.table.rows[spare], old.rows[spare])
    np.testing.assert_array_equal(fitted.table.rows[old.rows[:, 0] > 0, 0], old.rows[old.rows[:, 0] > 0, 0])
    good, bad, new = _word_buckets(WORDS[2:], len(old.rows))
    assert fitted.table.rows[new, 1] > 1.0 > -1.0 > fitted.table.rows[new, 2]
    assert fitted.table.rows[good, 1] > 2.5
    assert fitted.table.rows[bad, 2] > 2.5
    assert fitted.validation_logits[0].argmax() == 0


def test_rows_that_the_old_n_grams_explain_change_them_little_and_others_much() -> None:
    old = word_table()
    texts = texts_of(*[[2], [3]] * 10)
    agreeing = np.array([[True, False], [False, True]] * 10)
    scorer = NgramScorer(old)
    before = scorer.logits(texts.flat, texts.lengths, scorer.token_rows(WORDS))

    def moved(targets: np.ndarray) -> float:
        corpus = NgramCorpus(texts, targets, texts, targets, WORDS, "single")
        return float(np.abs(continue_ngrams(corpus, old, seed=1).validation_logits - before).max())

    assert moved(agreeing) < 4.0 < moved(~agreeing)


def test_the_columns_of_n_grams_follow_their_labels() -> None:
    old = word_table()
    found = for_labels(old, [1, None, 0], np.array([9.0, 0.5, 9.0]))
    np.testing.assert_array_equal(found.rows[:, [0, 1, 3]], old.rows[:, [0, 2, 1]])
    assert not found.rows[:, 2].any()
    assert found.intercepts.tolist() == [-0.25, 0.5, 0.25]


# Rows


def test_texts_that_the_old_model_was_trained_on_are_never_split_off() -> None:
    rows = examples([f"t{number}" for number in range(100)], [("a",), ("b",)] * 50)
    keys = rows.table["text_key"].to_numpy()
    past = Past("runs/old", LabelSet(("a", "b"), "single"), np.sort(keys[:40]), np.sort(keys[40:50]))
    chosen = further_validation_rows(rows, past, fraction=0.2, seed=1)
    assert not chosen[:40].any()
    assert chosen[40:50].all()
    assert chosen[50:].sum() == 10


def test_a_group_stays_with_its_text_that_the_old_model_was_trained_on() -> None:
    rows = examples([f"t{number}" for number in range(30)], [("a",)] * 30, ["x"] * 3 + [f"g{n}" for n in range(27)])
    keys = rows.table["text_key"].to_numpy()
    past = Past("runs/old", LabelSet(("a",), "single"), keys[:1], keys[1:2])
    for seed in range(5):
        assert not further_validation_rows(rows, past, fraction=0.5, seed=seed)[:3].any()


def test_the_share_of_texts_given_again_counts_each_text_once() -> None:
    past = Past("runs/old", LabelSet(("a", "b"), "single"), np.array([1, 2, 3, 4]))
    assert past.given_again(np.array([2, 2, 3, 9])) == 0.5
    assert Past("copy", past.labels).given_again(np.array([1])) == 0.0
