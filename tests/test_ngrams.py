"""The n-gram path: equal to its definition computed word by word, faithful to rows, and honest about its share."""

import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from lstmcli.config.defaults import ngram_buckets
from lstmcli.config.loading import load_config
from lstmcli.config.settings import NgramSettings
from lstmcli.corpus.corpus import load_corpus
from lstmcli.errors import RunDirectoryError
from lstmcli.inference import tokens as known_tokens
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics import linear
from lstmcli.metrics.calibration import fit_mixture, fit_temperature
from lstmcli.metrics.linear import fit_one_vs_rest
from lstmcli.ngrams import fit as training_ngrams
from lstmcli.ngrams import score
from lstmcli.ngrams.features import MAX_CHARACTERS, pair_occurrences, token_occurrences
from lstmcli.ngrams.fit import NgramFeatures, fit_ngrams
from lstmcli.ngrams.score import NgramScorer
from lstmcli.ngrams.table import FeatureKinds, NgramTable
from lstmcli.recipes.prepare import tokenize_corpus
from lstmcli.text.token_ids import TokenIds
from tests.conftest import invoke

NUM_BUCKETS = 1 << 14
MASK = 2**64 - 1
MARK = "the mark at either end of a text, whose number no token can have"
TOKENS = ["so", "happy", "happyyy", "!", "not", "a", "é", "<user>", "x" * 40]
TEXTS = st.lists(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=8), min_size=1, max_size=5)


def word_bucket(token: str) -> int:
    return mixed(zlib.crc32(token.encode(), 1) * 0x9E3779B97F4A7C15)


def pair_bucket(first: str, second: str, factor: int = 0xBB67AE8584CAA73B) -> int:
    a = number(first) * 0x9E3779B97F4A7C15
    b = (number(second) + 1) * factor
    return mixed((a & MASK) ^ (b & MASK))


def number(token: str) -> int:
    return 2**32 if token == MARK else zlib.crc32(token.encode(), 1)


def pair_weights(text: Sequence[str], kinds: FeatureKinds) -> dict[int, float]:
    """Return the weight of each bucket of a pair: 1 + log count, and half of that for tokens with one between them."""
    marked = [MARK, *text, MARK] if text and kinds is not FeatureKinds.ADJACENT else text
    weights: dict[int, float] = defaultdict(float)
    for bucket, count in Counter(pair_bucket(*pair) for pair in pairwise(marked)).items():
        weights[bucket] += 1.0 + math.log(count)
    if kinds is not FeatureKinds.ADJACENT:
        over_one = Counter(pair_bucket(a, b, 0xA54FF53A5F1D36F1) for a, b in zip(marked, marked[2:], strict=False))
        for bucket, count in over_one.items():
            weights[bucket] += (1.0 + math.log(count)) / 2
    return weights


def mixed(value: int) -> int:
    value &= MASK
    return (value ^ (value >> 32)) % NUM_BUCKETS


def spelling(token: str, sizes: range) -> set[int]:
    letters = f"<{token[:MAX_CHARACTERS]}>"
    ngrams = {letters[i : i + size] for size in sizes for i in range(len(letters) - size + 1)}
    buckets = [zlib.crc32(ngram.encode()) % NUM_BUCKETS for ngram in ngrams]
    assert len(set(buckets)) == len(buckets), "these tokens were chosen so that no n-grams of one collide"
    return set(buckets)


def blocks(
    text: Sequence[str], sizes: range, kinds: FeatureKinds = FeatureKinds.MARKED
) -> tuple[dict[int, float], dict[str, float], dict[str, set[int]]]:
    """Return the words' buckets with their weights, each token's weight, and each token's n-grams."""
    weights: dict[int, float] = defaultdict(float)
    tokens = {token: 1.0 + math.log(count) for token, count in Counter(text).items()}
    for token, weight in tokens.items():
        weights[word_bucket(token)] += weight
    for bucket, weight in pair_weights(text, kinds).items():
        weights[bucket] += weight
    return weights, tokens, {token: spelling(token, sizes) for token in tokens}


def features(
    text: Sequence[str], idf: np.ndarray, sizes: range, kinds: FeatureKinds = FeatureKinds.MARKED
) -> np.ndarray:
    """The definition in the docstring of `lstmcli.ngrams.features`, step by step."""
    words, tokens, spellings = blocks(text, sizes, kinds)
    word_length = math.sqrt(sum((weight * idf[bucket]) ** 2 for bucket, weight in words.items()))
    character_length = math.sqrt(
        sum(weight**2 * sum(idf[bucket] ** 2 for bucket in spellings[token]) for token, weight in tokens.items())
    )
    vector = np.zeros(NUM_BUCKETS)
    for bucket, weight in words.items():
        vector[bucket] += weight * idf[bucket] / (word_length or 1.0)
    for token, weight in tokens.items():
        for bucket in spellings[token]:
            vector[bucket] += weight * idf[bucket] / (character_length or 1.0)
    return vector


def flat(texts: Sequence[Sequence[str]], tokens: Sequence[str]) -> TokenIds:
    return TokenIds.from_texts([[tokens.index(token) for token in text] for text in texts])


def test_no_features_of_the_words_of_these_texts_collide() -> None:
    """The oracle adds up the weights of features in one bucket before it computes a norm, and the scorer after it."""
    both = [*TOKENS, MARK]
    pairs = [pair_bucket(a, b) for a in both for b in both]
    over_one = [pair_bucket(a, b, 0xA54FF53A5F1D36F1) for a in both for b in both]
    buckets = [word_bucket(token) for token in TOKENS] + pairs + over_one
    assert len(set(buckets)) == len(buckets)


@given(
    TEXTS, st.sampled_from([range(3, 7), range(2, 3), range(3, 1)]), st.integers(0, 99), st.sampled_from(FeatureKinds)
)
def test_the_scorer_adds_up_what_the_definition_says(
    texts: list[list[str]], sizes: range, seed: int, kinds: FeatureKinds
) -> None:
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(NUM_BUCKETS, 4)).astype(np.float16)
    rows[:, 0] = np.where(generator.random(NUM_BUCKETS) < 0.2, 0.0, np.abs(rows[:, 0]))
    rows[rows[:, 0] == 0.0] = 0.0
    table = NgramTable(sizes, rows, np.array([0.1, -0.2, 0.3]), kinds=kinds)
    scorer = NgramScorer(table)
    ids = flat(texts, TOKENS)
    logits = scorer.logits(ids.flat, ids.lengths, scorer.token_rows(TOKENS))
    idf = rows[:, 0].astype(np.float64)
    coefficients = rows[:, 1:] / np.where(idf > 0.0, idf, 1.0)[:, None]
    expected = [features(text, idf, sizes, kinds) @ coefficients + table.intercepts for text in texts]
    np.testing.assert_allclose(logits, expected, rtol=1e-9, atol=1e-9)


@given(st.lists(st.lists(st.sampled_from(TOKENS), max_size=8), min_size=1, max_size=5), st.sampled_from(FeatureKinds))
def test_the_pairs_of_a_text_are_those_of_its_definition_beside_any_others(
    texts: list[list[str]], kinds: FeatureKinds
) -> None:
    codes = np.array([number(token) for token in TOKENS], dtype=np.uint64)
    ids = np.array([TOKENS.index(token) for text in texts for token in text], dtype=np.int32)
    found = pair_occurrences(ids, np.array([len(text) for text in texts]), codes, NUM_BUCKETS, kinds)
    assert (np.diff(found.rows) >= 0).all()
    for row, text in enumerate(texts):
        own = found.rows == row
        weights = dict(zip(found.keys[own].tolist(), found.counts[own].tolist(), strict=True))
        assert weights == pytest.approx(pair_weights(text, kinds), rel=1e-12)


@pytest.mark.parametrize("num_texts", [3, 1 << 15])
def test_occurrences_are_counted_alike_in_few_and_in_many_texts(num_texts: int) -> None:
    """Many texts need more bits than the smaller integers have."""
    ids, lengths = np.tile([5, 1 << 17, 5], num_texts), np.full(num_texts, 3)
    found = token_occurrences(ids, lengths)
    np.testing.assert_array_equal(found.rows, np.repeat(np.arange(num_texts), 2))
    np.testing.assert_array_equal(found.keys, np.tile([5, 1 << 17], num_texts))
    np.testing.assert_allclose(found.counts, np.tile([1 + math.log(2), 1], num_texts))


@given(TEXTS, st.sampled_from(FeatureKinds), st.integers(0, 4))
def test_the_logits_of_a_text_do_not_depend_on_the_other_texts(
    texts: list[list[str]], kinds: FeatureKinds, place: int
) -> None:
    rows = np.random.default_rng(7).normal(size=(NUM_BUCKETS, 3)).astype(np.float16)
    scorer = NgramScorer(NgramTable(range(3, 5), rows, np.array([0.1, -0.2]), kinds=kinds))
    token_rows = scorer.token_rows(TOKENS)
    text = texts[place % len(texts)]
    alone, together = flat([text], TOKENS), flat([*texts, *texts * 20], TOKENS)
    own = scorer.logits(alone.flat, alone.lengths, token_rows)[0]
    assert (scorer.logits(together.flat, together.lengths, token_rows)[place % len(texts)] == own).all()


@pytest.mark.parametrize("kinds", FeatureKinds)
def test_texts_are_scored_alike_in_parts(kinds: FeatureKinds, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(7).normal(size=(NUM_BUCKETS, 3)).astype(np.float16)
    scorer = NgramScorer(NgramTable(range(3, 5), rows, np.array([0.1, -0.2]), kinds=kinds))
    texts = flat([TOKENS[:1], TOKENS[:3], TOKENS * 2, TOKENS[1:2]], TOKENS)
    whole = scorer.logits(texts.flat, texts.lengths, scorer.token_rows(TOKENS))
    for num_tokens in (1, 4):
        monkeypatch.setattr(score, "TOKENS_AT_ONCE", num_tokens)
        assert (scorer.logits(texts.flat, texts.lengths, scorer.token_rows(TOKENS)) == whole).all()


def test_the_order_of_words_and_the_ends_of_a_text_are_told_apart() -> None:
    def keys(text: str, kinds: FeatureKinds) -> set[int]:
        tokens = text.split()
        distinct = sorted(set(tokens))
        codes = np.array([number(token) for token in distinct], dtype=np.uint64)
        ids = np.array([distinct.index(token) for token in tokens])
        return set(pair_occurrences(ids, np.array([len(ids)]), codes, 1 << 20, kinds).keys.tolist())

    assert keys("so so", FeatureKinds.ADJACENT) == keys("so so so", FeatureKinds.ADJACENT)
    assert len(keys("so so so", FeatureKinds.MARKED)) == 6  # ^so so-so so$, ^_so so_so so_$
    assert not keys("not happy", FeatureKinds.MARKED) & keys("happy not", FeatureKinds.MARKED)
    shared = [
        len(keys(first, FeatureKinds.MARKED) & keys(second, FeatureKinds.MARKED))
        for first, second in [("not happy", "not so"), ("happy not", "so not"), ("not so happy", "not a happy")]
    ]
    assert shared == [2, 2, 3]  # ^not and not_$; not$ and ^_not; ^not, not_happy and happy$


def label_weight(column: np.ndarray, target: np.ndarray) -> float:
    """0.5 + how far the log odds of the label among what there is of the feature, smoothed, are from those of all."""
    share = (target.sum() + 0.5) / (len(target) + 1)
    with_label, without = column[target].sum() + 0.5 * share, column[~target].sum() + 0.5 * (1 - share)
    return 0.5 + abs(math.log(with_label / without) - math.log(share / (1 - share)))


def test_a_fit_is_a_weighted_logistic_regression_on_the_defined_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "TOLERANCE", 1e-6)
    monkeypatch.setattr(linear, "MAX_PASSES", 10_000)
    monkeypatch.setattr(linear, "MAX_VISITS", 1 << 62)
    generator = np.random.default_rng(3)
    texts = [[TOKENS[index] for index in generator.integers(0, 9, size=generator.integers(1, 9))] for _ in range(60)]
    targets = np.array([["happy" in text, "not" in text, False] for text in texts])
    sizes = range(3, 5)
    frequencies = np.zeros(NUM_BUCKETS)
    for text in texts:
        words, _, spellings = blocks(text, sizes)
        for bucket in words:
            frequencies[bucket] += 1
        for bucket in set().union(*spellings.values()):
            frequencies[bucket] += 1
    idf = np.where(frequencies >= 2, np.log((1 + 60) / (1 + np.minimum(frequencies, 60))) + 1, 0.0)
    matrix = np.array([features(text, idf, sizes) for text in texts])
    used = np.flatnonzero(idf)
    weights = np.array([[label_weight(matrix[:, bucket], target) for bucket in used] for target in targets.T])
    weights /= np.sqrt((weights**2 * matrix[:, used].sum(axis=0)).sum(axis=1, keepdims=True) / matrix[:, used].sum())
    fits = [
        fit_one_vs_rest(sparse.csr_matrix(matrix[:, used] * weight), targets[:, [label]], 2.0)
        for label, weight in enumerate(weights)
    ]
    expected = np.concatenate([coefficients for coefficients, _ in fits]) * weights
    intercepts = np.concatenate([intercept for _, intercept in fits])
    table = NgramFeatures(flat(texts, TOKENS), TOKENS, sizes, num_buckets=NUM_BUCKETS, seed=1).fit(targets, 2.0)
    np.testing.assert_allclose(table.rows[:, 0], idf, rtol=1e-3)
    np.testing.assert_allclose(table.intercepts, intercepts, atol=1e-3)
    np.testing.assert_allclose(table.rows[used, 1:], (expected * idf[used]).T, atol=0.01)
    assert table.intercepts[2] == pytest.approx(math.log(0.5 / 60.5))  # a label that no text has


def test_too_many_texts_are_thinned_out_alike_at_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = flat([["so", "happy", "happy"]] * 40, TOKENS)
    monkeypatch.setattr(training_ngrams, "BLOCK_TEXTS", 7)

    def rows(max_entries: int, seed: int = 1) -> list[int]:
        monkeypatch.setattr(training_ngrams, "MAX_ENTRIES", max_entries)
        made = NgramFeatures(texts, TOKENS, range(3, 4), num_buckets=NUM_BUCKETS, seed=seed)
        return list(made.rows)

    # "<so>" has 2 n-grams of 3 letters, "<happy>" 5, and 3 for each itself and two pairs: 13 a text.
    assert rows(40 * 13) == list(range(40))
    assert len(rows(40 * 13 - 1)) == 39
    assert len(rows(120)) == 9
    assert rows(120) == rows(120) != rows(120, seed=2)


def test_a_strength_is_tried_on_a_part_of_many_texts_and_the_table_fitted_on_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts, targets = flat([["so", "happy"], ["not", "happy"]] * 20, TOKENS), np.arange(40)[:, None] % 2 == 0
    features = NgramFeatures(texts, TOKENS, range(3, 4), num_buckets=NUM_BUCKETS, seed=1)
    assert features.tried(1) is None
    monkeypatch.setattr(training_ngrams, "MAX_TRIED_NUMBERS", 400)
    tried, of_two_labels = features.tried(1), features.tried(2)
    assert tried is not None
    assert of_two_labels is not None
    assert 0 < len(of_two_labels) < len(tried) < 40
    part, whole = features.fit(targets, 1.0, tried), features.fit(targets, 1.0)
    np.testing.assert_array_equal(part.rows[:, 0], whole.rows[:, 0])  # idf is that of all texts
    assert np.abs(part.rows[:, 1]).sum() < np.abs(whole.rows[:, 1]).sum()  # fewer texts stand against regularisation


def test_what_is_kept_is_fitted_on_all_texts(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[tuple[float, int | None]] = []
    fit = NgramFeatures.fit

    def spy(
        self: NgramFeatures, targets: np.ndarray, strength: float, places: np.ndarray | None = None, *how: object
    ) -> NgramTable:
        fits.append((strength, None if places is None else len(places)))
        return fit(self, targets, strength, places, *how)

    monkeypatch.setattr(NgramFeatures, "fit", spy)
    config = load_config(None, [f"data.train={corpus}/train.csv"])
    rows = load_corpus(config.data, seed=1)
    tokens = tokenize_corpus(rows, config)
    features = NgramFeatures(tokens.train.token_ids(), tokens.train.words, range(3, 7), num_buckets=NUM_BUCKETS, seed=1)

    def fitted() -> float:
        validation = tokens.validation.token_ids()
        return fit_ngrams(features, rows.train_targets, validation, rows.validation_targets, kind="single").strength

    assert fitted() in [strength for strength, _ in fits]
    assert {places for _, places in fits} == {None}
    fits.clear()
    monkeypatch.setattr(training_ngrams, "MAX_TRIED_NUMBERS", 30_000)
    chosen = fitted()
    assert fits[-1] == (chosen, None)
    assert all(places is not None and 0 < places < len(rows.train.texts) for _, places in fits[:-1])


def test_tables_shrink_with_the_number_of_labels() -> None:
    assert [ngram_buckets(labels, NgramSettings()) for labels in (2, 16, 17, 28, 52)] == [
        1 << bits for bits in (18, 18, 17, 17, 16)
    ]
    assert ngram_buckets(52, NgramSettings(bucket_bits=20)) == 1 << 20


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_the_better_path_gets_the_larger_share(kind: str) -> None:
    generator = np.random.default_rng(5)
    truth = generator.normal(scale=2.0, size=(3000, 4))
    if kind == "single":
        noise = generator.gumbel(size=truth.shape)
        targets = np.arange(4) == (truth + noise).argmax(axis=1)[:, None]
    else:
        targets = generator.random(truth.shape) < 1 / (1 + np.exp(-truth))
    useless = generator.normal(size=truth.shape)
    mixture = fit_mixture(2.0 * truth, useless, targets, kind)  # type: ignore[arg-type]
    assert mixture.share < 0.06
    assert mixture.temperature == pytest.approx(2.0, rel=0.15)
    assert fit_mixture(useless, truth, targets, kind).share > 0.95  # type: ignore[arg-type]
    halves = fit_mixture(truth + useless, truth - useless, targets, kind)  # type: ignore[arg-type]
    assert halves.share == pytest.approx(0.5, abs=0.05)
    assert halves.temperature == pytest.approx(1.0, rel=0.15)


def test_few_rows_leave_both_paths_half_of_what_they_have_alone() -> None:
    targets = np.array([[True, False], [False, True]])
    right, wrong = np.where(targets, 3.0, -3.0), np.where(targets, -0.1, 0.1)
    mixture = fit_mixture(right, wrong, targets, "single")
    weights = np.array([1.0 - mixture.share, mixture.share]) / mixture.temperature
    alone = [1.0 / max(1.0, fit_temperature(path, targets, "single")) for path in (right, wrong)]
    np.testing.assert_allclose(weights / alone, 0.5, atol=0.2)


def test_a_path_that_is_sure_and_wrong_gets_little_weight_even_from_few_rows() -> None:
    targets = np.eye(2, dtype=bool)[[0, 1] * 25]
    right, sure = np.where(targets, 1.0, -1.0), 20.0 * np.random.default_rng(2).normal(size=targets.shape)
    mixture = fit_mixture(right, sure, targets, "single")
    combined = mixture.logits(right, sure).argmax(axis=1)
    assert (combined == targets.argmax(axis=1)).all()


def test_an_unbounded_stream_forgets_and_says_the_same(run_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["so happy today", "at home i feel lonely", "again livid", "", "a word n e v e r seen", "so happy today"]
    whole = Predictor.open(run_directory).probabilities(texts)
    monkeypatch.setattr(known_tokens, "MAX_TOKENS", 3)
    predictor = Predictor.open(run_directory)
    for text, expected in zip(texts, whole, strict=True):
        np.testing.assert_allclose(predictor.probabilities([text])[0], expected, atol=1e-12)
    assert len(predictor._tokens._growing.words) < 10


def test_the_n_grams_read_all_of_a_long_text_and_the_network_its_part(run_directory: Path) -> None:
    predictor = Predictor.open(run_directory)
    model = predictor.model
    assert model.ngrams is not None
    long_text = " ".join(["well", "again"] * model.tokenizer.max_tokens)
    middle = long_text.split()
    middle[len(middle) // 2] = "delighted"
    token_ids = predictor._tokens.encode([long_text, " ".join(middle)])
    words = predictor._tokens.word_ids(token_ids)
    assert words.lengths.tolist() == [model.tokenizer.max_tokens] * 2
    first, second = np.split(words.flat, 2)
    assert (first == second).all()
    probabilities = predictor.probabilities([long_text, " ".join(middle)])
    assert (probabilities[0] != probabilities[1]).all()


def test_the_path_can_be_left_out(corpus: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = [f"data.train={corpus}/train.csv", "ngrams.enabled=false", "training.epochs=1", "model.hidden_size=4"]
    options = [part for setting in settings for part in ("--set", setting)]
    result = invoke("train", *options, "--set", "evaluation.baselines=false", "--run-dir", run)
    assert result.exit_code == 0, result.stderr
    assert not (run / "model" / "ngrams.npy").exists()
    assert "n-grams" not in result.stderr
    assert Predictor.open(run).model.ngram_share == 0.0


@pytest.mark.parametrize("damage", ["missing", "cut", "shape", "share", "pickle"])
def test_a_damaged_table_is_named_as_such(run_directory: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in (run_directory / "model").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    table = folder / "ngrams.npy"
    if damage == "missing":
        table.unlink()
    elif damage == "cut":
        table.write_bytes(table.read_bytes()[:5000])
    elif damage == "shape":
        np.save(table, np.zeros((48, 4), dtype=np.float16))
    elif damage == "share":
        description = folder / "model.json"
        description.write_text(description.read_text().replace('"share": ', '"share": 7'))
    else:
        np.save(table, np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(RunDirectoryError, match="is missing" if damage == "missing" else "is damaged"):
        Predictor.open(folder)
