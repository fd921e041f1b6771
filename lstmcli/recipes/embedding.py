"""Vocabulary and word vectors meet: which words get rows, and which rows start from a file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import EmbeddingSettings
from lstmcli.errors import ConfigError
from lstmcli.models.embedding import INITIAL_STD
from lstmcli.text.vectors import WordVectors, read_vectors
from lstmcli.text.vocabulary import Vocabulary

DEFAULT_SIZE = 200

# Files differ in scale by a factor of ten, so their rows are brought to a standard deviation. Rows that are trained
# suit the optimizer's steps when they start as small as random ones; rows that stay must be as large as the cells like
# them. Measured on the validation file of the CARER corpus, macro-F1: frozen .72 with 0.1, .83 with 0.4, .84 with 1.0;
# trained .87 with the file's own 2.7, .91 with 0.1.
FROZEN_STD = 1.0


@dataclass(frozen=True)
class PretrainedRows:
    """Vectors for a vocabulary. `vectors` (all words, size) are 0 where the file lacks the word.

    `known` (training words,) says which of the first `len(known)` words, those of the training texts, the file has.
    `coverage` is the share of the training texts' tokens that it has.
    """

    vectors: NDArray[np.float32]
    known: NDArray[np.bool_]
    coverage: float


@dataclass(frozen=True)
class EmbeddingPlan:
    """The final vocabulary: first `num_trained` words of the training texts, then those that only the file has."""

    vocabulary: Vocabulary
    num_trained: int
    size: int
    pretrained: PretrainedRows | None


def plan_embedding(
    vocabulary: Vocabulary, token_counts: NDArray[np.int64], settings: EmbeddingSettings, *, lowercase: bool
) -> EmbeddingPlan:
    """Decide rows and width, reading the vector file if there is one.

    Args:
        vocabulary: of the training texts.
        token_counts: (words,) how often the training texts use each word.
        settings: width, file and limits.
        lowercase: whether the tokenizer folds case, so that the file's words must be folded too.

    Raises:
        ConfigError: `embedding.size` is not the file's width.
        DataError: the file can't be used.
    """
    if settings.vectors is None:
        return EmbeddingPlan(vocabulary, len(vocabulary), settings.size or DEFAULT_SIZE, None)
    normalize = str.lower if lowercase else str
    file = read_vectors(Path(settings.vectors), max_vectors=settings.max_vectors, normalize=normalize)
    if settings.size not in {None, file.size}:
        raise ConfigError(
            f"embedding.size is {settings.size}, but the vectors in {settings.vectors} have {file.size} numbers; "
            "leave embedding.size out."
        )
    # A vocabulary file has one word a line and tokens hold no white space: other entries could never be met.
    usable = [word for word in file.words if word and not any(character.isspace() for character in word)]
    extended = vocabulary.extended(usable)
    rows = _rows(extended, len(vocabulary), file, token_counts, std=FROZEN_STD if settings.frozen else INITIAL_STD)
    return EmbeddingPlan(extended, len(vocabulary), file.size, rows)


def _rows(
    vocabulary: Vocabulary, num_trained: int, file: WordVectors, token_counts: NDArray[np.int64], *, std: float
) -> PretrainedRows:
    row_of = {word: row for row, word in enumerate(file.words)}
    rows = np.array([row_of.get(word, -1) for word in vocabulary.words])
    rows[:2] = -1  # padding and the unknown word are ours, whatever the file says
    scale = np.float32(std / max(float(file.matrix.std()), 1e-12))
    vectors = np.where(rows[:, None] >= 0, scale * file.matrix[rows], np.float32(0.0))
    known = rows[:num_trained] >= 0
    coverage = float(token_counts[known].sum() / max(1, token_counts.sum()))
    return PretrainedRows(vectors, known, coverage)
