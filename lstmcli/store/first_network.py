"""A small network that imitates a model and answers before it, as two more files in the model's folder.

    first_network.json         its shape, how much the n-grams count beside it, and how well it imitates the model
    first_network.safetensors  float32, its weights by torch's names, without word vectors: it reads those of the model

A model is whole without them, and only `predict --fast` needs them. They count only if `checksums.json` lists them, so
a model that was being given a first network when the power failed has none.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from safetensors.numpy import save_file

from lstmcli import __version__
from lstmcli.config.model_settings import ModelSettings
from lstmcli.data.atomic import atomic_path, leftovers, remove, saving_tensors
from lstmcli.data.sealed import SealedFolder, reason_of, reseal
from lstmcli.errors import RunDirectoryError
from lstmcli.kernels.weights import Weights
from lstmcli.store.checks import check_shapes, check_values, check_version, number_in
from lstmcli.store.layout import FIRST_NETWORK_FILE, FIRST_WEIGHTS_FILE
from lstmcli.store.model import EMBEDDING, SavedModel, find_model
from lstmcli.store.tables import Shapes, read_weights

FORMAT_VERSION: Final = 1

FILES: Final = FIRST_NETWORK_FILE, FIRST_WEIGHTS_FILE

# More texts than anybody has.
MAX_TEXTS: Final = 2**53


class Imitation(NamedTuple):
    """How well a first network imitates its model.

    Attributes:
        agreement: the share of held-out texts for which both predict the same.
        num_texts: that it has learned from.
        num_held_out: texts with which the agreement was measured.
    """

    agreement: float
    num_texts: int
    num_held_out: int


@dataclass(frozen=True)
class FirstNetwork:
    """A network whose logits imitate those of a whole model, divided by its temperature.

    Attributes:
        network: its shape.
        weights: by torch's names, without word vectors: it reads those of the model's first network.
        ngram_weight: the logits of the model's n-grams are multiplied by this and added; 0.0: they are not needed.
        imitation: of the model, measured in training.
    """

    network: ModelSettings
    weights: Weights
    ngram_weight: float
    imitation: Imitation

    @cached_property
    def digest(self) -> str:
        """A hash of all that its logits depend on, by which one tells for which network a threshold was chosen."""
        digest = hashlib.sha256(json.dumps([_shape(self.network), self.ngram_weight]).encode())
        for name in sorted(self.weights):
            digest.update(name.encode() + self.weights[name].tobytes())
        return digest.hexdigest()[:16]


def remove_first_network(run: Path) -> None:
    """Remove the first network of a model, if it has one, and what was left of others.

    Raises:
        RunDirectoryError: an older release wrote the model, without checksums.
        DamagedFileError: the list of checksums is damaged.
        DataError: the folder can't be written.
    """
    folder = find_model(run)
    sealed = SealedFolder(folder, within=run)
    check_writable(sealed)
    reseal(folder, [name for name in sealed.names if name not in FILES])
    for path in [*leftovers(folder, FILES), *(folder / name for name in FILES)]:
        remove(path)


def write_first_network(run: Path, found: FirstNetwork) -> None:
    """Add a first network to the model of a run, which has none.

    Until the list of checksums is written, at the end, the model has no first network, and is whole.

    Raises:
        DamagedFileError: the list of checksums is damaged.
        DataError: the folder can't be written.
    """
    folder = find_model(run)
    header = {"format_version": FORMAT_VERSION, "written_by": f"lstmcli {__version__}"}
    content = json.dumps(header | _to_dict(found), indent=2) + "\n"
    with atomic_path(folder / FIRST_NETWORK_FILE, follows_links=False) as path:
        path.write_text(content, encoding="utf-8", newline="\n")
    with atomic_path(folder / FIRST_WEIGHTS_FILE, follows_links=False) as path, saving_tensors(path):
        save_file(found.weights, path)
    reseal(folder, sorted({*SealedFolder(folder, within=run).names, *FILES}))


def check_writable(folder: SealedFolder) -> None:
    """Raise a RunDirectoryError if a model has no list of checksums to which files could be added."""
    if not folder.is_sealed:
        raise RunDirectoryError(
            f"{folder.path}: an older release wrote this model, without checksums, and nothing can be added to it. "
            "Train it again."
        )


def read_first_network(run: Path, model: SavedModel) -> FirstNetwork | None:
    """Return the first network of `model`, which was read from `run`; None if it has none.

    Raises:
        RunDirectoryError: a newer lstmcli wrote it.
        DamagedFileError: a file is missing or damaged.
    """
    folder = SealedFolder(find_model(run), within=run)
    if not set(FILES) & set(folder.names):
        return None
    stored = folder.read_json(FIRST_NETWORK_FILE)
    try:
        check_version(folder, stored, FORMAT_VERSION, sealed_from=FORMAT_VERSION)
        network = ModelSettings(**stored["network"])
        check_values(network)
        weight = number_in(stored["ngram_weight"], "ngram_weight", (0.0, 0.0 if model.ngrams is None else 1.0))
        imitation = _imitation(stored)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise folder.damaged(FIRST_NETWORK_FILE, f"is damaged ({reason_of(error)})") from None

    def check(shapes: Shapes) -> None:
        if EMBEDDING in shapes:
            raise ValueError("unexpected word vectors")
        own = shapes | {EMBEDDING: model.members[0][EMBEDDING].shape}
        check_shapes(network, len(model.vocabulary), model.labels.num_outputs, own)

    weights = read_weights(folder, FIRST_WEIGHTS_FILE, check)
    return FirstNetwork(network, weights, weight, imitation)


def _imitation(stored: Mapping[str, Any]) -> Imitation:
    return Imitation(
        number_in(stored["agreement"], "agreement", (0.0, 1.0)),
        int(number_in(stored["texts"], "texts", (1, MAX_TEXTS))),
        int(number_in(stored["held_out"], "held_out", (1, MAX_TEXTS))),
    )


def _shape(network: ModelSettings) -> dict[str, Any]:
    return {key: value for key, value in asdict(network).items() if key != "pretrained"}


def _to_dict(found: FirstNetwork) -> dict[str, Any]:
    return {
        "network": _shape(found.network),
        "ngram_weight": found.ngram_weight,
        "agreement": found.imitation.agreement,
        "texts": found.imitation.num_texts,
        "held_out": found.imitation.num_held_out,
    }
