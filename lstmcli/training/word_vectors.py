"""Word vectors that exist before training, and the rows of the embedding that start from them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import EmbeddingSettings
from lstmcli.errors import ConfigError
from lstmcli.models.embedding import INITIAL_STD
from lstmcli.store.compact import TABLE
from lstmcli.store.language_model import SavedLanguageModel
from lstmcli.text.vectors import read_vectors
from lstmcli.text.vocabulary import UNKNOWN_ID, Vocabulary

# The scale of word-vector files differs by a factor of ten, so vectors are rescaled to a fixed standard deviation.
# Trained vectors work best at the scale of random ones, which suits the optimizer's step size. Frozen vectors cannot
# grow and must be large from the start. Macro-F1 on the validation file of the CARER corpus: frozen, .72 with a
# standard deviation of 0.1, .83 with 0.4, .84 with 1.0; trained, .87 with the file's own 2.7, .91 with 0.1.
FROZEN_STD = 1.0

# Word vectors that cover less than this fraction of the training tokens are probably of another language.
LOW_COVERAGE = 0.1


@dataclass(frozen=True)
class PretrainedRows:
    """Pretrained vectors for a vocabulary.

    Attributes:
        vectors: (all words, size), 0 for words that the source lacks.
        known: (training words,), which of the training words the source has. They come first in the vocabulary.
        coverage: the fraction of the tokens in the training texts that the source has.
    """

    vectors: NDArray[np.float32]
    known: NDArray[np.bool_]
    coverage: float


@dataclass(frozen=True)
class EmbeddingRows:
    """The final vocabulary: first the `num_trained` words of the training texts, then those only in the source."""

    vocabulary: Vocabulary
    num_trained: int
    size: int
    pretrained: PretrainedRows | None

    def notes(self, source: "VectorSource | None") -> list[str]:
        """Return notes on the `source` of the vectors: what was skipped, and whether it fits the training texts."""
        if source is None or self.pretrained is None or self.pretrained.coverage >= LOW_COVERAGE:
            return [] if source is None else [*source.notes]
        share = f"only {self.pretrained.coverage:.1%} of the training tokens have a vector in {source.name}"
        return [*source.notes, f"{share}; is it of the same language?"]


@dataclass(frozen=True)
class VectorSource:
    """Word vectors that exist before training, without vectors for padding.

    Attributes:
        name: of the file or the run.
        words: the words that have a vector.
        matrix: (words, size).
        unknown: (size,), the vector of the unknown word, if the source has one.
        notes: sentences about what the source has that can't be used.
    """

    name: str
    words: list[str]
    matrix: NDArray[np.float32]
    unknown: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The width of a vector."""
        return int(self.matrix.shape[1])


def vectors_from_file(settings: EmbeddingSettings, *, lowercase: bool) -> VectorSource:
    """Read the file `settings.vectors` and rescale its vectors.

    Args:
        settings: the file, how much of it to read, and whether its vectors are frozen.
        lowercase: whether the tokenizer lower-cases, in which case the file's words are lower-cased too.

    Raises:
        DataError: the file can't be used.
    """
    normalize = str.lower if lowercase else str
    name = settings.vectors or ""
    file = read_vectors(Path(name), max_vectors=settings.max_vectors, normalize=normalize)
    # Tokens contain no white space, so entries with white space could never be looked up.
    is_usable = [bool(word) and not any(character.isspace() for character in word) for word in file.words]
    std = FROZEN_STD if settings.frozen else INITIAL_STD
    scale = np.float32(std / max(float(file.matrix.std()), 1e-12))
    words = [word for word, usable in zip(file.words, is_usable, strict=True) if usable]
    return VectorSource(name, words, scale * file.matrix[np.array(is_usable, dtype=bool)], notes=file.notes)


def vectors_from_language_model(model: SavedLanguageModel, name: str) -> VectorSource:
    """Return the vectors of a pretrained network without rescaling, since its layers were trained with them."""
    table = model.weights[TABLE].astype(np.float32)
    return VectorSource(name, model.vocabulary.words[2:], table[2:], unknown=table[1])


def vectors_from_teacher(words: list[str], vectors: NDArray[np.float32], size: int, name: str) -> VectorSource:
    """Return the vectors of a teacher for single words, reduced to their principal components.

    Args:
        words: distinct.
        vectors: (words, width), of each word alone.
        size: number of components to keep; further columns are 0 if the teacher's vectors are narrower.
        name: of the teacher.
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)  # in ascending order of variance
    components = centred @ axes[:, ::-1][:, :size]
    matrix = np.zeros((len(words), size), dtype=np.float32)
    matrix[:, : components.shape[1]] = components * (INITIAL_STD / max(float(components.std()), 1e-12))
    return VectorSource(name, words, matrix)


def check_width(settings: EmbeddingSettings, source: VectorSource) -> None:
    """Check that `settings.size` fits the source.

    Raises:
        ConfigError: it does not.
    """
    if settings.size not in {None, source.size}:
        raise ConfigError(
            f"embedding.size is {settings.size}, but the vectors in {source.name} have {source.size} dimensions; "
            "remove embedding.size."
        )


def embedding_rows(
    vocabulary: Vocabulary, token_counts: NDArray[np.int64], size: int, source: VectorSource | None
) -> EmbeddingRows:
    """Return the rows of the embedding and their width.

    Args:
        vocabulary: of the training texts.
        token_counts: (words,), how often each word occurs in the training texts.
        size: width of a word vector, if there is no source.
        source: of pretrained vectors, if any.
    """
    if source is None:
        return EmbeddingRows(vocabulary, len(vocabulary), size, None)
    extended = vocabulary.extended(source.words)
    return EmbeddingRows(extended, len(vocabulary), source.size, _rows(extended, len(vocabulary), source, token_counts))


def _rows(
    vocabulary: Vocabulary, num_trained: int, source: VectorSource, token_counts: NDArray[np.int64]
) -> PretrainedRows:
    row_of = {word: row for row, word in enumerate(source.words)}
    rows = np.array([row_of.get(word, -1) for word in vocabulary.words])
    rows[:2] = -1  # padding and the unknown word, even if the source has entries of these names
    vectors = np.zeros((len(rows), source.size), dtype=np.float32)
    vectors[rows >= 0] = source.matrix[rows[rows >= 0]]
    known = rows[:num_trained] >= 0
    coverage = float(token_counts[known].sum() / max(1, token_counts.sum()))
    if source.unknown is not None:
        vectors[UNKNOWN_ID], known[UNKNOWN_ID] = source.unknown, True
    return PretrainedRows(vectors, known, coverage)
