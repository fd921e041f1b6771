"""The folder `model/` of a run: everything that prediction needs, written and read only here.

    model.json           format version, network shape, tokenizer settings, labels, decision rule, temperature, columns
    vocabulary.txt       one word per line; line n (from 0) is token id n
    vocabulary.npy       a hash table of its words, see `text.word_index`
    embedding.npy        float16 (networks, words, size), the word vectors
    weights.safetensors  float32, all other weights; in an ensemble, the names of network n start with "n."
    ngrams.npy           float16, the n-gram table, if the model has one

Words and tables are mapped into memory, not read, so a large model opens as fast as a small one. Versions 1 and 2 had
the word vectors among the other weights, and no index. Reading runs no code from the folder and opens only these names.
This module must not import torch, since prediction imports it.
"""

import json
from dataclasses import asdict, dataclass, replace
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from lstmcli import __version__
from lstmcli.config.model_settings import DataSettings, FormatName, LabelKind, ModelSettings, TokenizerSettings
from lstmcli.corpus.label_set import LabelSet
from lstmcli.errors import RunDirectoryError
from lstmcli.kernels.weights import Weights
from lstmcli.metrics.decisions import DecisionRule
from lstmcli.ngrams.table import NgramTable
from lstmcli.store.checks import check_shapes, check_values
from lstmcli.store.layout import (
    CONFIG_FILE,
    DESCRIPTION_FILE,
    EMBEDDING_FILE,
    FOLDS_FILE,
    INDEX_FILE,
    LANGUAGE_FOLDER,
    MODEL_FOLDER,
    NGRAMS_FILE,
    VOCABULARY_FILE,
    WEIGHTS_FILE,
)
from lstmcli.text.vocabulary import Vocabulary
from lstmcli.text.word_index import StoredVocabulary, index_words

FORMAT_VERSION: Final = 3


# The settings of columns that are stored for later use by `evaluate` and `predict`.
COLUMN_KEYS = ("text", "label", "labels", "label_separator", "format", "encoding")

EMBEDDING: Final = "embedding.weight"


@dataclass(frozen=True)
class SavedModel:
    """A trained model as data.

    Its logits are ((1 - ngram_share) * mean of the networks + ngram_share * n-grams) / temperature.

    Attributes:
        members: the weights of each network by torch's parameter names; more than one for an ensemble.
        columns: with the keys COLUMN_KEYS set.
        ngrams: None without n-grams, in which case `ngram_share` is 0.
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


def write_model(folder: Path, model: SavedModel) -> None:
    """Write the files into an existing folder. The vocabulary must be one that was learned, not one that was read."""
    if not isinstance(model.vocabulary, Vocabulary):
        raise TypeError("expected a Vocabulary with all its words")
    description = {
        "format_version": FORMAT_VERSION,
        "written_by": f"lstmcli {__version__}",
        "network": {key: value for key, value in asdict(model.network).items() if key != "pretrained"},
        "members": len(model.members),
        "tokenizer": asdict(model.tokenizer),
        "labels": list(model.labels.names),
        "label_kind": model.labels.kind,
        "thresholds": model.rule.thresholds.tolist(),
        "at_least_one": model.rule.at_least_one,
        "temperature": model.temperature,
        "columns": {key: getattr(model.columns, key) for key in COLUMN_KEYS},
    }
    if model.ngrams is not None:
        description["ngrams"] = {
            "share": model.ngram_share,
            "sizes": [model.ngrams.sizes.start, model.ngrams.sizes.stop],
            "intercepts": model.ngrams.intercepts.tolist(),
        }
        np.save(folder / NGRAMS_FILE, model.ngrams.rows)
    content = json.dumps(description, indent=2, ensure_ascii=False) + "\n"
    (folder / DESCRIPTION_FILE).write_text(content, encoding="utf-8")
    (folder / VOCABULARY_FILE).write_text(model.vocabulary.file_content(), encoding="utf-8", newline="\n")
    np.save(folder / INDEX_FILE, index_words(model.vocabulary.words))
    # float16 halves the size. Reports score the stored model, so they include the cost of rounding.
    np.save(folder / EMBEDDING_FILE, np.stack([member[EMBEDDING].astype(np.float16) for member in model.members]))
    weights = {
        _prefix(number, len(model.members)) + name: value.astype(np.float32)
        for number, member in enumerate(model.members, start=1)
        for name, value in member.items()
        if name != EMBEDDING
    }
    save_file(weights, folder / WEIGHTS_FILE)


def _prefix(number: int, num_members: int) -> str:
    return "" if num_members == 1 else f"{number}."


def find_model(run: Path) -> Path:
    """Return the model folder of a run directory, or `run` itself if it is a copied model folder.

    Raises:
        RunDirectoryError: it is neither.
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
        raise RunDirectoryError(f"{run}: holds an unfinished training; resume it with `lstmcli train --resume`.")
    raise RunDirectoryError(f"{run}: is not a run directory: expected {run / MODEL_FOLDER / DESCRIPTION_FILE}.")


def read_model(run: Path) -> SavedModel:
    """Read the model of a run directory, or a model folder.

    Raises:
        RunDirectoryError: there is none, a file is missing or damaged, or a newer lstmcli wrote it.
    """
    folder = find_model(run)
    try:
        description = json.loads((folder / DESCRIPTION_FILE).read_text(encoding="utf-8"))
        version = _format_version(folder, description)
        _check_files(folder, version, has_ngrams="ngrams" in description)
        weights = load_file(folder / WEIGHTS_FILE)
        members = _members(description.get("members", 1), weights)
        if version >= 3:
            vocabulary = _open_vocabulary(folder)
            _add_embeddings(members, np.load(folder / EMBEDDING_FILE, mmap_mode="r", allow_pickle=False))
            model = _build(description, vocabulary, members)
        else:
            content = (
                (folder / VOCABULARY_FILE).read_bytes().decode("utf-8")
            )  # read_text would treat "\r" as a line ending
            model = _build(description, Vocabulary.from_file_content(content), members)
        return _with_ngrams(model, description["ngrams"], folder) if "ngrams" in description else model
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise RunDirectoryError(f"{folder}: is damaged ({error}); copy or train it again.") from None


def _check_files(folder: Path, version: int, *, has_ngrams: bool) -> None:
    names = [VOCABULARY_FILE, WEIGHTS_FILE]
    names += [INDEX_FILE, EMBEDDING_FILE] if version >= 3 else []
    names += [NGRAMS_FILE] if has_ngrams else []
    for name in names:
        if not (folder / name).is_file():
            raise RunDirectoryError(f"{folder}: {name} is missing; copy the whole folder.")


def _open_vocabulary(folder: Path) -> StoredVocabulary:
    with (folder / VOCABULARY_FILE).open("rb") as file:
        content = mmap(file.fileno(), 0, access=ACCESS_READ)
    return StoredVocabulary(content, np.load(folder / INDEX_FILE, mmap_mode="r", allow_pickle=False))


def _add_embeddings(members: tuple[Weights, ...], tables: NDArray[np.floating]) -> None:
    if tables.ndim != 3 or tables.dtype != np.float16 or len(tables) != len(members):
        raise ValueError(f"{EMBEDDING_FILE} of {tables.dtype} {tables.shape} for {len(members)} networks")
    for member, table in zip(members, np.asarray(tables), strict=True):
        member[EMBEDDING] = table


def _format_version(folder: Path, description: Any) -> int:
    version = description["format_version"]
    if not isinstance(version, int):
        raise ValueError(f"format_version is {version!r}, expected a number")
    if version > FORMAT_VERSION:
        raise RunDirectoryError(
            f"{folder}: has format version {version}, written by {description.get('written_by', 'a newer lstmcli')}; "
            f"this is lstmcli {__version__}, which reads up to {FORMAT_VERSION}. Upgrade lstmcli."
        )
    return version


def _build(
    description: dict[str, Any], vocabulary: Vocabulary | StoredVocabulary, members: tuple[Weights, ...]
) -> SavedModel:
    labels = LabelSet(tuple(description["labels"]), description["label_kind"])
    thresholds = np.array(description["thresholds"], dtype=np.float64)
    temperature = float(description["temperature"])
    if labels.kind not in get_args(LabelKind) or not all(isinstance(name, str) for name in labels.names):
        raise ValueError(f"labels of kind {labels.kind!r}: {labels.names}")
    if thresholds.shape != (len(labels.names),) or not ((thresholds >= 0.0) & (thresholds <= 1.0)).all():
        raise ValueError(f"thresholds of {len(labels.names)} labels: {thresholds}")
    if not 0.0 < temperature < float("inf"):
        raise ValueError(f"temperature {temperature}")
    network = ModelSettings(**description["network"])
    tokenizer = TokenizerSettings(**description["tokenizer"])
    check_values(network)
    check_values(tokenizer)
    for member in members:
        check_shapes(network, len(vocabulary), len(labels.names), member)
    columns = dict(description["columns"])
    columns["labels"] = tuple(columns["labels"])
    names = [columns["text"], columns["label"], *columns["labels"], columns["label_separator"] or ""]
    names += [columns.get("encoding", "")]  # older models have neither encoding nor format
    if columns.get("format", "auto") not in {"auto", *get_args(FormatName)}:
        raise ValueError(f"format {columns['format']!r}")
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f"names of columns: {names}")
    return SavedModel(
        network=network,
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        labels=labels,
        rule=DecisionRule(labels.kind, thresholds, bool(description["at_least_one"])),
        temperature=temperature,
        columns=replace(DataSettings(), **columns),
        members=members,
    )


def _members(num_members: int, weights: Weights) -> tuple[Weights, ...]:
    members: list[Weights] = []
    for number in range(1, num_members + 1):
        prefix = _prefix(number, num_members)
        members.append(
            {name.removeprefix(prefix): weights.pop(name) for name in list(weights) if name.startswith(prefix)}
        )
    if not members or weights:
        raise ValueError(f"{num_members} networks and weights {', '.join(sorted(weights))}")
    return tuple(members)


def _with_ngrams(model: SavedModel, description: dict[str, Any], folder: Path) -> SavedModel:
    sizes = range(*description["sizes"])
    intercepts = np.array(description["intercepts"], dtype=np.float64)
    share = float(description["share"])
    num_labels = len(model.labels.names)
    rows = np.load(folder / NGRAMS_FILE, mmap_mode="r", allow_pickle=False)
    if rows.ndim != 2 or rows.dtype != np.float16 or rows.shape[1] != 1 + num_labels or rows.shape[0].bit_count() != 1:
        raise ValueError(f"{NGRAMS_FILE} of {rows.dtype} {rows.shape} for {num_labels} labels")
    if intercepts.shape != (num_labels,) or not np.isfinite(intercepts).all() or not 0.0 <= share <= 1.0:
        raise ValueError(f"share {share} and intercepts {intercepts} of the n-grams")
    return replace(model, ngrams=NgramTable(sizes, rows, intercepts), ngram_share=share)
