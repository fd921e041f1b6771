"""Learns a vocabulary from the words of many segments, each of which fits in memory, and encodes tokens with it."""

import heapq
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import VocabularySettings
from lstmcli.corpus.encode import EncodedTexts
from lstmcli.corpus.lines_on_disk import LinesOnDisk
from lstmcli.corpus.numbers_on_disk import NumbersOnDisk
from lstmcli.corpus.stored_token_ids import token_ids_of
from lstmcli.corpus.token_segments import TokenSegments, within
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.vocabulary import PAD_TOKEN, UNKNOWN_ID, UNKNOWN_TOKEN, Vocabulary

NUM_SPECIAL = 2

WordCount = tuple[str, int]


def encode_segments(
    tokens: TokenSegments,
    held_out: NDArray[np.int64],
    settings: VocabularySettings,
    *,
    max_tokens: int,
    known: Collection[str] = (),
) -> tuple[EncodedTexts, TokenIds]:
    """Learn the vocabulary of all texts but those that are held out, and encode both with it.

    The result is that of `encode.encode_with_new_vocabulary` and `encode.encode`, in pieces.

    Args:
        tokens: of all texts.
        held_out: numbers of texts, in ascending order.
        settings: which words to include.
        max_tokens: a text of more tokens is split into several.
        known: words with pretrained vectors, which are included even if they occur only once.
    """
    places = tokens.places(held_out)
    vocabulary, counts = _learned(tokens, places, settings, known)
    lengths = _pieces(_without(tokens.lengths, held_out), max_tokens)
    learned = token_ids_of(_renumbered(tokens, vocabulary, places), lengths)
    rest = _renumbered_parts(tokens, vocabulary, places)
    of_held_out = NumbersOnDisk(np.int32)
    of_held_out.append(np.array([len(place) for place in places]))
    held_out_ids = token_ids_of(rest, _pieces(of_held_out.blocks(), max_tokens))
    return EncodedTexts(learned, vocabulary, counts), held_out_ids


def _learned(
    tokens: TokenSegments, skipped: list[range], settings: VocabularySettings, known: Collection[str]
) -> tuple[Vocabulary, NDArray[np.int64]]:
    """Return the vocabulary of all tokens but those that are skipped, and how often each of its words occurs."""
    found = heapq.nsmallest(
        settings.max_words,
        (
            (-count, word)
            for word, count in _all_counts(tokens, skipped)
            if count >= settings.min_frequency or word in known
        ),
    )
    num_tokens = sum(len(segment.ids) for segment in tokens.segments) - sum(map(len, skipped))
    counts = np.array([0, 0, *(-count for count, _ in found)], dtype=np.int64)
    counts[UNKNOWN_ID] = num_tokens - counts.sum()
    return Vocabulary([PAD_TOKEN, UNKNOWN_TOKEN, *(word for _, word in found)]), counts


def _all_counts(tokens: TokenSegments, skipped: list[range]) -> Iterator[WordCount]:
    """Yield each word that occurs, and how often, in code-point order."""
    stored, runs = LinesOnDisk(), list[range]()
    for segment, (words, counts) in zip(tokens.segments, tokens.word_counts(), strict=True):
        for part in within(skipped, segment):
            counts = counts - np.bincount(tokens.ids(part), minlength=len(counts))
        pairs = zip(words[NUM_SPECIAL:], counts[NUM_SPECIAL:].tolist(), strict=True)
        runs.append(stored.append(f"{word} {count}" for word, count in sorted(pairs) if count))
    merged = heapq.merge(*(_pairs(stored.read(run)) for run in runs))
    for word, group in groupby(merged, key=itemgetter(0)):
        yield word, sum(count for _, count in group)


def _pairs(lines: Iterable[str]) -> Iterator[WordCount]:
    for line in lines:
        word, _, count = line.rpartition(" ")
        yield word, int(count)


def _new_ids(tokens: TokenSegments, vocabulary: Vocabulary) -> Iterator[NDArray[np.int64]]:
    """Yield the ids of the words of each segment, (words,)."""
    for words, _ in tokens.word_counts():
        yield np.array([vocabulary.id_of(word) for word in words])


def _renumbered(tokens: TokenSegments, vocabulary: Vocabulary, skipped: list[range]) -> NumbersOnDisk:
    """Return all tokens but those that are skipped, as ids of the vocabulary."""
    found, new_ids, last = _ids_of(vocabulary), _new_ids(tokens, vocabulary), -1
    for number, block in tokens.blocks(skipped):
        while number > last:  # the segments come one after the other
            of_segment, last = next(new_ids), last + 1
        found.append(of_segment[block])
    return found


def _renumbered_parts(tokens: TokenSegments, vocabulary: Vocabulary, parts: list[range]) -> NumbersOnDisk:
    """Return some tokens as ids of the vocabulary."""
    found = _ids_of(vocabulary)
    for segment, new_ids in zip(tokens.segments, _new_ids(tokens, vocabulary), strict=True):
        for part in within(parts, segment):
            found.append(new_ids[tokens.ids(part)])
    return found


def _ids_of(vocabulary: Vocabulary) -> NumbersOnDisk:
    return NumbersOnDisk(np.uint16 if len(vocabulary) <= 2**16 else np.int32)


def _without(lengths: NumbersOnDisk, numbers: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the lengths of all texts but those with these numbers, some at a time."""
    first = 0
    for block in lengths.blocks():
        left_out = numbers[(numbers >= first) & (numbers < first + len(block))] - first
        yield np.delete(block, left_out)
        first += len(block)


def _pieces(lengths: Iterable[NDArray[np.integer]], max_tokens: int) -> NumbersOnDisk:
    """Return the lengths of the pieces of texts with these lengths."""
    found = NumbersOnDisk(np.int32)
    for block in lengths:
        num_pieces = -(-block // max_tokens)
        pieces = np.full(int(num_pieces.sum()), max_tokens, dtype=np.int64)
        pieces[np.cumsum(num_pieces) - 1] = block - (num_pieces - 1) * max_tokens
        found.append(pieces)
    return found
