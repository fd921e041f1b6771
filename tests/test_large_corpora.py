"""Corpora that do not fit in memory: the limits are lowered, and results are those of the same corpus in memory."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lstmcli.config.loading import load_config
from lstmcli.config.model_settings import TokenizerSettings
from lstmcli.config.settings import Config, VocabularySettings
from lstmcli.corpus import (
    lines_on_disk,
    numbers_on_disk,
    plain_texts,
    progress,
    seen_keys,
    stored_token_ids,
    token_segments,
)
from lstmcli.corpus import texts as texts_module
from lstmcli.corpus.encode import encode, encode_with_new_vocabulary, tokenize
from lstmcli.corpus.lines_on_disk import LinesOnDisk
from lstmcli.corpus.numbers_on_disk import NumbersOnDisk
from lstmcli.corpus.seen_keys import SeenKeys
from lstmcli.corpus.stored_token_ids import StoredTokenIds, token_ids_of
from lstmcli.corpus.token_segments import TokenSegments
from lstmcli.corpus.word_merge import encode_segments
from lstmcli.errors import InterruptedRunError
from lstmcli.events import Event, RowsRead, StageMoved, StepFinished, TextsHeldOut, VocabularyLearned
from lstmcli.recipes.linear import sample as linear_sample
from lstmcli.recipes.linear.sample import LinearRows
from lstmcli.recipes.pretraining import pretrain
from lstmcli.recipes.pretraining import texts as pretraining_texts
from lstmcli.reports.console import ConsoleReporter
from lstmcli.stopping import NEVER, Stop
from lstmcli.store.run import OpenRun
from lstmcli.store.run_directory import RunDirectory
from lstmcli.text import epoch_order, token_ids
from lstmcli.text.encoder import GrowingVocabulary
from lstmcli.text.epoch_order import BlockOrder
from lstmcli.text.token_ids import TokenIds, training_batches
from tests.conftest import FAST, corpus_options, feeling_rows, invoke, losses

ID_TEXTS = st.lists(st.lists(st.integers(0, 70_000), min_size=1, max_size=9), min_size=1, max_size=300)


def numbers(values: Sequence[int]) -> NumbersOnDisk:
    stored = NumbersOnDisk(np.int64)
    stored.append(np.array(values))
    return stored


def stored(texts: list[list[int]]) -> StoredTokenIds:
    return StoredTokenIds(numbers([number for text in texts for number in text]), numbers([*map(len, texts)]))


def lower_limits(patch: pytest.MonkeyPatch) -> None:
    """Everything that can be stored outside memory is."""
    for module, name, value in (
        (numbers_on_disk, "MEMORY_BYTES", 0),
        (stored_token_ids, "MEMORY_TEXTS", 0),
        (stored_token_ids, "CACHED_TOKENS", 100),
        (texts_module, "MEMORY_BYTES", 0),
        (texts_module, "BLOCK_TEXTS", 7),
        (texts_module, "PLACES_AHEAD", 3),
        (seen_keys, "MEMORY_KEYS", 10),
        (lines_on_disk, "BLOCK_BYTES", 11),
        (token_segments, "MAX_WORDS", 8),
        (token_segments, "BLOCK_IDS", 16),
    ):
        patch.setattr(module, name, value)


@pytest.mark.parametrize("first_bits", [0, 60])
@given(seed=st.integers(0, 99))
def test_keys_in_a_file_are_a_set(first_bits: int, seed: int) -> None:
    # With equal first bits, all keys belong in one bucket, which overflows.
    generator = np.random.default_rng(seed)
    keys = (generator.integers(0, 1 << (63 - first_bits), size=400) - (1 << 62)).tolist()
    keys += [0, -1, -(1 << 63), (1 << 63) - 1, *keys[::3], 0, -1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_keys, "MEMORY_KEYS", 5)
        patch.setattr(seen_keys, "BLOCK_BUCKETS", 2)
        found, seen = SeenKeys(), set[int]()
        for key in keys:
            assert found.add(key) == (key not in seen)
            seen.add(key)


def test_few_keys_of_a_file_are_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_keys, "MEMORY_KEYS", 100)
    monkeypatch.setattr(seen_keys, "STORED_KEYS_PER_NEW_KEY", 200)
    keys = SeenKeys()
    for key in np.random.default_rng(0).integers(-(1 << 63), 1 << 63, size=20_000).tolist():
        keys.add(key)
    assert keys.num_in_memory <= 100


@given(ID_TEXTS)
def test_stored_ids_are_those_in_memory(texts: list[list[int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_token_ids, "CACHED_TOKENS", 300)
        found, expected = stored(texts), TokenIds.from_texts(texts)
        rows = np.random.default_rng(0).integers(len(texts), size=40)
        for ids, others in zip(found.joined(rows), expected.joined(rows), strict=True):
            assert ids.tolist() == others.tolist()
        assert (len(found), found.num_tokens) == (len(texts), expected.num_tokens)
        assert found.lengths_by_row[rows].tolist() == expected.lengths[rows].tolist()
        assert found.lengths.tolist() == expected.lengths.tolist()
        assert found.offsets.tolist() == expected.offsets.tolist()
        assert found.flat.tolist() == expected.flat.tolist()
        assert found.of(rows).offsets.tolist() == expected.of(rows).offsets.tolist()
        assert found.num_in_memory <= 300 + 9 * epoch_order.RUN_TEXTS


def test_few_texts_are_in_memory_and_many_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_token_ids, "MEMORY_TEXTS", 2)
    assert type(token_ids_of(numbers([5, 6, 7]), numbers([1, 2]))) is TokenIds
    assert type(token_ids_of(numbers([5, 6, 7]), numbers([1, 1, 1]))) is StoredTokenIds
    monkeypatch.setattr(numbers_on_disk, "MEMORY_BYTES", 23)
    assert type(token_ids_of(numbers([5, 6, 7]), numbers([1, 2]))) is StoredTokenIds


def test_lines_of_several_places_can_be_read_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_on_disk, "BLOCK_BYTES", 3)
    lines = LinesOnDisk()
    places = [lines.append(part) for part in (["ab", "", "naïve"], [], ["half a pair \ud83d"])]
    assert list(zip(lines.read(places[0]), lines.read(places[2]), strict=False)) == [("ab", "half a pair \ud83d")]
    assert [list(lines.read(place)) for place in places] == [["ab", "", "naïve"], [], ["half a pair \ud83d"]]


WORDS = st.lists(st.sampled_from([*"abcdefghijklmn😊", "naïve", "!!", "..."]), max_size=12).map(" ".join)


@given(
    texts=st.lists(WORDS, min_size=2, max_size=30),
    held_out=st.sets(st.integers(0, 29), min_size=1),
    min_frequency=st.integers(1, 3),
    max_words=st.integers(1, 12),
    max_tokens=st.integers(1, 13),
)
def test_segments_are_encoded_as_all_texts_at_once(
    texts: list[str], held_out: set[int], min_frequency: int, max_words: int, max_tokens: int
) -> None:
    chosen = np.array(sorted(number for number in held_out if number < len(texts) - 1), dtype=np.int64)
    rest = np.setdiff1d(np.arange(len(texts)), chosen)
    tokenizer = TokenizerSettings(max_tokens=max_tokens)
    vocabulary = VocabularySettings(min_frequency=min_frequency, max_words=max_words)
    whole = tokenize(texts, tokenizer, GrowingVocabulary())
    expected = encode_with_new_vocabulary(whole.having(rest), tokenizer, vocabulary, known={"c"}, in_pieces=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_segments, "MAX_WORDS", 5)
        patch.setattr(token_segments, "BLOCK_IDS", 4)
        patch.setattr(lines_on_disk, "BLOCK_BYTES", 5)
        segments = TokenSegments(texts, tokenizer)
        found, others = encode_segments(segments, chosen, vocabulary, max_tokens=max_tokens, known={"c"})
    assert found.vocabulary.words == expected.vocabulary.words
    assert found.counts.tolist() == expected.counts.tolist()
    assert found.token_ids.flat.tolist() == expected.token_ids.flat.tolist()
    assert found.token_ids.offsets.tolist() == expected.token_ids.offsets.tolist()
    if len(chosen):
        also = encode(whole.having(chosen), tokenizer, expected.vocabulary, in_pieces=True)
        assert others.flat.tolist() == also.flat.tolist()
        assert others.offsets.tolist() == also.offsets.tolist()


def test_words_are_numbered_anew_before_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_segments, "MAX_WORDS", 50)
    texts = [f"word{'x' * (number % 7)} letter{chr(ord('a') + number % 26)} {number}" for number in range(400)]
    sizes = [len(words) for words, _ in TokenSegments(texts, TokenizerSettings()).word_counts()]
    assert len(sizes) > 5
    assert max(sizes) <= 50 + 3


def test_words_of_earlier_segments_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_segments, "MAX_WORDS", 50)
    made: list[GrowingVocabulary] = []

    class Noted(GrowingVocabulary):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr(token_segments, "GrowingVocabulary", Noted)
    segments = TokenSegments([f"word{number}" for number in range(400)], TokenizerSettings())
    assert len(segments.segments) > 5
    assert len(made) == 1
    assert len(made[0].words) <= 52
    assert sum(len(words) - 2 for words, _ in segments.word_counts()) == 400


class CountedLengths:
    """Lengths of texts that note how many are asked for at once."""

    def __init__(self, lengths: NDArray[np.int64]) -> None:
        self.lengths = lengths
        self.most = 0

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        self.most = max(self.most, len(rows))
        return self.lengths[rows]


def order(lengths: NDArray[np.int64] | CountedLengths, batch_size: int, seed: int = 1) -> BlockOrder:
    return BlockOrder(lengths, batch_size=batch_size, pool_batches=5, generator=np.random.default_rng(seed))


@given(st.integers(1, 1500), st.integers(1, 90), st.integers(64, 700), st.integers(50, 5000))
def test_batches_by_blocks_hold_every_row_once(num_texts: int, batch_size: int, pool: int, pool_tokens: int) -> None:
    lengths = np.random.default_rng(0).integers(1, 30, size=num_texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(epoch_order, "MAX_POOL_TEXTS", pool)
        patch.setattr(epoch_order, "MAX_POOL_TOKENS", pool_tokens)
        batches = order(lengths, batch_size)
        found = list(batches)
        assert sorted(np.concatenate(found)) == list(range(num_texts))
        assert len(found) == len(batches) == -(-num_texts // batch_size)
        assert sum(len(batch) != batch_size for batch in found) <= 1
        for number in (len(found) - 1, len(found) // 2, 0):  # also backwards
            assert batches[number].tolist() == found[number].tolist()


def test_batches_by_blocks_mix_all_of_the_corpus_with_one_pool_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epoch_order, "MAX_POOL_TEXTS", 32 * 100)
    lengths = CountedLengths(np.random.default_rng(0).integers(1, 100, size=100_000))
    batches = list(order(lengths, 32))
    assert lengths.most <= 32 * 100
    # Of two random numbers below 1, the distance is 1/3 on average: rows of a batch are from everywhere.
    distances = [np.abs(batch[:, None] - batch).sum() / (32 * 31) for batch in batches]
    assert np.mean(distances) / 100_000 == pytest.approx(1 / 3, abs=0.02)
    neighbours = [len(set((batch // 32).tolist())) for batch in batches]
    assert np.mean(neighbours) > 20
    means = [np.mean(batch) for batch in batches]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.3
    padding = sum(len(batch) * lengths.lengths[batch].max() for batch in batches) / lengths.lengths.sum()
    assert padding < 1.2


def test_only_many_texts_are_shuffled_by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = np.random.default_rng(0).integers(1, 100, size=500)
    monkeypatch.setattr(token_ids, "MAX_SHUFFLED_TEXTS", 500)
    assert isinstance(training_batches(lengths, batch_size=8, generator=np.random.default_rng(1)), list)
    monkeypatch.setattr(token_ids, "MAX_SHUFFLED_TEXTS", 499)
    first, again, other = (
        training_batches(lengths, batch_size=8, generator=np.random.default_rng(n)) for n in (1, 1, 2)
    )
    assert isinstance(first, BlockOrder)
    assert [batch.tolist() for batch in first] == [batch.tolist() for batch in again]
    assert [batch.tolist() for batch in first] != [batch.tolist() for batch in other]


def test_texts_are_held_out_of_very_many_without_listing_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretraining_texts, "MAX_SHUFFLED_TEXTS", 1000)
    split = pretraining_texts.split_texts(100_000, Config(), measure="perplexity", tell=lambda _: None)
    assert (len(split.held_out), split.num_train) == (2000, 98_000)
    assert len(np.unique(split.held_out)) == 2000
    assert split.held_out.tolist() == sorted(split.held_out.tolist())
    assert np.mean(split.held_out) == pytest.approx(50_000, rel=0.05)


class StopAfter(Stop):
    """Is set when it is asked for the `number`-th time, from 1, which is after as many updates."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.num_asked = 0

    def is_set(self) -> bool:
        self.num_asked += 1
        return self.num_asked == self.number


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "all.txt"
    rows = [text for text, _ in feeling_rows(20, offset=300)]
    path.write_text("".join(f"{text}\n" for text in [*rows, *rows[::5]]), encoding="utf-8")
    return path


def learn(lines: Path, run: Path, *, stop: Stop = NEVER, resume: bool = False) -> list[Event]:
    told: list[Event] = []
    options = [*FAST, "pretraining.epochs=2", "pretraining.batch_tokens=40", f"pretraining.texts={lines}"]
    config = load_config(None, options, needs_labels=False)
    pretrain(config, OpenRun(RunDirectory(run), resume=resume), tell=told.append, stop=stop)
    return told


def language_model(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((run / "language_model").iterdir())}


def test_a_pretraining_outside_memory_is_that_in_memory(lines: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        lower_limits(patch)
        told = learn(lines, tmp_path / "outside")
    expected = learn(lines, tmp_path / "inside")
    kinds = (RowsRead, TextsHeldOut, VocabularyLearned, StepFinished)
    first, second = ([event for event in events if isinstance(event, kinds)] for events in (told, expected))
    assert first == second
    assert any("repeated text" in str(event) for event in told)
    assert language_model(tmp_path / "outside") == language_model(tmp_path / "inside")


def test_a_pretraining_that_stops_amid_an_epoch_by_blocks_ends_with_the_same_bytes(
    lines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower_limits(monkeypatch)
    monkeypatch.setattr(token_ids, "MAX_SHUFFLED_TEXTS", 20)
    monkeypatch.setattr(epoch_order, "MAX_POOL_TEXTS", 64)
    learn(lines, tmp_path / "whole")
    with pytest.raises(InterruptedRunError, match="stopped in epoch 1 of 2"):
        learn(lines, tmp_path / "run", stop=StopAfter(20))
    learn(lines, tmp_path / "run", resume=True)
    assert language_model(tmp_path / "run") == language_model(tmp_path / "whole")
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")


def test_linear_models_of_very_many_rows_are_fitted_on_a_random_part(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear_sample, "MAX_TOKENS", 150)
    result = invoke("train", *corpus_options(corpus), "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    facts = json.loads((tmp_path / "run" / "metrics.json").read_text())
    num_used, num_rows = facts["baseline_rows"], facts["train_rows"]
    assert 10 < num_used < num_rows
    assert f"the TF-IDF baseline is fitted on a random {num_used} of {num_rows:,} training rows" in result.stderr
    assert f"{num_rows - num_used} training texts left out to save memory" in result.stderr


def test_a_sample_of_rows_is_random_in_order_and_belongs_together(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{'word ' * (number % 5)}number{number}" for number in range(200)]
    tokens = tokenize(texts, TokenizerSettings(), GrowingVocabulary())
    whole = LinearRows.of(tokens, seed=1)
    assert (whole.texts, whole.num_left_out, whole.those_of(None)) == (tokens, 0, None)
    monkeypatch.setattr(linear_sample, "MAX_TOKENS", 100)
    sample = LinearRows.of(tokens, seed=1)
    chosen = sample.those_of(np.arange(200)).tolist()
    assert chosen == sorted(set(chosen))
    assert np.mean(chosen) == pytest.approx(100, abs=30)
    assert [found[-1] for found in sample.texts.tokens()] == [f"number{number}" for number in chosen]
    assert 90 < sample.texts.ids.num_tokens <= 100
    assert sample.num_left_out == 200 - len(chosen)
    assert LinearRows.of(tokens, seed=2).those_of(np.arange(200)).tolist() != chosen
    monkeypatch.setattr(linear_sample, "MAX_TOKENS", 1)
    assert len(LinearRows.of(tokens, seed=1).texts) == 1


def test_long_stages_tell_how_far_they_are(lines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_texts, "LEAST_BYTES", 0)
    monkeypatch.setattr(progress, "LEAST_TEXTS", 0)
    monkeypatch.setattr(progress, "NUM_TOLD", 4)
    moved = [event for event in learn(lines, tmp_path / "run") if isinstance(event, StageMoved)]
    for stage in ("read", "tokenise"):
        shares = [event.share for event in moved if event.stage == stage]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
    assert sum(event.stage == "tokenise" for event in moved) == 5
    with ConsoleReporter() as reporter:
        for event in moved:
            reporter(event)
