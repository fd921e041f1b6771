"""The folder `model/` of a run: all that prediction needs, written and read only here and in `first_network`.

    model.json           see `store.description`, with the format version
    vocabulary.txt       one word per line; line n (from 0) is token id n
    vocabulary.npy       a hash table of its words, see `text.word_index`
    embedding.npy        float16 (networks, words, size), the word vectors
    weights.safetensors  float32, all other weights; in an ensemble, the names of network n start with "n."
    ngrams.npy           float16, the n-gram table, if the model has one
    README.md            the model card, for people; written once there are scores
    checksums.json       see `data.sealed`

Words and tables are mapped into memory, not read, so a large model opens as fast as a small one. Versions 1 and 2 had
the word vectors among the other weights, and no index; before version 4, there were no checksums; before version 5, the
n-grams had only pairs of adjacent tokens. Reading runs no code from the folder and opens only these names. This module
must not import torch, since prediction imports it.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import save_file

from lstmcli import __version__
from lstmcli.config.model_settings import DataSettings, ModelSettings, TokenizerSettings
from lstmcli.corpus.label_set import LabelSet
from lstmcli.data.atomic import atomic_path, saving_tensors
from lstmcli.data.sealed import RowGuard, SealedFolder, reason_of, reseal, seal
from lstmcli.errors import DamagedFileError, RunDirectoryError, UsageError
from lstmcli.kernels.weights import Weights
from lstmcli.metrics.decisions import DecisionRule
from lstmcli.metrics.score_outputs import ScoreOutputs
from lstmcli.ngrams.row_features import FittedFeatures
from lstmcli.ngrams.table import NgramTable
from lstmcli.store.checks import check_shapes, check_version
from lstmcli.store.description import Description, NgramDescription
from lstmcli.store.layout import (
    CARD_FILE,
    CONFIG_FILE,
    DESCRIPTION_FILE,
    EMBEDDING_FILE,
    FOLDS_FILE,
    INDEX_FILE,
    LANGUAGE_FOLDER,
    METRICS_FILE,
    MODEL_FOLDER,
    NGRAMS_FILE,
    VOCABULARY_FILE,
    WEIGHTS_FILE,
)
from lstmcli.store.members import by_member, name_prefix
from lstmcli.store.tables import FLOAT32, Shapes, Table, read_weights
from lstmcli.text.vocabulary import Vocabulary
from lstmcli.text.word_index import StoredVocabulary, index_words

FORMAT_VERSION: Final = 5

# Those of models of scores and of ordered labels, which only releases can read that know them; all others keep theirs.
SCORES_FORMAT_VERSION: Final = 6
ORDERED_FORMAT_VERSION: Final = 7

# That of models that read more than one column, which older releases would pass over in silence.
ROWS_FORMAT_VERSION: Final = 8

# The first version with checksums.
SEALED_FROM: Final = 4

EMBEDDING: Final = "embedding.weight"

# The most bytes that vocabulary.txt may have where it is read whole, in versions 1 and 2.
MAX_WORDS_BYTES: Final = 1 << 28


@dataclass(frozen=True)
class SavedModel:
    """A trained model as data.

    Its logits are ((1 - ngram_share) * mean of the networks + ngram_share * n-grams) / temperature. A model of scores
    has `scores` instead, which mix both parts, and neither a share nor a temperature nor thresholds.

    Attributes:
        members: the weights of each network by torch's parameter names; more than one for an ensemble.
        columns: with the keys `description.COLUMN_KEYS` set.
        ngrams: None without n-grams, in which case `ngram_share` is 0.
        group_rule: decides about groups of texts, such as all of an author, if thresholds were chosen for them.
        features: beside the n-grams, whose logits they are added to; None without any.
        word_guards: for each network, checks the rows of its word vectors before they are read; empty for a model that
            was not read from a file.
    """

    network: ModelSettings
    tokenizer: TokenizerSettings
    vocabulary: Vocabulary | StoredVocabulary
    labels: LabelSet
    rule: DecisionRule
    temperature: float
    columns: DataSettings
    members: tuple[Weights, ...]
    ngrams: NgramTable | None = None
    ngram_share: float = 0.0
    scores: ScoreOutputs | None = None
    group_rule: DecisionRule | None = None
    features: FittedFeatures | None = None
    word_guards: tuple[RowGuard, ...] = field(default=(), compare=False)

    def check_tables(self) -> None:
        """Check all that a prediction checks only as far as it reads it.

        Raises:
            DamagedFileError: something is damaged.
        """
        for guard in self.word_guards:
            guard(np.arange(len(self.vocabulary)))
        if self.ngrams is not None and self.ngrams.guard is not None:
            self.ngrams.guard(np.arange(len(self.ngrams.rows)))
        if isinstance(self.vocabulary, StoredVocabulary):
            self.vocabulary.check()


def write_model(folder: Path, model: SavedModel) -> None:
    """Write the files into an existing folder. The vocabulary must be one that was learned, not one that was read."""
    if not isinstance(model.vocabulary, Vocabulary):
        raise TypeError("expected a Vocabulary with all its words")
    version = _version(model)
    header = {"format_version": version, "written_by": f"lstmcli {__version__}"}
    content = json.dumps(header | _description(model).to_dict(), indent=2, ensure_ascii=False) + "\n"
    (folder / DESCRIPTION_FILE).write_text(content, encoding="utf-8")
    (folder / VOCABULARY_FILE).write_text(model.vocabulary.file_content(), encoding="utf-8", newline="\n")
    np.save(folder / INDEX_FILE, index_words(model.vocabulary.words))
    # float16 halves the size. Reports score the stored model, so they include the cost of rounding.
    np.save(folder / EMBEDDING_FILE, np.stack([member[EMBEDDING].astype(np.float16) for member in model.members]))
    weights = {
        name_prefix(number, len(model.members)) + name: value.astype(np.float32)
        for number, member in enumerate(model.members, start=1)
        for name, value in member.items()
        if name != EMBEDDING
    }
    with saving_tensors(folder / WEIGHTS_FILE):
        save_file(weights, folder / WEIGHTS_FILE)
    if model.ngrams is not None:
        np.save(folder / NGRAMS_FILE, model.ngrams.rows)
    seal(folder)


def _version(model: SavedModel) -> int:
    if model.features is not None or model.columns.text_before:
        return ROWS_FORMAT_VERSION
    if model.labels.is_ordered:
        return ORDERED_FORMAT_VERSION
    return FORMAT_VERSION if model.scores is None else SCORES_FORMAT_VERSION


def write_card(folder: Path, content: str) -> None:
    """Add the model card to a model.

    Raises:
        DamagedFileError: the list of checksums is damaged.
    """
    with atomic_path(folder / CARD_FILE, follows_links=False) as temporary:
        temporary.write_text(content, encoding="utf-8", newline="\n")
    reseal(folder, sorted({*SealedFolder(folder).names, CARD_FILE}), changed={CARD_FILE})


def _description(model: SavedModel) -> Description:
    ngrams = model.ngrams
    return Description(
        network=model.network,
        num_members=len(model.members),
        tokenizer=model.tokenizer,
        labels=model.labels,
        rule=model.rule,
        temperature=model.temperature,
        columns=model.columns,
        ngrams=None
        if ngrams is None
        else NgramDescription(model.ngram_share, ngrams.sizes, ngrams.intercepts, ngrams.kinds),
        scores=model.scores,
        group_rule=model.group_rule,
        features=model.features,
    )


def find_model(run: Path) -> Path:
    """Return the model folder of a run directory, or `run` itself if it is a copied model folder.

    Raises:
        RunDirectoryError: it is neither.
        DamagedFileError: it was one, but the description of the model is lost.
    """
    for folder in (run / MODEL_FOLDER, run):
        if (folder / DESCRIPTION_FILE).is_file():
            return folder
    if not run.is_dir():
        raise RunDirectoryError(f"{run}: no such run directory. `lstmcli train` writes one.")
    if (run / LANGUAGE_FOLDER).is_dir():
        raise RunDirectoryError(
            f"{run}: holds a language model, which has no labels; train a classifier from it with `lstmcli train "
            f"--set model.pretrained={run}`."
        )
    if (run / FOLDS_FILE).is_file():
        raise RunDirectoryError(f"{run}: holds a cross-validation; its models are in folds/1, folds/2, ...")
    if (run / CONFIG_FILE).is_file():
        if (run / MODEL_FOLDER).is_dir() or (run / METRICS_FILE).is_file():  # written once there was a model
            raise DamagedFileError(run / MODEL_FOLDER / DESCRIPTION_FILE, "is missing")
        raise RunDirectoryError(f"{run}: holds an unfinished training; resume it with `lstmcli train --resume`.")
    raise RunDirectoryError(f"{run}: is not a run directory: expected {run / MODEL_FOLDER / DESCRIPTION_FILE}.")


def read_model(run: Path) -> SavedModel:
    """Read the model of a run directory, or a model folder.

    Raises:
        RunDirectoryError: there is none, or a newer lstmcli wrote it.
        DamagedFileError: a file is missing or damaged.
    """
    folder = SealedFolder(find_model(run), within=run)
    stored = folder.read_json(DESCRIPTION_FILE)
    try:
        version = check_version(folder, stored, ROWS_FORMAT_VERSION, sealed_from=SEALED_FROM)
        description = Description.from_dict(stored)
        if version >= 3:
            vocabulary: Vocabulary | StoredVocabulary = _open_vocabulary(folder)
            embedding = Table(folder.map(EMBEDDING_FILE), np.float16, 3)
        else:
            content = folder.read(VOCABULARY_FILE, most=MAX_WORDS_BYTES)
            vocabulary = Vocabulary.from_file_content(content.decode("utf-8"))
            embedding = None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise folder.damaged(DESCRIPTION_FILE, f"is damaged ({reason_of(error)})") from None
    members = _members(folder, description, len(vocabulary), embedding)
    ngrams = None if description.ngrams is None else _ngrams(folder, description.ngrams)
    return SavedModel(
        network=description.network,
        tokenizer=description.tokenizer,
        vocabulary=vocabulary,
        labels=description.labels,
        rule=description.rule,
        temperature=description.temperature,
        columns=description.columns,
        members=members,
        ngrams=ngrams,
        ngram_share=0.0 if description.ngrams is None else description.ngrams.share,
        scores=description.scores,
        group_rule=description.group_rule,
        features=description.features,
        word_guards=() if embedding is None else tuple(embedding.guard(number) for number in range(len(members))),
    )


def read_label_model(run: Path, what: str) -> SavedModel:
    """Do the same for something, such as "lstmcli page", that only makes sense for labels.

    Raises:
        UsageError: the model predicts scores.
        RunDirectoryError, DamagedFileError: see `read_model`.
    """
    model = read_model(run)
    if model.scores is not None:
        raise UsageError(f"{run}: predicts scores; {what} is for models of labels.")
    return model


def _open_vocabulary(folder: SealedFolder) -> StoredVocabulary:
    index = Table(folder.map(INDEX_FILE), np.uint32, 1)
    words = folder.map(VOCABULARY_FILE)
    return StoredVocabulary(words, index.values, index.file)


def _members(
    folder: SealedFolder, description: Description, num_words: int, embedding: Table | None
) -> tuple[Weights, ...]:
    """Return the weights of each network, with the names that they have in torch."""
    num_members, num_outputs = description.num_members, description.labels.num_outputs

    def check(shapes: Shapes) -> None:
        if not num_members <= len(shapes):
            raise ValueError(f"{num_members} networks")
        parts = by_member(shapes, num_members)
        if embedding is not None and len(embedding.values) != num_members:
            raise ValueError(f"word vectors of {len(embedding.values)} networks, expected {num_members}")
        for part in parts:
            own = part if embedding is None else part | {EMBEDDING: embedding.values.shape[1:]}
            check_shapes(description.network, num_words, num_outputs, own)

    types = FLOAT32 if embedding is not None else FLOAT32 | {"F16"}  # word vectors of version 2
    members = by_member(read_weights(folder, WEIGHTS_FILE, check, types=types), num_members)
    if embedding is not None:
        for member, table in zip(members, embedding.values, strict=True):
            member[EMBEDDING] = table
    return tuple(members)


def _ngrams(folder: SealedFolder, description: NgramDescription) -> NgramTable:
    table = Table(folder.map(NGRAMS_FILE), np.float16, 2)
    rows, num_labels = table.values, len(description.intercepts)
    if rows.shape[1] != 1 + num_labels or rows.shape[0].bit_count() != 1:
        raise folder.damaged(NGRAMS_FILE, f"is damaged: a table of {rows.shape} for {num_labels} labels")
    return NgramTable(description.sizes, rows, description.intercepts, table.guard(), description.kinds)
