"""What the weights of a new network start from: chance, the word vectors of a file, or a language model."""

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
class EmbeddingRows:
    """The final vocabulary: first `num_trained` words of the training texts, then those that only the file has."""

    vocabulary: Vocabulary
    num_trained: int
    size: int
    pretrained: PretrainedRows | None


@dataclass(frozen=True)
class VectorSource:
    """Word vectors that exist before training. Rows 0 and 1 of a vocabulary, padding and the unknown word, are ours.

    Attributes:
        name: of the file or the run.
        words: that have a vector.
        matrix: (words, size).
        unknown: (size,), what the unknown word starts from, if the source knows.
    """

    name: str
    words: list[str]
    matrix: NDArray[np.float32]
    unknown: NDArray[np.float32] | None = None

    @property
    def size(self) -> int:
        """The width of a vector."""
        return int(self.matrix.shape[1])


def vectors_from_file(settings: EmbeddingSettings, *, lowercase: bool) -> VectorSource:
    """Read the file `settings.vectors` and bring its vectors to a common scale.

    Args:
        settings: file, limits, and whether the rows stay as they are.
        lowercase: whether the tokenizer folds case, so that the file's words must be folded too.

    Raises:
        DataError: the file can't be used.
    """
    normalize = str.lower if lowercase else str
    name = settings.vectors or ""
    file = read_vectors(Path(name), max_vectors=settings.max_vectors, normalize=normalize)
    # A vocabulary file has one word a line and tokens hold no white space: other entries could never be met.
    is_usable = [bool(word) and not any(character.isspace() for character in word) for word in file.words]
    std = FROZEN_STD if settings.frozen else INITIAL_STD
    scale = np.float32(std / max(float(file.matrix.std()), 1e-12))
    words = [word for word, usable in zip(file.words, is_usable, strict=True) if usable]
    return VectorSource(name, words, scale * file.matrix[np.array(is_usable, dtype=bool)])


def vectors_from_language_model(model: SavedLanguageModel, name: str) -> VectorSource:
    """Return the vectors of a pretrained network as they are: its layers are used to them."""
    table = model.weights[TABLE].astype(np.float32)
    return VectorSource(name, model.vocabulary.words[2:], table[2:], unknown=table[1])


def check_width(settings: EmbeddingSettings, source: VectorSource) -> None:
    """Compare the wanted width with that of the source.

    Raises:
        ConfigError: they differ.
    """
    if settings.size not in {None, source.size}:
        raise ConfigError(
            f"embedding.size is {settings.size}, but the vectors in {source.name} have {source.size} dimensions; "
            "remove embedding.size."
        )


def embedding_rows(
    vocabulary: Vocabulary, token_counts: NDArray[np.int64], size: int, source: VectorSource | None
) -> EmbeddingRows:
    """Decide rows and width.

    Args:
        vocabulary: of the training texts.
        token_counts: (words,) how often the training texts use each word.
        size: of a word vector.
        source: where rows start from, if not at random.
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
    rows[:2] = -1  # padding and the unknown word are ours, whatever the source says
    vectors = np.zeros((len(rows), source.size), dtype=np.float32)
    vectors[rows >= 0] = source.matrix[rows[rows >= 0]]
    known = rows[:num_trained] >= 0
    coverage = float(token_counts[known].sum() / max(1, token_counts.sum()))
    if source.unknown is not None:
        vectors[UNKNOWN_ID], known[UNKNOWN_ID] = source.unknown, True
    return PretrainedRows(vectors, known, coverage)


SHAPE_KEYS = ("cell", "hidden_size", "bidirectional")

# Of the tokenizer, what a pretraining has no use for: it reads long texts whole.
LENGTH_KEYS = ("max_tokens", "cut")


@dataclass(frozen=True)
class InitialWeights:
    """What a network starts from: word vectors, and layers where a language model gave both."""

    source: VectorSource | None = None
    language_model: SavedLanguageModel | None = None

    def with_further_words(self, other: "InitialWeights") -> "InitialWeights":
        """Return this start with the words of `other` that it lacks, such as those of a vector file."""
        if self.source is None or other.source is None:
            return self
        known = set(self.source.words)
        rows = [row for row, word in enumerate(other.source.words) if word not in known]
        words = [*self.source.words, *(other.source.words[row] for row in rows)]
        matrix = np.concatenate([self.source.matrix, other.source.matrix[rows]])
        return replace(self, source=replace(self.source, words=words, matrix=matrix))


def initial_weights(config: Config) -> InitialWeights:
    """Read what `model.pretrained` or `embedding.vectors` name.

    Raises:
        LstmcliError: it can't be used, or does not fit the config.
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
        ConfigError: its shape or its tokenizer is not that of `config`; the message names every key.
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
    """Return a value as a config would say it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def use_layers(model: Classifier, language_model: SavedLanguageModel) -> None:
    """Copy the pretrained recurrent layers into `model`; layers above them keep their random start."""
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
    """Return the network, with pretrained rows and layers where there are some. Draws from torch's random state."""
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
    """Return the network that predicts words that occur `counts` (words,) times. Draws from torch's random state."""
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
