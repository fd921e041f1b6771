"""Ways of dividing what a model says about a label among the words of a text; one line each in METHODS."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import ModelSettings
from lstmcli.data.sealed import RowGuard
from lstmcli.errors import UsageError
from lstmcli.explanation.decomposition import DecomposedText
from lstmcli.explanation.gradients import GradientNetwork, integrated
from lstmcli.explanation.network import ReadNetwork
from lstmcli.explanation.reading import ReadText, Shares, joined
from lstmcli.explanation.removal import Block, leave_one_out, without_and_alone
from lstmcli.explanation.target import in_unit_of_score
from lstmcli.inference.predictor import Predictor
from lstmcli.kernels.weights import Weights
from lstmcli.ngrams.score import NgramScorer
from lstmcli.ngrams.shares import token_shares
from lstmcli.text.tokenizer import cut

Values = NDArray[np.float64]


def linear(predictor: Predictor, scorer: NgramScorer, block: Block) -> Shares:
    """Return the shares of each unit in the logit of the n-grams, which add up to it less the intercept.

    Of scores, they are shares in what the n-grams add to the score.
    """
    token_ids = joined([text.ids for text in block.texts])
    ids = predictor.tokens.ngram_ids(token_ids)
    shares = token_shares(scorer, ids, token_ids.lengths, predictor.tokens.ngram_rows)
    parts = np.split(shares, token_ids.offsets[1:-1])
    each = zip(block.texts, parts, block.labels.tolist(), block.outputs, strict=True)
    scores = predictor.model.scores
    return [
        text.of_units(_weighted(part.T, outputs) * in_unit_of_score(scores, "ngrams", 1.0, label))
        for text, part, label, outputs in each
    ]


def _weighted(shares: Mapping[int, Values] | Values, outputs: Sequence[tuple[int, float]]) -> Values:
    """Add up the shares of outputs, each with its weight."""
    (first, weight), *others = outputs
    found = weight * shares[first]
    for output, weight in others:
        found = found + weight * shares[output]
    return found


class _Mixed(ABC):
    """Shares of the network, and exact ones of the n-grams, mixed as the logits are."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def __call__(self, block: Block) -> Shares:
        """Return (units,) for each text."""
        model = self._predictor.model
        of_network = [
            _weighted({output: self.of_network(text, output) for output, _ in outputs}, outputs)
            for text, outputs in zip(block.texts, block.outputs, strict=True)
        ]
        scorer = self._predictor.scorer
        if model.scores is not None:
            return self._of_scores(block, of_network)
        if scorer is None:
            return [own / model.temperature for own in of_network]
        of_ngrams = linear(self._predictor, scorer, block)
        share = model.ngram_share
        return [
            ((1.0 - share) * own + share * other) / model.temperature
            for own, other in zip(of_network, of_ngrams, strict=True)
        ]

    def _of_scores(self, block: Block, of_network: Shares) -> Shares:
        """Return the shares in the scores, in their own units, from those in the outputs of the networks."""
        scores, labels = self._predictor.model.scores, block.labels.tolist()
        shares = [
            own * in_unit_of_score(scores, "network", 1.0, label) for own, label in zip(of_network, labels, strict=True)
        ]
        scorer = self._predictor.scorer
        if scorer is None:
            return shares
        return [own + other for own, other in zip(shares, linear(self._predictor, scorer, block), strict=True)]

    @abstractmethod
    def of_network(self, text: ReadText, label: int) -> NDArray[np.float64]:
        """Return the shares in an output of the networks, (units,), the mean of all networks."""

    def read(self, text: ReadText) -> tuple[NDArray[np.integer], list[int]]:
        """Return the ids of the tokens that the network reads, and where they are in the text."""
        tokenizer = self._predictor.model.tokenizer
        ids = self._predictor.tokens.word_ids(joined([text.ids])).flat
        return ids, cut(list(range(len(text.ids))), max_tokens=tokenizer.max_tokens, keep=tokenizer.cut)


class IntegratedGradients(_Mixed):
    """Returns shares that add up to the logit of the label, less that of as many unknown words without n-grams.

    The network's part is its gradient along the way from the vector of the unknown word to those of the words, that of
    the n-grams is exact.
    Source: Sundararajan, Taly and Yan 2017, "Axiomatic Attribution for Deep Networks", arXiv 1703.01365.
    """

    def __init__(self, predictor: Predictor) -> None:
        super().__init__(predictor)
        self._networks = [GradientNetwork(*parts) for parts in _members(predictor)]

    def of_network(self, text: ReadText, label: int) -> NDArray[np.float64]:
        """Return the shares in the logit of the networks, (units,), the mean of all networks."""
        ids, places = self.read(text)
        shares = np.zeros(len(text.ids))
        shares[places] = sum(integrated(network, ids, label)[0] for network in self._networks) / len(self._networks)
        return text.of_units(shares)


class ContextualDecomposition(_Mixed):
    """Returns the part of the logit of the label that stems from each unit; see `decomposition`.

    The network's part depends on the context but belongs to one unit alone, so parts do not add up to the logit: what
    several units do together belongs to none of them. That of the n-grams is exact.
    """

    def __init__(self, predictor: Predictor) -> None:
        super().__init__(predictor)
        self._networks = [ReadNetwork(*parts) for parts in _members(predictor)]

    def of_network(self, text: ReadText, label: int) -> NDArray[np.float64]:
        """Return the shares in the logit of the networks, (units,), the mean of all networks."""
        return self.of_choices(text, np.eye(text.num_units, dtype=np.bool_), label)

    def of_choices(self, text: ReadText, choices: NDArray[np.bool_], label: int) -> NDArray[np.float64]:
        """Return the same for the units of each choice taken as one, (choices,); `choices` is (choices, units)."""
        if not len(choices):
            return np.zeros(0)
        ids, places = self.read(text)
        masks = choices[:, text.units[places]]
        parts = [DecomposedText(network, ids).shares(masks, label) for network in self._networks]
        return np.asarray(sum(parts) / len(parts))


def _members(predictor: Predictor) -> Iterator[tuple[ModelSettings, Weights, RowGuard | None]]:
    model = predictor.model
    for weights, guard in zip_longest(model.members, model.word_guards):
        yield model.network, weights, guard


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
    "contextual-decomposition": ContextualDecomposition,
    "linear": _of_ngrams,
}
DEFAULT_METHOD = "without-and-alone"
