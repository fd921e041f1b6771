"""The folder `seen_texts/` of a run: a hash of each text that the model was trained or tuned on.

Later evaluations use it to say which of their texts the model has seen. It is not part of `model/`, since a hash tells
who has a text that it was among them.

    train.npy            int64, sorted hashes of the training texts, see `corpus.example_rows.text_key`
    validation.npy       the same for the validation texts
    earlier.npy          the same for other texts, which the models had seen from which this one went on, if it did
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


def read_seen_texts(place: Path) -> dict[str, Keys]:
    """Return the keys by the name of the split; none if the folder does not exist, as in runs of older releases.

    Raises:
        DamagedFileError: a file is damaged or missing.
    """
    if not os.path.lexists(place):
        return {}
    folder = SealedFolder(place, within=place.parent)
    if not folder.is_sealed:
        raise folder.damaged(CHECKSUMS_FILE, "is missing")
    files = FILES | ({EARLIER: EARLIER_FILE} if EARLIER_FILE in folder.names else {})
    return {split: _read(folder, name) for split, name in files.items()}


def _read(folder: SealedFolder, name: str) -> Keys:
    table = Table(folder.map(name), np.int64, 1)
    table.file.check(0, len(table.file.content))
    return table.values
