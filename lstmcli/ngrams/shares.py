"""Divides the logits of the n-gram model among the tokens of a text.

The logit is an intercept plus a sum over features, so the division is exact. The share of a token or a character n-gram
is its token's; that of a pair belongs to both its tokens, half each, and where one of the two is the mark at an end of
the text, to the other. A feature that occurs several times is divided equally among its occurrences. The norms of both
blocks of features stay as they are.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.ngrams.features import OVER_ONE_WEIGHT, Integers, Pairs, pairs_in_place
from lstmcli.ngrams.score import Floats, NgramScorer, TokenRows


class _Groups(NamedTuple):
    """Equal features of a text. `counts`, (occurrences,), is 1 + log n for each of n occurrences, `sizes` is n."""

    counts: Floats
    sizes: Integers


def token_shares(
    scorer: NgramScorer, ids: NDArray[np.integer], lengths: Integers, rows: TokenRows
) -> NDArray[np.float64]:
    """Return (tokens, labels), which for each text add up to its logits less the intercepts.

    Args:
        scorer: the model.
        ids: (tokens,), indices into `rows`, text after text.
        lengths: (texts,), in tokens, possibly 0.
        rows: of the distinct tokens.
    """
    texts = np.repeat(np.arange(len(lengths)), lengths)
    tokens = _groups(texts, ids.astype(np.int64))
    pairs = pairs_in_place(ids, lengths, rows.codes, scorer.num_buckets, scorer.kinds)
    pair_groups = _groups(texts[pairs.owner], pairs.keys)
    weights = pair_groups.counts * np.where(pairs.is_over_one, OVER_ONE_WEIGHT, 1.0)
    pair_rows = scorer.bucket_rows(pairs.keys & (scorer.num_buckets - 1))
    word_rows, character_rows = np.take(rows.words, ids, axis=0), np.take(rows.characters, ids, axis=0)

    num_texts = len(lengths)
    of_words = _squares(word_rows, tokens.counts, tokens.sizes, texts, num_texts)
    of_words += _squares(pair_rows, weights, pair_groups.sizes, texts[pairs.owner], num_texts)
    of_characters = _squares(character_rows, tokens.counts, tokens.sizes, texts, num_texts)
    word_scale, character_scale = (1.0 / np.sqrt(np.where(each > 0.0, each, 1.0)) for each in (of_words, of_characters))

    each = (tokens.counts / tokens.sizes)[:, None]
    shares = each * word_scale[texts, None] * word_rows[:, 1:]
    shares += each * character_scale[texts, None] * character_rows[:, 1:]
    of_pairs = (weights / pair_groups.sizes * word_scale[texts[pairs.owner]])[:, None] * pair_rows[:, 1:]
    _add_pairs(shares, of_pairs, pairs)
    return np.asarray(shares)


def _groups(texts: Integers, keys: Integers) -> _Groups:
    """Count how often each key occurs in its text; keys have less than 40 bits."""
    joined = (texts << 40) | keys
    _, group, sizes = np.unique(joined, return_inverse=True, return_counts=True)
    own = sizes[group]
    return _Groups(1.0 + np.log(own), own)


def _squares(rows: Floats, counts: Floats, sizes: Integers, texts: Integers, num_texts: int) -> Floats:
    """Return the squared norm of the features of each text, each counted once."""
    return np.bincount(texts, rows[:, 0] * counts**2 / sizes, minlength=num_texts).astype(np.float64)


def _add_pairs(shares: Floats, of_pairs: Floats, pairs: Pairs) -> None:
    """Give each pair's share to its tokens."""
    is_half = (pairs.first >= 0) & (pairs.second >= 0)
    part = np.where(is_half, 0.5, 1.0)[:, None] * of_pairs
    for places in (pairs.first, pairs.second):
        has = places >= 0
        np.add.at(shares, places[has], part[has])
    is_empty = (pairs.first < 0) & (pairs.second < 0)  # both marks, around a single token
    np.add.at(shares, pairs.owner[is_empty], of_pairs[is_empty])
