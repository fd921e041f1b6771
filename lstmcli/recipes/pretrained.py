"""Starting a classifier from the words and layers of a pretraining run."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from lstmcli.config.settings import Config
from lstmcli.errors import ConfigError
from lstmcli.models.classifier import Classifier
from lstmcli.models.language import language_layers
from lstmcli.store.language_model import SavedLanguageModel, read_language_model
from lstmcli.training.initial_weights import VectorSource, check_width, vectors_from_file, vectors_from_language_model

SHAPE_KEYS = ("cell", "hidden_size", "bidirectional")

# Of the tokenizer, what a pretraining has no use for: it reads long texts whole.
LENGTH_KEYS = ("max_tokens", "cut")


@dataclass(frozen=True)
class Start:
    """What a network starts from: word vectors, and layers where a language model gave both."""

    source: VectorSource | None = None
    language_model: SavedLanguageModel | None = None

    def with_further_words(self, other: "Start") -> "Start":
        """Return this start with the words of `other` that it lacks, such as those of a vector file."""
        if self.source is None or other.source is None:
            return self
        known = set(self.source.words)
        rows = [row for row, word in enumerate(other.source.words) if word not in known]
        words = [*self.source.words, *(other.source.words[row] for row in rows)]
        matrix = np.concatenate([self.source.matrix, other.source.matrix[rows]])
        return replace(self, source=replace(self.source, words=words, matrix=matrix))


def starting_point(config: Config) -> Start:
    """Read what `model.pretrained` or `embedding.vectors` name.

    Raises:
        LstmcliError: it can't be used, or does not fit the config.
    """
    if config.model.pretrained is not None:
        return start_from_run(Path(config.model.pretrained), config)
    if config.embedding.vectors is None:
        return Start()
    source = vectors_from_file(config.embedding, lowercase=config.tokenizer.lowercase)
    check_width(config.embedding, source)
    return Start(source)


def start_from_run(path: Path, config: Config) -> Start:
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
            f"model.pretrained: {path} was pretrained with other settings: {'; '.join(different)}. Set the same here, "
            "or pretrain again."
        )
    source = vectors_from_language_model(found, str(path))
    check_width(config.embedding, source)
    return Start(source, found)


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
