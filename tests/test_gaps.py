"""Texts without some of their tokens have the logits of the shortened texts, to the last bit."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcli.config.model_settings import ModelSettings
from lstmcli.inference import batch_invariant as products
from lstmcli.inference.batch_invariant import FLOAT64_FALLBACK, TILINGS, Tiling
from lstmcli.inference.gaps import Gaps
from lstmcli.inference.network import Network
from lstmcli.kernels import KERNELS
from lstmcli.models.classifier import classifier_weights
from lstmcli.text.token_ids import TokenIds
from tests.test_inference import POOLINGS, classifier

NOTHING = 1


def network_of(cell: str, pooling: str, *, bidirectional: bool, layers: int = 1) -> Network:
    settings = ModelSettings(
        cell=cell, hidden_size=7, layers=layers, bidirectional=bidirectional, pooling=pooling, chunk_tokens=30
    )
    return Network(settings, classifier_weights(classifier(settings)))


def gaps_between(texts: TokenIds, cuts: list[list[int]]) -> Gaps:
    """Cut each text at some places, and leave out each stretch between two of them."""
    found = [
        (number, start, end)
        for number, (length, places) in enumerate(zip(texts.lengths.tolist(), cuts, strict=True))
        for start, end in pairwise(sorted({0, length, *(place % length for place in places)}))
        if end - start < length
    ]
    return Gaps(*np.array(found, dtype=np.int64).reshape(-1, 3).T)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cell", KERNELS)
@settings(deadline=None, max_examples=30)
@given(data=st.data(), bidirectional=st.booleans())
def test_a_text_with_a_gap_is_the_shortened_text(
    cell: str, pooling: str, data: st.DataObject, bidirectional: bool
) -> None:
    texts = TokenIds.from_texts(
        data.draw(st.lists(st.lists(st.integers(1, 21), min_size=2, max_size=9), min_size=1, max_size=6))
    )
    cuts = [data.draw(st.lists(st.integers(1, 8), min_size=1, max_size=9)) for _ in range(len(texts))]
    gaps = gaps_between(texts, cuts)
    if not len(gaps.texts):
        return
    network = network_of(cell, pooling, bidirectional=bidirectional)
    left = gaps.left_in(texts, if_nothing=NOTHING)
    for number, start, end, ids in zip(*gaps, np.split(left.flat, left.offsets[1:-1]), strict=True):
        whole = texts.flat[texts.offsets[number] : texts.offsets[number + 1]].tolist()
        assert ids.tolist() == whole[:start] + whole[end:]
    found = network.logits_with_gaps(texts.flat, texts.lengths, gaps)
    np.testing.assert_array_equal(found, network.logits(left.flat, left.lengths))


@pytest.mark.parametrize("tiling", [*TILINGS, FLOAT64_FALLBACK])
def test_many_gaps_are_read_with_every_tiling(tiling: Tiling, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(2)
    lengths = generator.integers(2, 30, 60)
    texts = TokenIds(generator.integers(1, 22, lengths.sum()), np.concatenate([[0], np.cumsum(lengths)]))
    gaps = gaps_between(texts, [list(range(30))] * 60)
    monkeypatch.setattr(products, "is_batch_invariant", lambda _, each: each is tiling)
    network = network_of("peephole", "attention", bidirectional=True)
    left = gaps.left_in(texts, if_nothing=NOTHING)
    found = network.logits_with_gaps(texts.flat, lengths, gaps)
    np.testing.assert_allclose(found, network.logits(left.flat, left.lengths), atol=1e-6)


def test_where_no_token_is_left_there_is_a_given_one() -> None:
    texts = TokenIds.from_texts([[5, 6], [7]])
    left = Gaps(np.array([1, 0, 0]), np.array([0, 0, 1]), np.array([1, 2, 2])).left_in(texts, if_nothing=NOTHING)
    assert left.flat.tolist() == [NOTHING, NOTHING, 5]
    assert left.offsets.tolist() == [0, 1, 2, 3]


def test_only_texts_of_one_piece_in_a_single_layer_share_states() -> None:
    assert network_of("lstm", "mean", bidirectional=True).reads_gaps(np.array([30, 31])).tolist() == [True, False]
    assert not network_of("lstm", "mean", bidirectional=True, layers=2).reads_gaps(np.array([3])).any()
