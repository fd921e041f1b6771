"""How faithful methods are: a label's probability without the words that they name, and with these alone.

Comprehensiveness is the fall of the probability when the words with the largest shares are left out (more is better),
sufficiency the fall when only these are kept (less is better). Both are means over the parts PARTS of the words, the
area over the perturbation curve (AOPC). Source: DeYoung et al. 2020, "ERASER", arXiv 1911.03429.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.errors import DataError
from lstmcli.explanation.attention import attention_shares
from lstmcli.explanation.explainer import Explainer
from lstmcli.explanation.methods import METHODS, Method
from lstmcli.explanation.reading import ReadText, joined
from lstmcli.explanation.removal import MAX_VERSION_TOKENS, Block, mixed_logits
from lstmcli.explanation.target import Labels
from lstmcli.inference.predictor import Predictions, Predictor
from lstmcli.metrics.decisions import probabilities_from_logits

Floats = NDArray[np.float64]

PARTS = (0.01, 0.05, 0.1, 0.2, 0.5)

NUM_SAMPLES = 1000
SEED = 1

RANDOM, ATTENTION = "random", "attention"

BLOCK_TEXTS = 256


@dataclass(frozen=True)
class Interval:
    """A mean over texts, and its bootstrap interval of 95%."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class MethodFaithfulness:
    """Both measures of a method."""

    method: str
    comprehensiveness: Interval
    sufficiency: Interval


@dataclass(frozen=True)
class Faithfulness:
    """The methods, and the number of texts on which they are compared: those with at least two words."""

    num_texts: int
    methods: tuple[MethodFaithfulness, ...]


def compare(predictor: Predictor, texts: Sequence[str], *, name: str = "the texts") -> Faithfulness:
    """Compare all methods that the model allows, attention weights and random numbers.

    Args:
        predictor: whose predictions are explained.
        texts: of which those with at least two words are used.
        name: of their file, for messages.

    Raises:
        DataError: no text has two words.
    """
    explainer = Explainer(predictor)
    methods: dict[str, Method] = {
        each: make(predictor) for each, make in METHODS.items() if each != "linear" or predictor.scorer
    }
    if predictor.model.network.pooling == "attention":
        methods[ATTENTION] = attention_shares(predictor)
    generator = np.random.default_rng(SEED)
    methods[RANDOM] = lambda block: [generator.random(text.num_units) for text in block.texts]
    found: dict[str, list[Floats]] = {method: [] for method in methods}
    distinct = list(dict.fromkeys(texts))
    for start in range(0, len(distinct), BLOCK_TEXTS):
        with predictor.turn():
            read = [text for text in explainer.read(distinct[start : start + BLOCK_TEXTS]) if text.num_units > 1]
            if read:
                for method, values in _block(predictor, explainer, read, methods).items():
                    found[method].append(values)
    if not found[RANDOM]:
        raise DataError(f"{name}: no text has two words, so none can be left out; name a file with longer texts.")
    return _summary({method: np.concatenate(values, axis=1) for method, values in found.items()})


def _block(
    predictor: Predictor,
    explainer: Explainer,
    read: Sequence[ReadText],
    methods: Mapping[str, Method],
) -> dict[str, Floats]:
    """Return both measures of each text, (2, texts), for each method."""
    model = predictor.model
    of_rows = predictor.row_outputs([text.text for text in read])
    logits = mixed_logits(predictor, joined([text.ids for text in read]), of_rows)
    probabilities = probabilities_from_logits(logits, model.labels.output_kind)
    labels = explainer.labels_of(Predictions.of(probabilities, model.rule))
    block = Block(predictor, read, labels, logits)
    whole = probabilities[np.arange(len(read)), labels]
    return {
        name: np.stack([whole - np.array(each) for each in _without_and_with(predictor, read, labels, method(block))])
        for name, method in methods.items()
    }


def _without_and_with(
    predictor: Predictor, read: Sequence[ReadText], labels: Labels, shares: Sequence[Floats]
) -> tuple[list[float], list[float]]:
    """Return the mean probability of the label without the strongest words, and with these alone, for each text."""
    versions = [text.kept(_masks(own)) for text, own in zip(read, shares, strict=True)]
    num_parts = len(PARTS)
    of_rows = predictor.row_outputs([text.text for text in read])
    if of_rows is not None:
        of_rows = np.repeat(of_rows, 2 * num_parts, axis=0)
    found = _probabilities(predictor, [each for own in versions for each in own], of_rows)
    by_text = found.reshape(len(read), 2 * num_parts, -1)
    own = by_text[np.arange(len(read)), :, labels]
    return own[:, :num_parts].mean(axis=1).tolist(), own[:, num_parts:].mean(axis=1).tolist()


def _masks(shares: Floats) -> NDArray[np.bool_]:
    """Return which units are kept, (2 * parts, units): first all but the strongest, then these alone."""
    rank = np.empty(len(shares), dtype=np.int64)
    rank[np.argsort(-shares, kind="stable")] = np.arange(len(shares))
    counts = np.ceil(np.array(PARTS) * len(shares))
    is_strong = rank < counts[:, None]
    return np.concatenate([~is_strong, is_strong])


def _probabilities(predictor: Predictor, texts: Sequence[NDArray[np.integer]], of_rows: Floats | None) -> Floats:
    """Return (texts, labels) of texts given as tokens, with their `row_outputs`."""
    found, start = [], 0
    while start < len(texts):
        end, num_tokens = start, 0
        while end < len(texts) and (end == start or num_tokens + len(texts[end]) <= MAX_VERSION_TOKENS):
            num_tokens += len(texts[end])
            end += 1
        own = None if of_rows is None else of_rows[start:end]
        found.append(mixed_logits(predictor, joined(texts[start:end]), own))
        start = end
    return probabilities_from_logits(np.concatenate(found), predictor.model.labels.output_kind)


def _summary(found: Mapping[str, Floats]) -> Faithfulness:
    num_texts = next(iter(found.values())).shape[1]
    generator = np.random.default_rng(SEED)
    samples = generator.integers(num_texts, size=(NUM_SAMPLES, num_texts))
    rows = []
    for name, values in found.items():
        comprehensiveness, sufficiency = (_interval(each, samples) for each in values)
        rows.append(MethodFaithfulness(name, comprehensiveness, sufficiency))
    return Faithfulness(num_texts, tuple(rows))


def _interval(values: Floats, samples: NDArray[np.int64]) -> Interval:
    means = values[samples].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975]).tolist()
    return Interval(float(values.mean()), low, high)
