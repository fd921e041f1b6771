"""Attention weights as shares, for comparison: they say where the network looks, not for which label."""

from collections.abc import Callable
from itertools import zip_longest

import numpy as np

from lstmcli.explanation.reading import Shares, joined
from lstmcli.explanation.removal import Block
from lstmcli.inference.predictor import Predictor
from lstmcli.inspection.traces import TracingReader
from lstmcli.text.tokenizer import cut


def attention_shares(predictor: Predictor) -> Callable[[Block], Shares]:
    """Return a method that returns the attention on each unit, the mean of all networks."""
    model = predictor.model
    readers = [
        TracingReader(model.network, weights, guard) for weights, guard in zip_longest(model.members, model.word_guards)
    ]

    def shares(block: Block) -> Shares:
        found = []
        for text in block.texts:
            ids = predictor.tokens.word_ids(joined([text.ids])).flat.tolist()
            places = cut(list(range(len(text.ids))), max_tokens=model.tokenizer.max_tokens, keep=model.tokenizer.cut)
            values = np.zeros(len(text.ids))
            for reader in readers:
                weights = reader.read([ids])[0].attention
                values[places] += 0.0 if weights is None else weights / len(readers)
            found.append(text.of_units(values))
        return found

    return shares
