"""Hashed features of the n-gram model: word and character n-grams of texts as bucket numbers.

A text has two blocks of features. Words: each distinct token and each distinct pair of adjacent tokens. Characters: the
distinct character n-grams of each distinct token, enclosed in "<" and ">". A feature that occurs n times in a text
counts 1 + log n. It is multiplied by its inverse document frequency (`idf`), and each block is divided by its norm

    words        sqrt( sum of (count * idf)^2 over tokens and pairs )
    characters   sqrt( sum of count^2 * (sum of idf^2 over the token's n-grams) over tokens )

so what a token contributes to a text can be computed from the token alone: prediction adds up one row per distinct
token instead of one per n-gram.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

# Longer tokens are links or typing errors, whose first characters are enough.
MAX_CHARACTERS = 24

# Odd numbers without a bit pattern: the fractional parts of the golden ratio and of the square root of 3.
_FIRST_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SECOND_FACTOR = np.uint64(0xBB67AE8584CAA73B)
# A word and a character n-gram of the same letters get different hashes.
_WORD_SEED = 1
_HALF = np.uint64(32)


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
            codes.append(zlib.crc32(token.encode(), _WORD_SEED))
            characters.extend(_character_codes(token, sizes))
            starts.append(len(characters))
        buckets = np.array(characters, dtype=np.int64) & (num_buckets - 1)
        return cls(np.array(codes, dtype=np.uint64), buckets, np.array(starts, dtype=np.int64))

    def words(self, num_buckets: int) -> Integers:
        """Return the bucket of each token as a word, (tokens,)."""
        return _buckets(self.codes * _FIRST_FACTOR, num_buckets)


def _character_codes(token: str, sizes: range) -> Sequence[int]:
    letters = f"<{token[:MAX_CHARACTERS]}>"
    ngrams = (letters[start : start + size] for size in sizes for start in range(len(letters) - size + 1))
    return [zlib.crc32(ngram.encode()) for ngram in dict.fromkeys(ngrams)]


def _buckets(hashes: NDArray[np.uint64], num_buckets: int) -> Integers:
    mixed = hashes ^ (hashes >> _HALF)
    return (mixed & np.uint64(num_buckets - 1)).astype(np.int64)


class Occurrences(NamedTuple):
    """Distinct pairs of a text and a key that occurs in it, in the order of the texts.

    rows: (occurrences,), numbers of the texts.
    keys: (occurrences,), tokens or buckets, below 2^31.
    counts: (occurrences,), 1 + log of the number of occurrences in the text.
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
    return _distinct(np.repeat(np.arange(len(lengths)), lengths), ids.astype(np.int64))


def pair_occurrences(
    ids: NDArray[np.integer], lengths: Integers, codes: NDArray[np.uint64], num_buckets: int
) -> Occurrences:
    """Return the buckets of the distinct adjacent pairs in each text; `codes` (distinct tokens,) are hashes."""
    rows = np.repeat(np.arange(len(lengths)), lengths)
    are_neighbours = rows[1:] == rows[:-1]
    first, second = codes[ids[:-1][are_neighbours]], codes[ids[1:][are_neighbours]]
    pairs = _buckets((first * _FIRST_FACTOR) ^ ((second + np.uint64(1)) * _SECOND_FACTOR), num_buckets)
    return _distinct(rows[1:][are_neighbours], pairs)


def _distinct(rows: Integers, keys: Integers) -> Occurrences:
    found, counts = np.unique((rows << 31) | keys, return_counts=True)
    return Occurrences(found >> 31, found & (2**31 - 1), 1.0 + np.log(counts))
