"""Words that do something only together, such as "not" and "good": interactions of neighbours.

The interaction of two words is the second difference of the log odds over leaving out either: what both do, less what
each does beside the other. Source: Grabisch and Roubens 1999, "An axiomatic approach to the concept of interaction".
"""

import numpy as np
from numpy.typing import NDArray

from lstmcli.data.row_text import COLUMN_MARK
from lstmcli.explanation.reading import ReadText
from lstmcli.explanation.removal import Block
from lstmcli.explanation.results import PhraseShare


def phrases_of(block: Block, most: int) -> list[tuple[PhraseShare, ...]]:
    """Return for each text the `most` pairs of neighbours with the largest absolute interactions, in order.

    A text that is explained in stretches of several words has none.
    """
    each = zip(block.texts, block.without, block.without_neighbours(2), strict=True)
    return [_strongest(text, single, pair, most) for text, single, pair in each]


def _strongest(
    text: ReadText, single: NDArray[np.float64], pair: NDArray[np.float64], most: int
) -> tuple[PhraseShare, ...]:
    if text.num_units < len(text.words):
        return ()
    interactions = single[:-1] + single[1:] - pair
    is_mark = np.array([text.text[word.start : word.end] == COLUMN_MARK for word in text.words])
    interactions[is_mark[:-1] | is_mark[1:]] = 0.0  # words of different columns are no neighbours
    found = np.sort(np.argsort(-np.abs(interactions), kind="stable")[:most])
    return tuple(_phrase(text, place, float(pair[place]), float(interactions[place])) for place in found.tolist())


def _phrase(text: ReadText, place: int, share: float, interaction: float) -> PhraseShare:
    start, end = text.words[place].start, text.words[place + 1].end
    return PhraseShare(text.text[start:end], start, end, share, interaction)
