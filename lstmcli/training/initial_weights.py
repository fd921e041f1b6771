"""Initial weights of a new network: random, from a word-vector file, or from a language model."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import Config, EmbeddingSettings
from lstmcli.errors import ConfigError
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.models.embedding import INITIAL_STD
from lstmcli.models.language import LanguageModel, LanguageSizes, language_layers
from lstmcli.store.language_model import TABLE, SavedLanguageModel, read_language_model
from lstmcli.text.vectors import read_vectors
from lstmcli.text.vocabulary import PAD_ID, UNKNOWN_ID, Vocabulary

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


SHAPE_KEYS = ("cell", "hidden_size", "bidirectional")

# Tokenizer settings without effect on pretraining, which never truncates texts.
LENGTH_KEYS = ("max_tokens", "cut")


@dataclass(frozen=True)
class InitialWeights:
    """Initial word vectors, and the language model they come from, if any, whose layers are used too."""

    source: VectorSource | None = None
    language_model: SavedLanguageModel | None = None

    def with_further_words(self, other: "InitialWeights") -> "InitialWeights":
        """Return these weights extended by the words that only `other` has, such as those of a vector file."""
        if self.source is None or other.source is None:
            return self
        known = set(self.source.words)
        rows = [row for row, word in enumerate(other.source.words) if word not in known]
        words = [*self.source.words, *(other.source.words[row] for row in rows)]
        matrix = np.concatenate([self.source.matrix, other.source.matrix[rows]])
        return replace(self, source=replace(self.source, words=words, matrix=matrix))


def initial_weights(config: Config) -> InitialWeights:
    """Read the run or file that `model.pretrained` or `embedding.vectors` names.

    Raises:
        LstmcliError: it can't be used, or does not match the config.
    """
    if config.model.pretrained is not None:
        return start_from_run(Path(config.model.pretrained), config)
    if config.embedding.vectors is None:
        return InitialWeights()
    source = vectors_from_file(config.embedding, lowercase=config.tokenizer.lowercase)
    check_width(config.embedding, source)
    return InitialWeights(source)


def start_from_run(path: Path, config: Config) -> InitialWeights:
    """Read the language model of a pretraining run.

    Raises:
        RunDirectoryError: there is none, or it is damaged.
        ConfigError: its shape or tokenizer differs from that of `config`; the message names every differing key.
    """
    found = read_language_model(path)
    keys = [("model", key, getattr(config.model, key), getattr(found.network, key)) for key in SHAPE_KEYS]
    keys += [
        ("tokenizer", key, value, getattr(found.tokenizer, key))
        for key, value in vars(config.tokenizer).items()
        if key not in LENGTH_KEYS
    ]
    different = [f"{section}.{key} was {_shown(theirs)}" for section, key, ours, theirs in keys if ours != theirs]
    if different:
        raise ConfigError(
            f"model.pretrained: {path} was pretrained with different settings: {'; '.join(different)}. Use the same "
            "settings here, or pretrain again."
        )
    source = vectors_from_language_model(found, str(path))
    check_width(config.embedding, source)
    return InitialWeights(source, found)


def _shown(value: object) -> str:
    """Return a value as it is written in a config."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def use_layers(model: Classifier, language_model: SavedLanguageModel) -> None:
    """Copy the pretrained recurrent layers into `model`; the layers above keep their random weights."""
    num_layers = min(language_layers(language_model.network), len(model.recurrent.layers))
    parameters = dict(model.named_parameters())
    prefixes = tuple(f"recurrent.layers.{layer}." for layer in range(num_layers))
    with torch.no_grad():
        for name, value in language_model.weights.items():
            if name.startswith(prefixes):
                parameters[name].copy_(torch.from_numpy(value))


def build_classifier(
    rows: EmbeddingRows,
    num_labels: int,
    network: ModelSettings,
    config: Config,
    language_model: SavedLanguageModel | None = None,
) -> Classifier:
    """Return the network, with pretrained vectors and layers if there are any. Uses torch's random state."""
    sizes = Sizes(
        num_words=rows.num_trained,
        embedding_size=rows.size,
        num_labels=num_labels,
        pad_id=PAD_ID,
    )
    training = config.training
    model = Classifier(
        sizes,
        network,
        config.dropout,
        engine=training.engine,
        bptt_steps=training.bptt_steps,
        threads=training.threads,
    )
    model.embedding.sparse = config.embedding.updates == "rows"
    if rows.pretrained is not None:
        model.embedding.set_vectors(rows.pretrained.vectors, rows.pretrained.known, frozen=config.embedding.frozen)
    if language_model is not None:
        use_layers(model, language_model)
    return model


def build_language_model(
    rows: EmbeddingRows, counts: NDArray[np.int64], network: ModelSettings, config: Config
) -> LanguageModel:
    """Return a new language model; `counts` (words,) are the frequencies of the words. Uses torch's random state."""
    model = LanguageModel(
        LanguageSizes(rows.num_trained, rows.size, PAD_ID),
        network,
        config.pretraining.dropout,
        engine=config.training.engine,
        bptt_steps=config.pretraining.bptt_steps,
        threads=config.training.threads,
    )
    model.embedding.sparse = config.embedding.updates == "rows"
    if rows.pretrained is not None:
        vectors = rows.pretrained.vectors[: rows.num_trained]
        model.embedding.set_vectors(vectors, rows.pretrained.known, frozen=config.embedding.frozen)
    model.start_from(counts)
    return model
