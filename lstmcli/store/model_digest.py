"""A digest of a model, by which one can tell from which model another went on."""

import hashlib
from pathlib import Path
from typing import Final

from lstmcli.errors import RunDirectoryError
from lstmcli.store.layout import (
    DESCRIPTION_FILE,
    EMBEDDING_FILE,
    NGRAMS_FILE,
    VOCABULARY_FILE,
    WEIGHTS_FILE,
)
from lstmcli.store.model import find_model
from lstmcli.store.provenance import file_digest

# All that predictions depend on; the index follows from the words, and the card is for people.
DIGESTED: Final = (DESCRIPTION_FILE, EMBEDDING_FILE, NGRAMS_FILE, VOCABULARY_FILE, WEIGHTS_FILE)

# A model may have no n-grams, and before version 3, word vectors were among the other weights.
OPTIONAL: Final = {EMBEDDING_FILE, NGRAMS_FILE}


def model_digest(run: Path) -> str:
    """Return the SHA-256 of what `sha256sum` prints of the files of a model in DIGESTED that it has, in their folder.

    Raises:
        RunDirectoryError: there is no model, or a file can't be read.
    """
    folder = find_model(run)
    digest = hashlib.sha256()
    for name in DIGESTED:
        path = folder / name
        if name in OPTIONAL and not path.exists():
            continue
        found = file_digest(str(path))
        if found is None:
            raise RunDirectoryError(f"{path}: can't be read.")
        digest.update(f"{found}  {name}\n".encode())
    return digest.hexdigest()
