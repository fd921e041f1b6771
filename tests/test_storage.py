"""Texts and token ids outside memory: what comes back is what went in, in memory and in a file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcli.corpus import numbers_on_disk as numbers_module
from lstmcli.corpus import texts as texts_module
from lstmcli.corpus import token_ids_on_disk as spool_module
from lstmcli.corpus.temporary import temporary_space
from lstmcli.corpus.texts import Texts, TextStore
from lstmcli.corpus.token_ids_on_disk import TokenIdsOnDisk
from lstmcli.errors import DataError

TEXTS = ["", "plain", "naïve 😊", "half a pair \ud83d", "two\nlines\x00", "x" * 50]


def stored(texts: list[str]) -> TextStore:
    store = TextStore()
    for text in texts:
        store.append(text)
    return store


@pytest.mark.parametrize("memory", [0, 1 << 20])
@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_texts_come_back_as_they_were_in_any_order(memory: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts_module, "MEMORY_BYTES", memory)
    monkeypatch.setattr(texts_module, "BLOCK_BYTES", block)
    store = stored(TEXTS)
    for order in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [1, 4], [3, 3], []):
        texts = Texts(store, np.array(order, dtype=np.int64))
        assert len(texts) == len(order)
        assert list(texts) == [TEXTS[number] for number in order]
    both = Texts(store, np.arange(6))
    assert list(zip(both, both[::-1], strict=True)) == list(zip(TEXTS, TEXTS[::-1], strict=True))
    assert both[2] == "naïve 😊"
    assert both[-1] == "x" * 50


def test_the_digest_tells_texts_from_their_concatenation() -> None:
    assert stored(["ab", "c"]).digest() == stored(["ab", "c"]).digest()
    assert stored(["ab", "c"]).digest() != stored(["a", "bc"]).digest()


@pytest.mark.parametrize("memory", [0, 1 << 20])
@pytest.mark.parametrize("block", [1, 5, 1000])
@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=9), min_size=1, max_size=20))
def test_ids_come_back_as_they_were_or_renumbered(texts: list[list[int]], block: int, memory: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool_module, "BLOCK_IDS", block)
        patch.setattr(numbers_module, "MEMORY_BYTES", memory)
        spool = TokenIdsOnDisk(texts)
        assert list(spool.texts()) == texts
        assert list(spool.texts(np.arange(0, len(texts), 2))) == texts[::2]
        same, doubled = spool.flat(), spool.flat(np.arange(31) * 2)
        wide = spool.flat(np.arange(31) + 2**16)
    offsets, counts = spool.offsets, spool.counts
    del spool
    # A mapped array must outlive the file that it came from, which is closed by now.
    joined = [number for ids in texts for number in ids]
    assert same.tolist() == joined
    assert doubled.tolist() == [2 * number for number in joined]
    assert wide.tolist() == [2**16 + number for number in joined]
    assert (same.dtype, wide.dtype) == (np.uint16, np.int32)
    assert isinstance(same, np.memmap) == (memory == 0)
    assert offsets.tolist() == np.cumsum([0, *map(len, texts)]).tolist()
    assert counts.tolist() == np.bincount(joined).tolist()


def test_a_text_without_ids_is_a_broken_promise() -> None:
    with pytest.raises(ValueError, match="expected at least one token per text, got none in text 1"):
        TokenIdsOnDisk([[5], []])


def test_a_full_disk_for_temporary_files_says_what_to_do() -> None:
    advice = r"No space left on device, while storing the corpus .* Set TMPDIR to a folder"
    with pytest.raises(DataError, match=advice), temporary_space():
        raise OSError(28, "No space left on device")
