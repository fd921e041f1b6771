"""The folder `language_model/` of a pretraining run: everything that a training needs to start from it.

    language_model.json  format version, shape of the network, tokenizer settings, perplexity
    vocabulary.txt       one word per line; line n (from 0) is token id n
    weights.safetensors  float32

Reading runs no code from the folder and opens only these names.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from lstmcli import __version__
from lstmcli.config.model_settings import ModelSettings, TokenizerSettings
from lstmcli.errors import RunDirectoryError
from lstmcli.kernels.weights import Weights
from lstmcli.store.checks import check_layers, check_values
from lstmcli.store.layout import (
    CONFIG_FILE,
    LANGUAGE_DESCRIPTION_FILE,
    LANGUAGE_FOLDER,
    MODEL_FOLDER,
    VOCABULARY_FILE,
    WEIGHTS_FILE,
)
from lstmcli.text.vocabulary import Vocabulary

FORMAT_VERSION: Final = 1

TABLE = "embedding.weight"


@dataclass(frozen=True)
class SavedLanguageModel:
    """A pretrained network as data.

    Attributes:
        network: its shape; `layers` are those that were pretrained.
        tokenizer: how its texts were tokenised.
        vocabulary: of its texts.
        perplexity: per word, on held-out texts.
        weights: by parameter name; `embedding.weight` (words, size) and `recurrent.layers...` as in a classifier.
    """

    network: ModelSettings
    tokenizer: TokenizerSettings
    vocabulary: Vocabulary
    perplexity: float
    weights: Weights


def write_language_model(folder: Path, model: SavedLanguageModel) -> None:
    """Write the files into an existing folder."""
    description = {
        "format_version": FORMAT_VERSION,
        "written_by": f"lstmcli {__version__}",
        "network": asdict(model.network),
        "tokenizer": asdict(model.tokenizer),
        "perplexity": model.perplexity,
    }
    content = json.dumps(description, indent=2, ensure_ascii=False) + "\n"
    (folder / LANGUAGE_DESCRIPTION_FILE).write_text(content, encoding="utf-8")
    (folder / VOCABULARY_FILE).write_text(model.vocabulary.file_content(), encoding="utf-8", newline="\n")
    save_file(model.weights, folder / WEIGHTS_FILE)


def read_language_model(run: Path) -> SavedLanguageModel:
    """Read the language model of a pretraining run.

    Raises:
        RunDirectoryError: there is none, it is damaged, or a newer lstmcli wrote it.
    """
    folder = run / LANGUAGE_FOLDER
    if not (folder / LANGUAGE_DESCRIPTION_FILE).is_file():
        raise RunDirectoryError(_what_is_missing(run))
    try:
        description = json.loads((folder / LANGUAGE_DESCRIPTION_FILE).read_text(encoding="utf-8"))
        if description["format_version"] > FORMAT_VERSION:
            raise RunDirectoryError(
                f"{folder}: was written by {description.get('written_by', 'a newer lstmcli')}; this is lstmcli "
                f"{__version__}. Upgrade lstmcli."
            )
        content = (folder / VOCABULARY_FILE).read_bytes().decode("utf-8")
        return _build(description, Vocabulary.from_file_content(content), load_file(folder / WEIGHTS_FILE))
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise RunDirectoryError(f"{folder}: is damaged ({error}); pretrain again.") from None


def _build(description: dict[str, Any], vocabulary: Vocabulary, weights: Weights) -> SavedLanguageModel:
    network = ModelSettings(**description["network"])
    tokenizer = TokenizerSettings.stored(description["tokenizer"])
    check_values(network)
    check_values(tokenizer)
    if weights[TABLE].shape[0] != len(vocabulary):
        raise ValueError(f"{len(vocabulary)} words and vectors of shape {weights[TABLE].shape}")
    check_layers(network, weights[TABLE].shape[1], weights)
    return SavedLanguageModel(network, tokenizer, vocabulary, float(description["perplexity"]), weights)


def _what_is_missing(run: Path) -> str:
    if not run.is_dir():
        return f"{run}: no such run directory (model.pretrained). `lstmcli pretrain` writes one."
    if (run / MODEL_FOLDER).is_dir():
        return f"{run}: holds a classifier, not a language model; set model.pretrained to a run of `lstmcli pretrain`."
    if (run / CONFIG_FILE).is_file():
        return f"{run}: holds an unfinished pretraining; resume it with `lstmcli pretrain --resume --run-dir {run}`."
    return f"{run}: is not the run directory of a pretraining (model.pretrained)."
