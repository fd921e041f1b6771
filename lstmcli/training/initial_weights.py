"""Initial weights of a new network: random, from a word-vector file, or from a language model."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lstmcli.config.model_settings import ModelSettings, OutputKind
from lstmcli.config.settings import Config
from lstmcli.errors import ConfigError, RunDirectoryError
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.models.language import LanguageModel, LanguageSizes
from lstmcli.models.pooling import POOLINGS
from lstmcli.store.language_model import SavedLanguageModel, read_language_model
from lstmcli.text.vocabulary import PAD_ID
from lstmcli.training.continued import Continued
from lstmcli.training.word_vectors import (
    EmbeddingRows,
    VectorSource,
    check_width,
    vectors_from_language_model,
)

SHAPE_KEYS = ("cell", "hidden_size", "bidirectional")

# Tokenizer settings without effect on pretraining: it never truncates texts, or else as its teacher does.
LENGTH_KEYS = ("max_tokens", "cut")


@dataclass(frozen=True)
class InitialWeights:
    """Initial word vectors, and the model they come from, if any, whose layers are used too.

    Attributes:
        source: of the word vectors.
        language_model: a pretrained network.
        continued: a trained model from which the training goes on.
    """

    source: VectorSource | None = None
    language_model: SavedLanguageModel | None = None
    continued: Continued | None = None

    @property
    def knows_sentences(self) -> bool:
        """Whether whole texts mean something to the network before it is trained."""
        return self.language_model is not None and self.language_model.knows_sentences

    def with_further_words(self, other: "InitialWeights") -> "InitialWeights":
        """Return these weights extended by the words that only `other` has, such as those of a vector file."""
        if self.source is None or other.source is None:
            return self
        known = set(self.source.words)
        rows = [row for row, word in enumerate(other.source.words) if word not in known]
        words = [*self.source.words, *(other.source.words[row] for row in rows)]
        matrix = np.concatenate([self.source.matrix, other.source.matrix[rows]])
        return replace(self, source=replace(self.source, words=words, matrix=matrix))


def start_from_run(path: Path, config: Config) -> InitialWeights:
    """Read the language model of a pretraining run.

    Raises:
        RunDirectoryError: there is none, or it is damaged.
        ConfigError: its shape or tokenizer differs from that of `config`; the message names every differing key.
    """
    found = read_language_model(path)
    if different := differences(found, config):
        raise ConfigError(
            f"model.pretrained: {path} was pretrained with different settings: {', '.join(different)}. Use the same "
            "settings here, or pretrain again."
        )
    return start_from(found, str(path), config)


def start_from(found: SavedLanguageModel, name: str, config: Config) -> InitialWeights:
    """Return the weights of a language model as a start, under a `name` to show.

    Raises:
        ConfigError: `embedding.size` differs from the width of its word vectors.
    """
    source = vectors_from_language_model(found, name)
    check_width(config.embedding, source)
    return InitialWeights(source, found)


def differences(found: SavedLanguageModel, config: Config) -> list[str]:
    """Return the settings of a language model, as KEY=VALUE, that are not those of `config` and must be.

    A `peephole` network can start from an `lstm`, since it equals one before it is trained.
    """
    keys = [("model", key, getattr(config.model, key), getattr(found.network, key)) for key in SHAPE_KEYS]
    keys += [
        ("tokenizer", key, value, getattr(found.tokenizer, key))
        for key, value in vars(config.tokenizer).items()
        if key not in LENGTH_KEYS
    ]
    if (config.model.cell, found.network.cell) == ("peephole", "lstm"):
        keys = [key for key in keys if key[1] != "cell"]
    return [f"{section}.{key}={_shown(theirs)}" for section, key, ours, theirs in keys if ours != theirs]


def _shown(value: object) -> str:
    """Return a value as it is written in a config."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def use_layers(model: Classifier | LanguageModel, language_model: SavedLanguageModel) -> None:
    """Copy the pretrained recurrent layers, and the pooling if it is of the same kind; all else stays random.

    Raises:
        RunDirectoryError: the pooling is not of this release.
    """
    num_layers = min(language_model.network.layers, len(model.recurrent.layers))
    prefixes = [f"recurrent.layers.{layer}." for layer in range(num_layers)]
    pooling = getattr(model, "pooling", None)
    if language_model.knows_sentences and isinstance(pooling, POOLINGS[language_model.network.pooling]):
        prefixes.append("pooling.")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.startswith(tuple(prefixes)) and not _is_new_peephole(name, language_model):
                parameter.copy_(_pretrained(language_model, name, tuple(parameter.shape)))


def _is_new_peephole(name: str, language_model: SavedLanguageModel) -> bool:
    return name.endswith(".weight_cell") and language_model.network.cell == "lstm"


def unpretrained(language_model: SavedLanguageModel, network: ModelSettings) -> list[str]:
    """Return notes on the parts of a network that start from random weights though they might not have to."""
    pretrained, notes = language_model.network, []
    if pretrained.layers < network.layers:
        notes.append(f"layers above layer {pretrained.layers} start from random weights")
    if language_model.knows_sentences and pretrained.pooling != network.pooling:
        notes.append(
            f"the network was pretrained with model.pooling={pretrained.pooling}; {network.pooling} pooling starts anew"
        )
    return notes


def _pretrained(language_model: SavedLanguageModel, name: str, shape: tuple[int, ...]) -> torch.Tensor:
    value = language_model.weights[name]
    if value.shape != shape:
        raise RunDirectoryError(f"model.pretrained: {name} has the shape {value.shape}, expected {shape}.")
    return torch.from_numpy(value)


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


def start_output(
    model: Classifier,
    targets: NDArray[np.bool_ | np.float32],
    kind: OutputKind,
    row_weights: NDArray[np.float64] | None = None,
) -> None:
    """Set the output's bias to the log odds (one label per text: the log probabilities) of the labels.

    Otherwise the first epochs would learn little else than which labels are rare. Source: Lin et al. 2017, "Focal Loss
    for Dense Object Detection", section 4.1.

    Args:
        model: the network.
        targets: (texts, labels), booleans or probabilities.
        kind: of the labels.
        row_weights: (texts,); None: all count as one.
    """
    weights = np.ones(len(targets)) if row_weights is None else row_weights
    counts = targets.sum(axis=0, dtype=np.float64) if row_weights is None else weights @ targets
    shares = (counts + 0.5) / (weights.sum() + 1.0)
    biases = np.log(shares) if kind == "single" else np.log(shares / (1.0 - shares))
    with torch.no_grad():
        model.output.bias.copy_(torch.from_numpy(biases))


def build_language_model(
    rows: EmbeddingRows,
    counts: NDArray[np.int64],
    network: ModelSettings,
    config: Config,
    language_model: SavedLanguageModel | None = None,
) -> LanguageModel:
    """Return a language model, with pretrained vectors and layers if there are any. Uses torch's random state.

    `counts` (words,) are the frequencies of the words.
    """
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
    if language_model is not None:
        use_layers(model, language_model)
    model.start_from(counts)
    return model
