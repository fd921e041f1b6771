"""The folder `seen_texts/` of a run: a hash of each text that the model was trained or tuned on.

Later evaluations use it to say which of their texts the model has seen. It is not part of `model/`, since a hash tells
who has a text that it was among them.

    train.npy            int64, sorted hashes of the training texts, see `corpus.example_rows.text_key`
    validation.npy       the same for the validation texts
    earlier.npy          the same for other texts, which the models had seen from which this one went on, if it did
    distilled.npy        the same for texts that its first network has learned from, see `store.first_network`
    checksums.json       see `data.sealed`
"""

import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lstmcli.data.atomic import replaced_folder
from lstmcli.data.sealed import CHECKSUMS_FILE, SealedFolder, seal
from lstmcli.store.tables import Table

FILES: Final = {"training": "train.npy", "validation": "validation.npy"}

EARLIER: Final = "earlier"
EARLIER_FILE: Final = "earlier.npy"

DISTILLED_FILE: Final = "distilled.npy"

Keys = NDArray[np.int64]


def write_seen_texts(
    place: Path, *, training: NDArray[Any], validation: NDArray[Any], earlier: NDArray[Any] | None = None
) -> None:
    """Write the keys of the texts of both splits, and of other `earlier` ones, into `place`, which is replaced."""
    with replaced_folder(place) as folder:
        for name, keys in zip(FILES.values(), (training, validation), strict=True):
            np.save(folder / name, np.unique(keys).astype("<i8"))
        others = np.setdiff1d([] if earlier is None else earlier, np.concatenate([training, validation]))
        if len(others):
            np.save(folder / EARLIER_FILE, others.astype("<i8"))
        seal(folder)


def write_distilled_texts(place: Path, keys: NDArray[Any]) -> None:
    """Add the keys of the texts that a first network has learned from, or replace them.

    Raises:
        DamagedFileError: the folder is damaged.
    """
    kept = _opened(place)
    with replaced_folder(place) as folder:
        if kept is not None:
            for name in set(kept.names) - {DISTILLED_FILE}:
                np.save(folder / name, _read(kept, name))
        np.save(folder / DISTILLED_FILE, np.unique(keys).astype("<i8"))
        seal(folder)


def read_learned_texts(place: Path) -> Keys:
    """Return the sorted keys of all texts that the weights of a model, or of its first network, were fitted to.

    Raises:
        DamagedFileError: a file is damaged or missing.
    """
    folder = _opened(place)
    if folder is None:
        return np.empty(0, dtype=np.int64)
    found = [_read(folder, name) for name in folder.names if name != FILES["validation"]]
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *found]))


def read_seen_texts(place: Path) -> dict[str, Keys]:
    """Return the keys by the name of the split; none if the folder does not exist, as in runs of older releases.

    Raises:
        DamagedFileError: a file is damaged or missing.
    """
    folder = _opened(place)
    if folder is None or folder.names == [DISTILLED_FILE]:
        return {}
    files = FILES | ({EARLIER: EARLIER_FILE} if EARLIER_FILE in folder.names else {})
    return {split: _read(folder, name) for split, name in files.items()}


def _opened(place: Path) -> SealedFolder | None:
    """Return the folder if it exists."""
    if not os.path.lexists(place):
        return None
    folder = SealedFolder(place, within=place.parent)
    if not folder.is_sealed:
        raise folder.damaged(CHECKSUMS_FILE, "is missing")
    return folder


def _read(folder: SealedFolder, name: str) -> Keys:
    table = Table(folder.map(name), np.int64, 1)
    table.file.check(0, len(table.file.content))
    return table.values
