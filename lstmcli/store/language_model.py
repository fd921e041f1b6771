"""The folder `language_model/` of a pretraining run: everything that a training needs to start from it.

    language_model.json  format version, shape of the network, tokenizer settings, what was learned and how well
    vocabulary.txt       one word per line; line n (from 0) is token id n
    weights.safetensors  float32; in a compact one float16, and int8 for the word vectors, see `store.compact`
    checksums.json       see `data.sealed`

Reading runs no code from the folder and opens only these names.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from safetensors.numpy import save_file

from lstmcli import __version__
from lstmcli.config.model_settings import ModelSettings, TokenizerSettings
from lstmcli.data.atomic import saving_tensors
from lstmcli.data.sealed import SealedFolder, reason_of, seal
from lstmcli.errors import RunDirectoryError
from lstmcli.kernels.weights import Weights
from lstmcli.store.checks import MAX_COUNT, check_layers, check_pooling, check_values, check_version, number_in
from lstmcli.store.compact import COMPACT_TYPES, TABLE, compressed, expanded
from lstmcli.store.layout import (
    CONFIG_FILE,
    LANGUAGE_DESCRIPTION_FILE,
    LANGUAGE_FOLDER,
    MODEL_FOLDER,
    VOCABULARY_FILE,
    WEIGHTS_FILE,
)
from lstmcli.store.tables import FLOAT32, Shapes, read_weights
from lstmcli.text.vocabulary import Vocabulary

FORMAT_VERSION: Final = 3

# The first version with checksums.
SEALED_FROM: Final = 2

# The first version that says what was learned; before, it was always the next word.
OBJECTIVES_FROM: Final = 3

# File systems allow no longer names.
MAX_NAME: Final = 255

MAX_WORDS_BYTES: Final = 1 << 28


@dataclass(frozen=True)
class LearnedNextWord:
    """The network has learned to predict the next word. `perplexity` is per word, on held-out texts."""

    objective: ClassVar[str] = "next-word"
    perplexity: float

    def __post_init__(self) -> None:
        """Raise a ValueError if the perplexity is not one."""
        number_in(self.perplexity, "perplexity", (1.0, math.inf))


@dataclass(frozen=True)
class LearnedSentenceVectors:
    """The network has learned the sentence vectors of a teacher.

    Attributes:
        cosine: mean cosine similarity of its outputs and the teacher's vectors on held-out texts.
        teacher: name of the teacher.
        teacher_size: width of the teacher's vectors.
    """

    objective: ClassVar[str] = "sentence-vectors"
    cosine: float
    teacher: str
    teacher_size: int

    def __post_init__(self) -> None:
        """Raise a ValueError if a value is not possible."""
        number_in(self.cosine, "cosine", (-1.0, 1.0))
        number_in(self.teacher_size, "teacher_size", (1, MAX_COUNT))
        if type(self.teacher) is not str or len(self.teacher) > MAX_NAME:
            raise ValueError(f"teacher is {self.teacher!r:.80}, expected a name")


Learned = LearnedNextWord | LearnedSentenceVectors

OBJECTIVES: dict[str, type[Learned]] = {each.objective: each for each in (LearnedNextWord, LearnedSentenceVectors)}


@dataclass(frozen=True)
class SavedLanguageModel:
    """A pretrained network as data.

    Attributes:
        network: its shape; `layers` are those that were pretrained.
        tokenizer: how its texts were tokenised.
        vocabulary: of its texts.
        learned: what its weights have learned, and how well.
        weights: by parameter name; `embedding.weight` (words, size), `recurrent.layers...` and, if it knows sentence
            vectors, `pooling...` as in a classifier.
    """

    network: ModelSettings
    tokenizer: TokenizerSettings
    vocabulary: Vocabulary
    learned: Learned
    weights: Weights

    @property
    def knows_sentences(self) -> bool:
        """Whether it was taught sentence vectors, perhaps before it learned to predict the next word."""
        return isinstance(self.learned, LearnedSentenceVectors) or any(map(_is_pooling, self.weights))


def write_language_model(folder: Path, model: SavedLanguageModel, *, compact: bool = False) -> None:
    """Write the files into an existing folder; `compact` takes a quarter of the space, see `store.compact`."""
    description = {
        "format_version": FORMAT_VERSION,
        "written_by": f"lstmcli {__version__}",
        "network": asdict(model.network),
        "tokenizer": asdict(model.tokenizer),
        "learned": {"objective": model.learned.objective, **asdict(model.learned)},
    }
    content = json.dumps(description, indent=2, ensure_ascii=False) + "\n"
    (folder / LANGUAGE_DESCRIPTION_FILE).write_text(content, encoding="utf-8")
    (folder / VOCABULARY_FILE).write_text(model.vocabulary.file_content(), encoding="utf-8", newline="\n")
    with saving_tensors(folder / WEIGHTS_FILE):
        save_file(compressed(model.weights) if compact else model.weights, folder / WEIGHTS_FILE)
    seal(folder)


def read_language_model(run: Path, *, within: Path | None = None) -> SavedLanguageModel:
    """Read the language model of a pretraining run.

    Args:
        run: of the pretraining.
        within: the folder that links must not leave, `run` by default.

    Raises:
        RunDirectoryError: there is none, or a newer lstmcli wrote it.
        DamagedFileError: a file is missing or damaged.
    """
    path = run / LANGUAGE_FOLDER
    if not (path / LANGUAGE_DESCRIPTION_FILE).is_file():
        raise RunDirectoryError(_what_is_missing(run))
    folder = SealedFolder(path, within=within or run)
    stored = folder.read_json(LANGUAGE_DESCRIPTION_FILE)
    try:
        version = check_version(folder, stored, FORMAT_VERSION, sealed_from=SEALED_FROM)
        network = ModelSettings(**stored["network"])
        tokenizer = TokenizerSettings.stored(stored["tokenizer"])
        check_values(network)
        check_values(tokenizer)
        learned = _learned(stored["learned"]) if version >= OBJECTIVES_FROM else LearnedNextWord(stored["perplexity"])
        content = folder.read(VOCABULARY_FILE, most=MAX_WORDS_BYTES)
        vocabulary = Vocabulary.from_file_content(content.decode("utf-8"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise folder.damaged(LANGUAGE_DESCRIPTION_FILE, f"is damaged ({reason_of(error)})") from None

    def check(shapes: Shapes) -> None:
        num_words, size = shapes[TABLE]
        if num_words != len(vocabulary):
            raise ValueError(f"vectors of {num_words} words, expected {len(vocabulary)}")
        check_layers(network, size, shapes)
        if isinstance(learned, LearnedSentenceVectors) or any(map(_is_pooling, shapes)):
            check_pooling(network, shapes)

    weights = read_weights(folder, WEIGHTS_FILE, check, types=FLOAT32 | COMPACT_TYPES)
    try:
        weights = expanded(weights)
    except ValueError as error:
        raise folder.damaged(WEIGHTS_FILE, f"is damaged ({error})") from None
    return SavedLanguageModel(network, tokenizer, vocabulary, learned, weights)


def _is_pooling(name: str) -> bool:
    return name.startswith("pooling.")


def _learned(stored: dict[str, Any]) -> Learned:
    """Return what a description says was learned.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it can't be so.
    """
    facts = dict(stored)
    objective = facts.pop("objective")
    if objective not in OBJECTIVES:
        raise ValueError(f"objective is {objective!r:.80}, expected one of {', '.join(OBJECTIVES)}")
    return OBJECTIVES[objective](**facts)


def _what_is_missing(run: Path) -> str:
    if not run.is_dir():
        return f"{run}: no such run directory (model.pretrained). `lstmcli pretrain` writes one."
    if (run / MODEL_FOLDER).is_dir():
        return f"{run}: holds a classifier, not a language model; set model.pretrained to a run of `lstmcli pretrain`."
    if (run / CONFIG_FILE).is_file():
        return f"{run}: holds an unfinished pretraining; resume it with `lstmcli pretrain --resume --run-dir {run}`."
    return f"{run}: is not the run directory of a pretraining (model.pretrained)."
