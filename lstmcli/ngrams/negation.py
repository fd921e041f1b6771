"""Words in the scope of a negation: in "not very happy", "happy" is another feature than elsewhere.

A linear model would otherwise need each negated word in its training texts, and take "not happy" for happy until it has
seen it often. Source: Das and Chen 2001, "Yahoo! for Amazon", and Pang, Lee and Vaithyanathan 2002, "Thumbs up?", who
mark all words up to the next punctuation mark. Only English has such words here; texts in other languages stay as they
are.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from lstmcli.text.token_ids import TokenIds

# The number of tokens after a negation that are in its scope.
SCOPE = 3

NEGATIONS = frozenset(
    (
        "not", "n't", "never", "no", "nobody", "nothing", "none", "neither", "nor", "without", "hardly", "barely",
        "cannot", "cant", "dont", "didnt", "doesnt", "isnt", "arent", "wasnt", "werent", "wont", "wouldnt", "couldnt",
        "shouldnt", "aint", "havent", "hasnt", "hadnt", "nt",
    )
)  # fmt: skip

# Words that begin another clause. Punctuation marks, emoji and the like end a scope too.
CLAUSES = frozenset(("and", "although", "because", "but", "or", "though"))

# Words that mean the same after a negation.
FUNCTION_WORDS = frozenset(
    (
        "a", "am", "an", "any", "are", "as", "at", "be", "been", "being", "did", "do", "does", "for", "had", "has",
        "have", "he", "her", "him", "his", "i", "in", "is", "it", "its", "me", "much", "my", "of", "on", "our",
        "really", "she", "so", "that", "the", "their", "them", "they", "this", "to", "too", "us", "very", "was",
        "we", "were", "with", "you", "your",
    )
)  # fmt: skip

# Twins are spelled with letters that no text has: those of a plane of Unicode that is for private use.
PRIVATE_PLANE = 0xF0000
PLANE_MASK = 0xFFFF


class Role(IntEnum):
    """What a token does to the scope of a negation."""

    WORD = 0
    NEGATION = 1
    END = 2
    FUNCTION = 3


def roles_of(tokens: Iterable[str]) -> NDArray[np.int64]:
    """Return the role of each token, (tokens,)."""
    return np.array([_role(token.lower()) for token in tokens], dtype=np.int64)


def _role(token: str) -> Role:
    if token in NEGATIONS:
        return Role.NEGATION
    if token in CLAUSES or not any(map(str.isalnum, token)):
        return Role.END
    return Role.FUNCTION if token in FUNCTION_WORDS else Role.WORD


def twin_of(token: str) -> str:
    """Return the token that stands for a negated one; neither it nor its character n-grams occur otherwise."""
    return "".join(chr(PRIVATE_PLANE + (ord(character) & PLANE_MASK)) for character in token)


def is_negated(ids: NDArray[np.integer], lengths: NDArray[np.int64], roles: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return for each token whether it is a word in the scope of a negation, (tokens,).

    Args:
        ids: (tokens,), indices into `roles`, text after text.
        lengths: (texts,), in tokens.
        roles: of the distinct tokens.
    """
    role = roles[ids]
    found = np.zeros(len(ids), dtype=np.bool_)
    reached = role == Role.NEGATION
    if not reached.any():
        return found
    continues = role != Role.END
    continues[(np.cumsum(lengths) - lengths)[lengths > 0]] = False  # a scope ends with its text
    for _ in range(SCOPE):
        reached = np.concatenate([[False], reached[:-1]]) & continues
        found |= reached
    found &= role == Role.WORD
    return found


def with_twins(parts: Sequence[TokenIds], words: Sequence[str]) -> tuple[list[TokenIds], list[str]] | None:
    """Return texts with the twins of negated words in their place, and all words; None if no text negates anything.

    Args:
        parts: texts as indices into `words`.
        words: distinct.
    """
    roles = roles_of(words)
    masks = [is_negated(part.flat, part.lengths, roles) for part in parts]
    negated = np.unique(np.concatenate([part.flat[mask] for part, mask in zip(parts, masks, strict=True)]))
    if not len(negated):
        return None
    twins = np.arange(len(words))
    twins[negated] = len(words) + np.arange(len(negated))
    changed = [
        TokenIds(np.where(mask, twins[part.flat], part.flat), part.offsets)
        for part, mask in zip(parts, masks, strict=True)
    ]
    return changed, [*words, *(twin_of(words[number]) for number in negated.tolist())]
