"""A trained model to go on from, and which settings must be the same. Without torch, to find mistakes early."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstmcli.config.model_settings import AUTOMATIC_START, ENGLISH_START, NO_START, OutputKind, label_kind
from lstmcli.config.settings import Config
from lstmcli.corpus.feature_cells import split_kinds, wanted_features
from lstmcli.corpus.label_names import clean_label
from lstmcli.corpus.past import Keys, Past
from lstmcli.errors import ConfigError
from lstmcli.store.layout import DESCRIPTION_FILE, MODEL_FOLDER, SEEN_TEXTS_FOLDER
from lstmcli.store.model import EMBEDDING, SavedModel, read_model
from lstmcli.store.model_digest import model_digest
from lstmcli.store.seen_texts import EARLIER, read_seen_texts

# What gives the weights their shapes, and the states their meaning.
NETWORK_KEYS = ("cell", "hidden_size", "layers", "bidirectional", "pooling")

# Tokenizer settings that leave the tokens of a text as they are.
FREE_TOKENIZER_KEYS = ("max_tokens", "cut")

KINDS = {
    "single": "one label per text",
    "multi": "any number of labels per text (data.label_separator)",
    "traits": "yes/no columns (data.labels)",
    "scores": "scores (data.scores)",
    "ordered": "ordered labels (data.ordered)",
}


@dataclass(frozen=True)
class Continued:
    """A trained model from which a training goes on.

    Attributes:
        model: as it was read.
        name: where from.
        digest: see `model_digest`.
        words: its vocabulary.
        past: its labels and the texts that it has seen.
    """

    model: SavedModel
    name: str
    digest: str
    words: list[str]
    past: Past


def continued_run(pretrained: str | None) -> Path | None:
    """Return the run, or the model folder, if `model.pretrained` names a trained model; else None."""
    if pretrained in {None, NO_START, AUTOMATIC_START, ENGLISH_START}:
        return None
    run = Path(str(pretrained))
    return run if any((folder / DESCRIPTION_FILE).is_file() for folder in (run / MODEL_FOLDER, run)) else None


def check_fits(run: Path, model: SavedModel, config: Config) -> None:
    """Check that a training with this config can go on from the model of a run.

    Raises:
        ConfigError: the settings of its network, tokenizer, targets or features differ; the message names all that do.
    """
    if found := misfits(model, config):
        raise ConfigError(
            f"{run}: can't go on from this model with other settings than it was trained with: {'; '.join(found)}. "
            "Leave these as they were, or train from scratch, without --from."
        )


def read_continued(run: Path) -> Continued:
    """Read the model of a run to go on from.

    Raises:
        RunDirectoryError, DamagedFileError: see `read_model`.
    """
    model = read_model(run)
    model.check_tables()
    return Continued(model, str(run), model_digest(run), list(model.vocabulary.words), read_past(run))


def read_past(run: Path) -> Past:
    """Read what is known of the rows of a run.

    Raises:
        RunDirectoryError, DamagedFileError: see `read_model`.
    """
    return past_of(read_model(run), run, read_seen_texts(run / SEEN_TEXTS_FOLDER))


def past_of(model: SavedModel, run: Path, seen: Mapping[str, Keys]) -> Past:
    """Return what is known of the rows of a run from its `read_seen_texts`; nothing for a copied model folder."""
    nothing = np.empty(0, dtype=np.int64)
    trained = np.union1d(seen.get("training", nothing), seen.get(EARLIER, nothing))
    return Past(str(run), model.labels, trained, np.asarray(seen.get("validation", nothing)))


def misfits(model: SavedModel, config: Config) -> list[str]:
    """Return, for each setting that differs and must not, what it was and what it is now."""
    found = [(f"model.{key}", getattr(model.network, key), getattr(config.model, key)) for key in NETWORK_KEYS] + [
        (f"tokenizer.{key}", getattr(model.tokenizer, key), value)
        for key, value in vars(config.tokenizer).items()
        if key not in FREE_TOKENIZER_KEYS
    ]
    found.append(("training.ensemble", len(model.members), config.training.ensemble))
    size = model.members[0][EMBEDDING].shape[1]
    found.append(("embedding.size", size, size if config.embedding.size is None else config.embedding.size))
    columns = () if model.features is None else [name for name, _ in split_kinds(model.features.columns)]
    if columns and config.data.features:  # both models read the cells of the new rows
        found.append(("data.features", ", ".join(columns), ", ".join(name for name, _ in wanted_features(config.data))))
    labels = model.labels
    found.append(("targets", KINDS[labels.output_kind], KINDS[output_kind(config)]))
    if labels.output_kind == output_kind(config) == "ordered":
        found.append(("data.ordered", " < ".join(labels.names), " < ".join(map(clean_label, config.data.ordered))))
    return [f"{key} was {_shown(old)}, is now {_shown(new)}" for key, old, new in found if old != new]


def output_kind(config: Config) -> OutputKind:
    """Return what the outputs of a model with these settings stand for."""
    return "ordered" if config.data.ordered else label_kind(config.data)


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
