"""Ways of dividing what a model says about a label among the words of a text; one line each in METHODS."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from lstmcli.errors import UsageError
from lstmcli.explanation.gradients import GradientNetwork, integrated
from lstmcli.explanation.reading import ReadText, joined
from lstmcli.explanation.target import log_odds
from lstmcli.inference.predictor import Predictor
from lstmcli.ngrams.shares import token_shares
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.tokenizer import cut

Shares = list[NDArray[np.float64]]

# Versions of texts are predicted together up to this many tokens, which bounds memory.
MAX_VERSION_TOKENS = 1 << 18


def leave_one_out(
    predictor: Predictor, texts: Sequence[ReadText], labels: Sequence[int], logits: NDArray[np.float64]
) -> Shares:
    """Return by how much the log odds of the label fall when each unit is left out, (units,) for each text.

    Args:
        predictor: whose `turn` it is.
        texts: as they were read.
        labels: the label of each text.
        logits: of the whole texts, (texts, labels).
    """
    shares: Shares = []
    for group in _groups(texts):
        versions = [texts[number].leaving_one_out() for number in group if texts[number].num_units]
        found = np.empty((0, logits.shape[1]))
        if versions:
            lengths = np.concatenate([own for _, own in versions])
            offsets = np.concatenate([[0], np.cumsum(lengths)])
            found = mixed_logits(predictor, TokenIds(np.concatenate([flat for flat, _ in versions]), offsets))
        start = 0
        for number in group:
            own = found[start : start + texts[number].num_units]
            start += len(own)
            kind = predictor.model.labels.kind
            whole = log_odds(logits[number : number + 1], labels[number], kind)
            shares.append(whole - log_odds(own, labels[number], kind))
    return shares


def _groups(texts: Sequence[ReadText]) -> Iterator[list[int]]:
    """Yield the numbers of texts whose versions are predicted together."""
    group: list[int] = []
    num_tokens = 0
    for number, text in enumerate(texts):
        size = text.num_units * len(text.ids)
        if group and num_tokens + size > MAX_VERSION_TOKENS:
            yield group
            group, num_tokens = [], 0
        group.append(number)
        num_tokens += size
    if group:
        yield group


def mixed_logits(predictor: Predictor, token_ids: TokenIds) -> NDArray[np.float64]:
    """Return the logits of the whole model, divided by its temperature, (texts, labels)."""
    return np.asarray(predictor.mixed(predictor.part_logits(token_ids)) / predictor.model.temperature)


def linear(
    predictor: Predictor, texts: Sequence[ReadText], labels: Sequence[int], _logits: NDArray[np.float64]
) -> Shares:
    """Return the shares of each unit in the logit of the n-grams, which add up to it less the intercept."""
    if predictor.scorer is None:
        raise UsageError("--method linear: this model has no n-grams.")
    if not texts:
        return []
    token_ids = joined([text.ids for text in texts])
    ids = predictor.tokens.ngram_ids(token_ids)
    shares = token_shares(predictor.scorer, ids, token_ids.lengths, predictor.tokens.ngram_rows)
    parts = np.split(shares, token_ids.offsets[1:-1])
    return [text.of_units(part[:, label]) for text, part, label in zip(texts, parts, labels, strict=True)]


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

    def __call__(self, texts: Sequence[ReadText], labels: Sequence[int], logits: NDArray[np.float64]) -> Shares:
        """Return (units,) for each text."""
        model = self._predictor.model
        of_network = [self.of_network(text, label) for text, label in zip(texts, labels, strict=True)]
        if self._predictor.scorer is None:
            return [own / model.temperature for own in of_network]
        of_ngrams = linear(self._predictor, texts, labels, logits)
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


Method = Callable[[Sequence[ReadText], Sequence[int], NDArray[np.float64]], Shares]

METHODS: dict[str, Callable[[Predictor], Method]] = {
    "leave-one-out": lambda predictor: partial(leave_one_out, predictor),
    "integrated-gradients": IntegratedGradients,
    "linear": lambda predictor: partial(linear, predictor),
}
DEFAULT_METHOD = "leave-one-out"
