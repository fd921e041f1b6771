"""Ways of dividing what a model says about a label among the words of a text; one line each in METHODS."""

from collections.abc import Callable
from functools import partial
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from lstmcli.errors import UsageError
from lstmcli.explanation.gradients import GradientNetwork, integrated
from lstmcli.explanation.reading import ReadText, Shares, joined
from lstmcli.explanation.removal import Block, leave_one_out, without_and_alone
from lstmcli.inference.predictor import Predictor
from lstmcli.ngrams.score import NgramScorer
from lstmcli.ngrams.shares import token_shares
from lstmcli.text.tokenizer import cut


def linear(predictor: Predictor, scorer: NgramScorer, block: Block) -> Shares:
    """Return the shares of each unit in the logit of the n-grams, which add up to it less the intercept."""
    token_ids = joined([text.ids for text in block.texts])
    ids = predictor.tokens.ngram_ids(token_ids)
    shares = token_shares(scorer, ids, token_ids.lengths, predictor.tokens.ngram_rows)
    parts = np.split(shares, token_ids.offsets[1:-1])
    each = zip(block.texts, parts, block.labels.tolist(), strict=True)
    return [text.of_units(part[:, label]) for text, part, label in each]


class IntegratedGradients:
    """Returns shares that add up to the logit of the label, less that of as many unknown words without n-grams.

    The network's part is its gradient along the way from the vector of the unknown word to those of the words, that of
    the n-grams is exact.
    Source: Sundararajan, Taly and Yan 2017, "Axiomatic Attribution for Deep Networks", arXiv 1703.01365.
    """

    def __init__(self, predictor: Predictor) -> None:
        model = predictor.model
        self._predictor = predictor
        self._networks = [
            GradientNetwork(model.network, weights, guard)
            for weights, guard in zip_longest(model.members, model.word_guards)
        ]

    def __call__(self, block: Block) -> Shares:
        """Return (units,) for each text."""
        model = self._predictor.model
        each = zip(block.texts, block.labels.tolist(), strict=True)
        of_network = [self.of_network(text, label) for text, label in each]
        scorer = self._predictor.scorer
        if scorer is None:
            return [own / model.temperature for own in of_network]
        of_ngrams = linear(self._predictor, scorer, block)
        share = model.ngram_share
        return [
            ((1.0 - share) * own + share * other) / model.temperature
            for own, other in zip(of_network, of_ngrams, strict=True)
        ]

    def of_network(self, text: ReadText, label: int) -> NDArray[np.float64]:
        """Return the shares in the logit of the networks, (units,), the mean of all networks."""
        tokenizer = self._predictor.model.tokenizer
        ids = self._predictor.tokens.word_ids(joined([text.ids])).flat
        places = cut(list(range(len(text.ids))), max_tokens=tokenizer.max_tokens, keep=tokenizer.cut)
        shares = np.zeros(len(text.ids))
        shares[places] = sum(integrated(network, ids, label)[0] for network in self._networks) / len(self._networks)
        return text.of_units(shares)


Method = Callable[[Block], Shares]


def _of_ngrams(predictor: Predictor) -> Method:
    scorer = predictor.scorer
    if scorer is None:
        raise UsageError("--method linear: this model has no n-grams.")
    return partial(linear, predictor, scorer)


METHODS: dict[str, Callable[[Predictor], Method]] = {
    "without-and-alone": lambda _: without_and_alone,
    "leave-one-out": lambda _: leave_one_out,
    "integrated-gradients": IntegratedGradients,
    "linear": _of_ngrams,
}
DEFAULT_METHOD = "without-and-alone"
