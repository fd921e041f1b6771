"""A digest of a stored model, which is the same wherever its folder has been copied to."""

import hashlib
import json
from pathlib import Path

from lstmcli.data.sealed import CHECKSUMS_FILE, SealedFolder
from lstmcli.store.layout import CARD_FILE
from lstmcli.store.model import find_model


def model_digest(run: Path) -> str:
    """Return a digest of all files of a model that a prediction depends on.

    Raises:
        RunDirectoryError: there is no model.
        DamagedFileError: its checksums are damaged.
    """
    folder = SealedFolder(find_model(run), within=run)
    if folder.is_sealed:
        facts = {name: sums for name, sums in sorted(folder.sums.items()) if name != CARD_FILE}
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    digest = hashlib.sha256()
    for path in sorted(folder.path.iterdir()):
        if path.is_file() and path.name not in {CARD_FILE, CHECKSUMS_FILE}:
            with path.open("rb") as stream:
                digest.update(path.name.encode() + hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
