"""What a language model expects: o[t] = softmax(V s[t]) over its vocabulary, in numpy.

V = E P, with the word vectors E and a matrix P for each direction, see `lstmcli.models.language`. The forward direction
predicts the next word, and the backward direction the previous one. The states may also be those of a classifier that
started from the language model: they are then shown as the words that they would still predict.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.errors import RunDirectoryError
from lstmcli.inference.one_thread import ONE_THREAD
from lstmcli.inspection.state_reader import StateReader
from lstmcli.store.compact import TABLE
from lstmcli.store.language_model import SavedLanguageModel
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.tokenizer import Tokenizer
from lstmcli.text.vocabulary import PAD_ID, UNKNOWN_ID, UNKNOWN_TOKEN

Array = NDArray[np.float64]

# The first word that can be predicted; there is no padding in a text.
FIRST_ID = PAD_ID + 1

# Texts that are read at the same time, and steps whose logits are in memory at the same time.
BATCH_TEXTS = 32
BLOCK_STEPS = 256


@dataclass(frozen=True)
class Guess:
    """A word and its probability."""

    word: str
    probability: float


@dataclass(frozen=True)
class ScoredText:
    """The surprisal of each word, in nats, given the words before it, and given those after it.

    NaN: there is none; in a network with one direction, that is all of `backward`.
    """

    words: tuple[str, ...]
    forward: Array
    backward: Array


@dataclass(frozen=True)
class Comparison:
    """The perplexities of a file with which that of a classifier can be compared.

    Attributes:
        language_model: with the states of the language model that it started from.
        frequencies: without any states, from the frequencies of words alone.
    """

    language_model: float
    frequencies: float


class NextWordModel:
    """Predicts words with a saved language model. Words without an output are unknown words to it."""

    def __init__(self, saved: SavedLanguageModel, name: str, reader: StateReader | None = None) -> None:
        """Prepare the output.

        Args:
            saved: the language model.
            name: the run, for messages.
            reader: computes states in place of the language model.

        Raises:
            RunDirectoryError: the model has no output over words.
        """
        weights, network = saved.weights, saved.network
        num_directions = 2 if network.bidirectional else 1
        names = [f"projections.{number}.weight" for number in range(num_directions)]
        table = weights[TABLE]
        shape = network.hidden_size, table.shape[1]
        if "bias" not in weights or any(each not in weights or weights[each].shape != shape for each in names):
            raise RunDirectoryError(f"{name}: this language model has no output over words.")
        num_words = len(weights["bias"])
        self.words = saved.vocabulary.words[:num_words]
        self._bias = weights["bias"][FIRST_ID:]
        self._tables = [table[FIRST_ID:num_words] @ weights[each].T for each in names]
        self._ids = {word: number for number, word in enumerate(self.words)}
        self._reader = reader or StateReader(network, weights, self._number)
        self._max_context = self._reader.chunk_tokens or saved.tokenizer.max_tokens
        self._max_tokens = saved.tokenizer.max_tokens
        self._tokenizer = Tokenizer.without_limit(saved.tokenizer)

    @property
    def is_bidirectional(self) -> bool:
        """Whether it predicts previous words, too."""
        return len(self._tables) == 2

    def words_of(self, text: str) -> list[str]:
        """Return the words of a text; a text without any is one unknown word."""
        return self._tokenizer(text) or [UNKNOWN_TOKEN]

    def is_known(self, word: str) -> bool:
        """Whether a word is one that can be predicted."""
        return word in self._ids and word != UNKNOWN_TOKEN

    def _number(self, word: str) -> int:
        return self._ids.get(word, UNKNOWN_ID)

    def following(self, words: Sequence[str]) -> Array:
        """Return the probability of each word to come next, (words - 1,): all but padding.

        A text longer than the network reads at once counts with its last words.
        """
        return self._after(self._reader.read([words[-self._max_context :]])[0][0][-1], 0)

    def preceding(self, words: Sequence[str]) -> Array:
        """Return the probability of each word to come before the text; see `following`."""
        return self._after(self._reader.read([words[: self._max_context]])[0][1][0], 1)

    def _after(self, state: Array, direction: int) -> Array:
        return _probabilities(self._logits(state, direction))

    def guesses_at_each(self, words: Sequence[str], most: int) -> Iterator[tuple[list[Guess], list[Guess]]]:
        """Yield for each word what is expected after it and before it; nothing before it with one direction."""
        for states in zip(*self._reader.read([words])[0], strict=True):
            found = [self.guesses(self._after(state, number), most) for number, state in enumerate(states)]
            yield found[0], found[1] if len(found) == 2 else []

    def guesses(self, probabilities: Array, most: int) -> list[Guess]:
        """Return the most probable words, equal ones in the order of the vocabulary."""
        order = np.argsort(-probabilities, kind="stable")[:most].tolist()
        return [Guess(self.words[FIRST_ID + place], float(probabilities[place])) for place in order]

    def sample(self, words: Sequence[str], num_words: int, *, seed: int, temperature: float) -> Iterator[str]:
        """Yield words drawn one after the other, each given all before it; the unknown word is never drawn.

        Args:
            words: to begin with.
            num_words: to draw.
            seed: the same one draws the same words.
            temperature: divides the logits. Below 1, probable words are drawn more often than they should be.
        """
        generator, so_far = np.random.default_rng(seed), list(words)
        for _ in range(num_words):
            logits = np.log(np.maximum(self.following(so_far), np.finfo(np.float64).tiny)) / temperature
            logits[UNKNOWN_ID - FIRST_ID] = -np.inf
            steps = np.cumsum(_probabilities(logits))
            place = min(int(np.searchsorted(steps, generator.random() * steps[-1], side="right")), len(steps) - 1)
            so_far.append(self.words[FIRST_ID + place])
            yield so_far[-1]

    def scores(self, texts: Sequence[str]) -> Iterator[list[ScoredText]]:
        """Yield for each text its pieces, split as in pretraining where it has more than `max_tokens` tokens."""
        for start in range(0, len(texts), BATCH_TEXTS):
            pieces, owners = [], []
            for number, text in enumerate(texts[start : start + BATCH_TEXTS]):
                words = self.words_of(text)
                for first in range(0, len(words), self._max_tokens):
                    pieces.append(words[first : first + self._max_tokens])
                    owners.append(number)
            scored = self._scored(pieces)
            for number in range(min(BATCH_TEXTS, len(texts) - start)):
                yield [each for each, owner in zip(scored, owners, strict=True) if owner == number]

    def _scored(self, pieces: Sequence[Sequence[str]]) -> list[ScoredText]:
        ids = TokenIds.from_texts([list(map(self._number, words)) for words in pieces])
        read = self._reader.read(pieces)
        starts, ends = ids.offsets[:-1], ids.offsets[1:]
        found = np.full((2, len(ids.flat)), np.nan)
        for number in range(len(self._tables)):
            states = np.concatenate([directions[number] for directions in read])
            # Forward, all words but the first have a state before them; backward, all but the last have one after them.
            targets = np.delete(np.arange(len(ids.flat)), starts if number == 0 else ends - 1)
            sources = targets - 1 if number == 0 else targets + 1
            found[number, targets] = self._surprisals(states[sources], ids.flat[targets] - FIRST_ID, number)
        return [
            ScoredText(tuple(words), found[0, start:end], found[1, start:end])
            for words, start, end in zip(pieces, starts.tolist(), ends.tolist(), strict=True)
        ]

    def without_states(self, scored: ScoredText) -> ScoredText:
        """Return what the surprisals would be from the frequencies of words alone."""
        nats = -np.log(_probabilities(self._bias.astype(np.float64)))
        own = nats[[self._number(word) - FIRST_ID for word in scored.words]]
        forward, backward = (np.where(np.isnan(each), np.nan, own) for each in (scored.forward, scored.backward))
        return ScoredText(scored.words, forward, backward)

    def _surprisals(self, states: Array, targets: NDArray[np.integer], direction: int) -> Array:
        found = np.empty(len(states))
        for start in range(0, len(states), BLOCK_STEPS):
            steps = slice(start, start + BLOCK_STEPS)
            logits = self._logits(states[steps], direction)
            right = logits[np.arange(len(logits)), targets[steps]]
            highest = logits.max(axis=1)
            found[steps] = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest - right
        return found

    def _logits(self, states: Array, direction: int) -> Array:
        """Return V s + bias, (..., words - 1), for states (..., hidden), multiplied in float32 as in training."""
        with ONE_THREAD:
            logits = states.astype(np.float32) @ self._tables[direction].T + self._bias
        return logits.astype(np.float64)


def _probabilities(logits: Array) -> Array:
    """Return the softmax of `logits` (words,)."""
    exponentials = np.exp(logits - logits.max())
    probabilities: Array = exponentials / exponentials.sum()
    return probabilities


def perplexity(surprisals: Array) -> float | None:
    """Return exp(mean) of those that are there; None without any."""
    found = surprisals[~np.isnan(surprisals)]
    return math.exp(min(float(found.mean()), 700.0)) if len(found) else None
