"""The unlabelled texts of a pretraining: read, split, and encoded with a vocabulary of their own."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import TokenizerSettings
from lstmcli.config.settings import Config
from lstmcli.corpus.encode import EncodedTexts, TokenizedTexts, encode, encode_with_new_vocabulary
from lstmcli.corpus.plain_texts import read_texts
from lstmcli.corpus.texts import BLOCK_TEXTS, Texts
from lstmcli.corpus.token_segments import TokenSegments
from lstmcli.corpus.word_merge import encode_segments
from lstmcli.errors import DataError
from lstmcli.events import Tell, TextsHeldOut, VocabularyLearned
from lstmcli.text.token_ids import MAX_SHUFFLED_TEXTS, TokenIds
from lstmcli.text.vocabulary import UNKNOWN_ID, Vocabulary

MAX_VALIDATION_TEXTS = 2_000

MIN_KNOWN_TOKENS = 100


class NothingToLearnError(DataError):
    """The texts are too few or too short to learn from."""


@dataclass(frozen=True)
class Split:
    """The number of all texts, and the numbers of those held out, in ascending order; the others are to train on."""

    num_texts: int
    held_out: NDArray[np.int64]

    @property
    def num_train(self) -> int:
        """How many texts to train on."""
        return self.num_texts - len(self.held_out)

    @property
    def train(self) -> NDArray[np.int64]:
        """The numbers of the texts to train on, in ascending order."""
        return np.delete(np.arange(self.num_texts), self.held_out)


@dataclass(frozen=True)
class EncodedSplit:
    """Texts to train on, with their vocabulary, and texts to measure on."""

    train: EncodedTexts
    held_out: TokenIds


def read_unlabelled(config: Config, tell: Tell) -> Texts:
    """Read the texts of `pretraining.texts`, else those of `data.train`.

    Raises:
        DataError: see `read_texts`.
    """
    store, reports = read_texts(config.pretraining.texts or (config.data.train or "",), config.data, tell)
    for report in reports:
        tell(report)
    return Texts(store, range(len(store)))


def split_texts(num_texts: int, config: Config, *, measure: str, tell: Tell) -> Split:
    """Hold out texts on which `measure`, such as perplexity, is computed.

    Raises:
        NothingToLearnError: none would be left to train on.
    """
    num_held_out = min(max(1, round(config.pretraining.validation_fraction * num_texts)), MAX_VALIDATION_TEXTS)
    if num_held_out >= num_texts:
        raise NothingToLearnError(
            f"too few texts to learn from ({num_texts:,}), since at least one is held out to measure {measure}."
        )
    generator = np.random.default_rng(config.training.seed)
    if num_texts <= MAX_SHUFFLED_TEXTS:
        held_out = generator.permutation(num_texts)[:num_held_out]
    else:  # without a permutation of all
        held_out = generator.choice(num_texts, num_held_out, replace=False)
    split = Split(num_texts, np.sort(held_out))
    tell(TextsHeldOut(split.num_train, len(split.held_out), measure))
    return split


def encode_split(
    tokens: TokenizedTexts | TokenSegments,
    split: Split,
    config: Config,
    tokenizer: TokenizerSettings,
    *,
    known: Collection[str],
    in_pieces: bool,
    tell: Tell,
) -> EncodedSplit:
    """Learn the vocabulary of the texts to train on, and encode all; see `encode_with_new_vocabulary`.

    Segments are always encoded in pieces.

    Raises:
        NothingToLearnError: hardly any word is frequent enough.
    """
    if isinstance(tokens, TokenSegments):
        learned, held_out = encode_segments(
            tokens, split.held_out, config.vocabulary, max_tokens=tokenizer.max_tokens, known=known
        )
        _check_known(learned)
    else:
        learned = encode_with_new_vocabulary(
            tokens.having(split.train), tokenizer, config.vocabulary, known=known, in_pieces=in_pieces
        )
        _check_known(learned)
        held_out = encode(tokens.having(split.held_out), tokenizer, learned.vocabulary, in_pieces=in_pieces)
    counts = learned.counts
    tell(VocabularyLearned(len(learned.vocabulary), int(counts.sum()), float(counts[UNKNOWN_ID] / counts.sum())))
    return EncodedSplit(learned, held_out)


def _check_known(learned: EncodedTexts) -> None:
    num_known = int(learned.counts[UNKNOWN_ID + 1 :].sum())
    if num_known < MIN_KNOWN_TOKENS:
        raise NothingToLearnError(
            f"these texts have only {num_known:,} tokens of words frequent enough to learn from; at least "
            f"{MIN_KNOWN_TOKENS:,} are needed."
        )


def fingerprint(texts: Texts, vocabulary: Vocabulary, teacher: str = "") -> str:
    """Return a hash of the texts, the vocabulary and the digest of the teacher, if there is one."""
    digest = hashlib.sha256(texts.store.digest())
    for start in range(0, len(texts), BLOCK_TEXTS):
        digest.update(np.asarray(texts.numbers[start : start + BLOCK_TEXTS]).tobytes())
    digest.update(teacher.encode())
    digest.update(vocabulary.file_content().encode())
    return digest.hexdigest()
