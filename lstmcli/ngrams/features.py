"""Hashed features of the n-gram model: word and character n-grams of texts as bucket numbers.

A text has two blocks of features. Words: each distinct token, each distinct pair of adjacent tokens, and each distinct
pair of tokens with one token between them; for pairs, a mark precedes the first token and another follows the last one.
Characters: the distinct character n-grams of each distinct token, enclosed in "<" and ">". A feature that occurs n
times in a text counts 1 + log n, and pairs over a token half of that, since they would otherwise take too much weight
from single words. It is multiplied by its inverse document frequency (`idf`), and each block is divided by its norm

    words        sqrt( sum of (count * idf)^2 over tokens and pairs )
    characters   sqrt( sum of count^2 * (sum of idf^2 over the token's n-grams) over tokens )

so what a token contributes to a text can be computed from the token alone: prediction adds up one row per distinct
token instead of one per n-gram. Older models have neither marks nor pairs over a token (`table.FeatureKinds`).
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.ngrams.table import FeatureKinds

Integers = NDArray[np.int64]

# Longer tokens are links or typing errors, whose first characters are enough.
MAX_CHARACTERS = 24

# Odd numbers without a bit pattern: the fractional parts of the golden ratio and of the square roots of 3 and 7.
FIRST_FACTOR = np.uint64(0x9E3779B97F4A7C15)
SECOND_FACTOR = np.uint64(0xBB67AE8584CAA73B)
OVER_ONE_FACTOR = np.uint64(0xA54FF53A5F1D36F1)
# A word and a character n-gram of the same letters get different hashes.
WORD_SEED = 1
_HALF = np.uint64(32)

# The hash of the marks at both ends of a text: no token has it, since theirs are shorter.
MARK_CODE = np.uint64(1 << 32)

# The weight of pairs over a token, relative to that of adjacent pairs.
OVER_ONE_WEIGHT = 0.5


class HashedTokens(NamedTuple):
    """Hashes of distinct tokens, from which their features are computed.

    Attributes:
        codes: (tokens,) uint64 below 2^32, hashes of the tokens.
        characters: (n-grams,), buckets of the distinct n-grams, token after token.
        starts: (tokens + 1,), where the n-grams of each token start.
    """

    codes: NDArray[np.uint64]
    characters: Integers
    starts: Integers

    @classmethod
    def from_tokens(cls, tokens: Iterable[str], sizes: range, num_buckets: int) -> "HashedTokens":
        """Hash `tokens`, and their character n-grams of all `sizes`, into `num_buckets`, a power of two."""
        codes: list[int] = []
        characters: list[int] = []
        starts = [0]
        for token in tokens:
            codes.append(zlib.crc32(token.encode(), WORD_SEED))
            characters.extend(_character_codes(token, sizes))
            starts.append(len(characters))
        buckets = np.array(characters, dtype=np.int64) & (num_buckets - 1)
        return cls(np.array(codes, dtype=np.uint64), buckets, np.array(starts, dtype=np.int64))

    def words(self, num_buckets: int) -> Integers:
        """Return the bucket of each token as a word, (tokens,)."""
        return _buckets(self.codes * FIRST_FACTOR, num_buckets)


def _character_codes(token: str, sizes: range) -> Sequence[int]:
    letters = f"<{token[:MAX_CHARACTERS]}>"
    ngrams = (letters[start : start + size] for size in sizes for start in range(len(letters) - size + 1))
    return [zlib.crc32(ngram.encode()) for ngram in dict.fromkeys(ngrams)]


def ngram_buckets(ngrams: Iterable[str], num_buckets: int) -> Integers:
    """Return the buckets of character n-grams, in which "<" and ">" are the ends of a token."""
    return np.array([zlib.crc32(ngram.encode()) for ngram in ngrams], dtype=np.int64) & (num_buckets - 1)


def _buckets(hashes: NDArray[np.uint64], num_buckets: int) -> Integers:
    mixed = hashes ^ (hashes >> _HALF)
    return (mixed & np.uint64(num_buckets - 1)).astype(np.int64)


class Occurrences(NamedTuple):
    """Distinct pairs of a text and a feature that occurs in it, in the order of the texts.

    rows: (occurrences,), numbers of the texts.
    keys: (occurrences,), tokens or buckets.
    counts: (occurrences,), 1 + log of the number of occurrences in the text; half of that for pairs over a token.
    """

    rows: Integers
    keys: Integers
    counts: NDArray[np.float64]


def token_occurrences(ids: NDArray[np.integer], lengths: Integers) -> Occurrences:
    """Return the distinct tokens of each text.

    Args:
        ids: (tokens,), text after text.
        lengths: (texts,), in tokens.
    """
    return _distinct(np.repeat(np.arange(len(lengths)), lengths), ids, key_bits=int(ids.max(initial=0)).bit_length())


def pair_occurrences(
    ids: NDArray[np.integer], lengths: Integers, codes: NDArray[np.uint64], num_buckets: int, kinds: FeatureKinds
) -> Occurrences:
    """Return the buckets of the distinct pairs in each text; `codes` (distinct tokens,) are hashes.

    A bucket may occur twice in a text: for a pair of adjacent tokens, and for a pair over a token.
    """
    key_bits = num_buckets.bit_length()  # those of the buckets, and one for the kind of the pair
    rows = np.repeat(np.arange(len(lengths)), lengths)
    if kinds is FeatureKinds.ADJACENT:
        return _distinct(*_pairs(rows, codes[ids], 1, SECOND_FACTOR, num_buckets), key_bits=key_bits)
    padded_rows, padded, _ = _with_marks(rows, codes[ids], lengths)
    adjacent_rows, adjacent = _pairs(padded_rows, padded, 1, SECOND_FACTOR, num_buckets)
    over_one_rows, over_one = _pairs(padded_rows, padded, 2, OVER_ONE_FACTOR, num_buckets)
    found = _distinct(
        np.concatenate([adjacent_rows, over_one_rows]),
        np.concatenate([adjacent, over_one | num_buckets]),
        key_bits=key_bits,
    )
    weights = np.where(found.keys < num_buckets, 1.0, OVER_ONE_WEIGHT)
    return Occurrences(found.rows, found.keys & (num_buckets - 1), found.counts * weights)


def _with_marks(
    rows: Integers, codes: NDArray[np.uint64], lengths: Integers
) -> tuple[Integers, NDArray[np.uint64], Integers]:
    """Return the text and the code of each token and mark, and the place of each token among them.

    The first mark takes the place before the first token, and the last one the place after the last token.
    """
    places = np.arange(len(codes)) + 2 * (np.cumsum(lengths > 0) - 1)[rows] + 1
    padded = np.full(len(codes) + 2 * np.count_nonzero(lengths), MARK_CODE)
    padded[places] = codes
    return np.repeat(np.arange(len(lengths)), np.where(lengths > 0, lengths + 2, 0)), padded, places


class Pairs(NamedTuple):
    """All pairs of tokens, as often as they occur.

    keys: (pairs,), buckets, plus the number of buckets for a pair over a token.
    first, second: (pairs,), the places of the tokens among all tokens; -1 for a mark.
    owner: (pairs,), the place of a token of the same text: of the pair, or between its marks.
    is_over_one: (pairs,), whether there is a token between them.
    """

    keys: Integers
    first: Integers
    second: Integers
    owner: Integers
    is_over_one: NDArray[np.bool_]


def pairs_in_place(
    ids: NDArray[np.integer], lengths: Integers, codes: NDArray[np.uint64], num_buckets: int, kinds: FeatureKinds
) -> Pairs:
    """Return what `pair_occurrences` counts, one by one."""
    rows, padded, distances = np.repeat(np.arange(len(lengths)), lengths), codes[ids], [(1, SECOND_FACTOR)]
    place_of = np.arange(len(ids))
    if kinds is not FeatureKinds.ADJACENT:
        distances.append((2, OVER_ONE_FACTOR))
        rows, padded, places = _with_marks(rows, padded, lengths)
        place_of = np.full(len(padded), -1)
        place_of[places] = np.arange(len(ids))
    parts = []
    for distance, factor in distances:
        _, keys = _pairs(rows, padded, distance, factor, num_buckets)
        is_in_one_text = rows[distance:] == rows[:-distance]
        first, second = place_of[:-distance][is_in_one_text], place_of[distance:][is_in_one_text]
        between = place_of[distance - 1 : len(place_of) - 1][is_in_one_text]
        owner = np.maximum(np.maximum(first, second), between)
        is_over_one = np.full(len(keys), distance == 2)
        parts.append(Pairs(keys | (num_buckets if distance == 2 else 0), first, second, owner, is_over_one))
    return Pairs(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _pairs(
    rows: Integers, codes: NDArray[np.uint64], distance: int, factor: np.uint64, num_buckets: int
) -> tuple[Integers, Integers]:
    """Return the text and the bucket of each two tokens of a text that are `distance` apart."""
    is_in_one_text = rows[distance:] == rows[:-distance]
    hashes = (codes * FIRST_FACTOR)[:-distance] ^ ((codes + np.uint64(1)) * factor)[distance:]
    return rows[distance:][is_in_one_text], _buckets(hashes[is_in_one_text], num_buckets)


def _distinct(rows: Integers, keys: NDArray[np.integer], *, key_bits: int) -> Occurrences:
    """Count equal pairs of a row and a key, which has at most `key_bits` bits."""
    row_bits = int(rows.max(initial=0)).bit_length()
    joined = (rows.astype(np.uint64) << np.uint64(key_bits)) | keys.astype(np.uint64)
    if row_bits + key_bits <= np.iinfo(np.uint32).bits:
        joined = joined.astype(np.uint32)  # sorted in half the time
    joined.sort()
    is_first = np.ones(len(joined), dtype=np.bool_)
    is_first[1:] = joined[1:] != joined[:-1]
    starts = np.flatnonzero(is_first)
    found = joined[starts].astype(np.int64)
    counts = np.diff(starts, append=len(joined))
    return Occurrences(found >> key_bits, found & ((1 << key_bits) - 1), 1.0 + np.log(counts))
