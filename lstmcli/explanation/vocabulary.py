"""The words and character n-grams that speak most for each label to the linear part, with no text at hand.

The table of the n-grams is hashed and does not list its features, so they are looked up from the model's vocabulary. A
word that was in no training text may share its bucket with a feature. It is recognised by its character n-grams: those
of a word in the texts are in at least as many texts, so that none is unused or has a higher idf than the word.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.ngrams.features import HashedTokens, ngram_buckets
from lstmcli.ngrams.negation import twin_of
from lstmcli.ngrams.score import NgramScorer
from lstmcli.ngrams.table import FeatureKinds
from lstmcli.store.model import SavedModel
from lstmcli.text.vocabulary import PAD_TOKEN, UNKNOWN_TOKEN

# In the name of a word after a negation, which is a feature of its own in some models.
NEGATED = "not ... "

Ranked = list[tuple[str, float]]


@dataclass(frozen=True)
class LabelWords:
    """The words, and the character n-grams (< and > are the ends of a word), with the largest weights for a label."""

    label: str
    words: Ranked
    ngrams: Ranked


def strongest(model: SavedModel, most: int) -> list[LabelWords]:
    """Return the `most` features of either kind for each label, strongest first; none for a model without n-grams."""
    if model.ngrams is None:
        return []
    scorer = NgramScorer(model.ngrams)
    tokens = [word for word in model.vocabulary.words if word not in {PAD_TOKEN, UNKNOWN_TOKEN}]
    names = list(tokens)
    if model.ngrams.kinds is FeatureKinds.NEGATED:
        names += [NEGATED + word for word in tokens]
        tokens += [twin_of(word) for word in tokens]
    hashed = HashedTokens.from_tokens(tokens, model.ngrams.sizes, scorer.num_buckets)
    rows = scorer.bucket_rows(hashed.words(scorer.num_buckets))
    used = np.flatnonzero(_was_seen(rows[:, 0], hashed, scorer))
    found = [names[place] for place in used]
    spelled = _ngrams([names[place] for place in used if not names[place].startswith(NEGATED)], model.ngrams.sizes)
    of_ngrams = scorer.bucket_rows(ngram_buckets(spelled, scorer.num_buckets))
    return [
        LabelWords(label, _top(found, rows[used, 1 + place], most), _top(spelled, of_ngrams[:, 1 + place], most))
        for place, label in enumerate(model.labels.names)
    ]


def _was_seen(idf: NDArray[np.float64], hashed: HashedTokens, scorer: NgramScorer) -> NDArray[np.bool_]:
    seen = idf > 0.0
    if not len(hashed.characters):
        return seen
    of_ngrams = scorer.bucket_rows(hashed.characters)[:, 0]
    has = np.diff(hashed.starts) > 0
    starts = hashed.starts[:-1][has]
    seen[has] &= np.minimum.reduceat(of_ngrams, starts) > 0.0
    seen[has] &= np.maximum.reduceat(of_ngrams, starts) <= idf[has]
    return seen


def _ngrams(words: list[str], sizes: range) -> list[str]:
    letters = (f"<{word}>" for word in words)
    return list(
        dict.fromkeys(each[at : at + size] for each in letters for size in sizes for at in range(len(each) - size + 1))
    )


def _top(names: list[str], weights: NDArray[np.float64], most: int) -> Ranked:
    best = np.argsort(-weights, kind="stable")[:most]
    return [(names[place], float(weights[place])) for place in best.tolist() if weights[place] > 0.0]
