"""Predicts probabilities and labels of texts with a saved model."""

from _thread import allocate_lock
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.errors import LstmcliError
from lstmcli.inference.batch_invariant import MAX_ROWS
from lstmcli.inference.gaps import Gaps
from lstmcli.inference.network import Network
from lstmcli.inference.one_thread import ONE_THREAD
from lstmcli.inference.tokens import KnownTokens
from lstmcli.inference.words import MAX_KEPT_BYTES
from lstmcli.metrics.decisions import DecisionRule, decision_scores, probabilities_from_logits
from lstmcli.ngrams.score import NgramScorer
from lstmcli.store.model import SavedModel, read_model
from lstmcli.text.token_ids import TokenIds, batches_by_length
from lstmcli.text.vocabulary import UNKNOWN_ID

# The most that one product takes. The command line repeats this default without loading this module; a test compares.
DEFAULT_BATCH_SIZE = MAX_ROWS

# Maximum number of token positions in a batch, so that long documents do not need much more memory.
MAX_BATCH_TOKENS = 32_768


class Predictions(NamedTuple):
    """`probabilities` and `decisions` are (texts, labels); `scores`, (texts,), are the confidence of each decision."""

    probabilities: NDArray[np.float64]
    decisions: NDArray[np.bool_]
    scores: NDArray[np.floating]

    @classmethod
    def of(cls, probabilities: NDArray[np.float64], rule: DecisionRule) -> "Predictions":
        """Return the decisions that `rule` derives from `probabilities`, (texts, labels)."""
        decisions = rule.decide(probabilities)
        return cls(probabilities, decisions, decision_scores(probabilities, decisions))


class StageAnswers(NamedTuple):
    """Which texts the first stage alone has answered, `is_first`, (texts,), and how many others it could have answered.

    These are `num_checked`, which the whole model has answered; `num_same` of them got the same prediction by both.
    `is_distilled` says whether the first stage is a network, rather than the n-grams.
    """

    is_first: NDArray[np.bool_]
    num_checked: int
    num_same: int
    is_distilled: bool = False


class Answers(NamedTuple):
    """What is predicted for texts, and `num_without_known_word`, the number of texts without a known word.

    `probabilities` are (texts, labels); of a model of scores, they are the scores. `stages` are those of a cascade.
    """

    probabilities: NDArray[np.float64]
    num_without_known_word: int
    stages: StageAnswers | None = None


class PartLogits(NamedTuple):
    """The logits of the networks (their mean) and of the n-grams, (texts, outputs) each; None for a model without.

    There is an output for each label; of ordered labels, one less.
    """

    network: NDArray[np.float64]
    ngrams: NDArray[np.float64] | None


class _Found(NamedTuple):
    """The probabilities of texts, (texts, labels); the logits of their n-grams; and whether a word is known, (texts,).

    The logits are those before they are combined with the network's, (texts, labels), or None without n-grams.
    """

    probabilities: NDArray[np.float64]
    ngram_logits: NDArray[np.float64] | None
    has_known_word: NDArray[np.bool_]

    def of_rows(self, rows: list[int]) -> "_Found":
        """Return what was found for the texts with these numbers, in their order."""
        ngrams = None if self.ngram_logits is None else self.ngram_logits[rows]
        return _Found(self.probabilities[rows], ngrams, self.has_known_word[rows])


class Predictor:
    """Predicts texts in batches. Row n of every result belongs to text n.

    Threads may share a predictor; they take turns, one call at a time. Its caches of words and tokens, tens of MB, are
    therefore filled once, not once per thread.

    Attributes:
        model: with which it predicts.
        scorer: of the n-grams; None for a model without.
    """

    def __init__(self, model: SavedModel, *, batch_size: int = DEFAULT_BATCH_SIZE) -> None:
        self.model = model
        self.scorer = None if model.ngrams is None else NgramScorer(model.ngrams)
        self._tokens = KnownTokens(model, self.scorer)
        self._batch_size = batch_size
        self._turn = allocate_lock()
        max_bytes = MAX_KEPT_BYTES // len(model.members)
        with ONE_THREAD:  # products must be tested under the conditions of prediction
            self._networks = [
                Network(model.network, weights, max_kept_bytes=max_bytes, word_guard=guard)
                for weights, guard in zip_longest(model.members, model.word_guards)
            ]

    @classmethod
    def open(cls, run: Path, *, batch_size: int = DEFAULT_BATCH_SIZE) -> "Predictor":
        """Open a run directory or a model folder.

        Raises:
            RunDirectoryError: see `read_model`.
        """
        return cls(read_model(run), batch_size=batch_size)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return (texts, labels)."""
        return self.answer(texts).probabilities

    def answer(self, texts: Sequence[str]) -> Answers:
        """Return the probabilities, and how many texts have no word that the model knows.

        Raises:
            LstmcliError: a probability is not a number.
        """
        found = self._find(texts)
        return Answers(found.probabilities, len(texts) - int(found.has_known_word.sum()))

    def scores_with_ngrams(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Return scores, and the standardised outputs of the n-grams alone, both (texts, scores), None without any."""
        found = self._find(texts)
        return found.probabilities, found.ngram_logits

    def predict_with_ngrams(self, texts: Sequence[str]) -> tuple[Predictions, NDArray[np.float64] | None]:
        """Return the predictions, and the logits of the n-grams alone, (texts, labels), if the model has n-grams."""
        found = self._find(texts)
        return Predictions.of(found.probabilities, self.model.rule), found.ngram_logits

    def _find(self, texts: Sequence[str]) -> _Found:
        distinct = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        with self.turn():
            found = self._of_distinct(list(distinct))
        self.refuse_damaged(found.probabilities)
        if len(distinct) != len(texts):
            found = found.of_rows([distinct[text] for text in texts])
        return found

    def refuse_damaged(self, found: NDArray[np.float64]) -> None:
        """Raise an LstmcliError if some probabilities, or scores, are not numbers."""
        if not np.isfinite(found).all():
            what = "probabilities" if self.model.scores is None else "scores"
            raise LstmcliError(f"the model computes {what} that are not numbers; its files may be damaged.")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Let one thread at a time compute, with one thread for the matrix library."""
        with self._turn, ONE_THREAD:
            try:
                yield
            except BaseException:  # Ctrl-C may have left a token half recorded
                self._tokens = KnownTokens(self.model, self.scorer)
                raise

    def _of_distinct(self, texts: list[str]) -> _Found:
        model = self.model
        if not texts:
            return _Found(np.empty((0, len(model.labels.names))), None, np.empty(0, dtype=bool))
        token_ids = self._tokens.encode(texts)
        has_known = self._tokens.has_known_word(token_ids)
        parts = self.part_logits(token_ids, self.row_outputs(texts))
        mixed = self.mixed(parts)
        if model.scores is not None:
            return _Found(mixed, parts.ngrams, has_known)
        probabilities = probabilities_from_logits(mixed, model.labels.output_kind, temperature=model.temperature)
        return _Found(probabilities, parts.ngrams, has_known)

    @property
    def tokens(self) -> KnownTokens:
        """The tokens known so far; needs a `turn`."""
        return self._tokens

    def row_outputs(self, texts: Sequence[str]) -> NDArray[np.float64] | None:
        """Return what the features beside the n-grams add to their logits, (texts, labels); None without any."""
        return None if self.model.features is None else self.model.features.outputs(texts)

    def part_logits(self, token_ids: TokenIds, of_rows: NDArray[np.float64] | None = None) -> PartLogits:
        """Return what each part says about texts of known tokens, with their `row_outputs`; needs a `turn`."""
        network = self.network_logits(token_ids)
        return PartLogits(network, self.ngram_logits(token_ids, of_rows))

    def ngram_logits(
        self, token_ids: TokenIds, of_rows: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64] | None:
        """Return what the n-grams say about texts of known tokens, with their `row_outputs`; needs a `turn`.

        None for a model without n-grams.
        """
        if self.scorer is None:
            return None
        ids = self._tokens.ngram_ids(token_ids)
        logits = self.scorer.logits(ids, token_ids.lengths, self._tokens.ngram_rows)
        return logits if of_rows is None else logits + of_rows

    def network_logits(self, token_ids: TokenIds) -> NDArray[np.float64]:
        """Return what the networks say about texts of known tokens; needs a `turn`."""
        return self.logits_of(self._networks, token_ids)

    def logits_of(self, networks: Sequence[Network], token_ids: TokenIds) -> NDArray[np.float64]:
        """Return what `networks`, which read the words of this model, say on average; otherwise as `network_logits`."""
        words = self._tokens.word_ids(token_ids)
        logits = np.empty((len(words), self.model.labels.num_outputs), dtype=np.float64)
        batch_size = self._batch_size * networks[0].most_rows // MAX_ROWS
        for rows in batches_by_length(words.lengths, batch_size=batch_size, max_tokens=MAX_BATCH_TOKENS):
            batch = words.joined(rows)
            logits[rows] = sum(network.logits(*batch) for network in networks) / len(networks)
        return logits

    def part_logits_with_gaps(
        self, token_ids: TokenIds, gaps: Gaps, of_rows: NDArray[np.float64] | None = None
    ) -> PartLogits:
        """Return what each part says about texts of known tokens without some of these, (gaps, labels); needs a `turn`.

        Without any token, a text is one unknown word. `of_rows` are the `row_outputs` of the texts.
        """
        left = gaps.left_in(token_ids, if_nothing=UNKNOWN_ID)
        lengths = token_ids.lengths
        is_whole_read = (lengths <= self.model.tokenizer.max_tokens) & self._networks[0].reads_gaps(lengths)
        is_shared = is_whole_read[gaps.texts] & (gaps.ends - gaps.starts < lengths[gaps.texts])
        network = np.empty((len(left), self.model.labels.num_outputs), dtype=np.float64)
        if is_shared.any():
            words, own = self._tokens.word_ids(token_ids).flat, gaps.of(is_shared)
            found = [each.logits_with_gaps(words, lengths, own) for each in self._networks]
            network[is_shared] = sum(found) / len(found)
        if not is_shared.all():
            others = np.flatnonzero(~is_shared)
            network[others] = self.network_logits(left.of(others))
        return PartLogits(network, self.ngram_logits(left, None if of_rows is None else of_rows[gaps.texts]))

    def mixed(self, parts: PartLogits) -> NDArray[np.float64]:
        """Return the logits of the whole model before they are divided by its temperature, (texts, outputs).

        Those of a model of scores are the scores.
        """
        if self.model.scores is not None:
            return self.model.scores.values(parts.network, parts.ngrams)
        if parts.ngrams is None:
            return parts.network
        share = self.model.ngram_share
        return (1.0 - share) * parts.network + share * parts.ngrams

    def predict(self, texts: Sequence[str], *, rule: DecisionRule | None = None) -> Predictions:
        """Return probabilities and the decisions that `rule` (default: the model's own) derives from them."""
        return Predictions.of(self.probabilities(texts), rule or self.model.rule)
