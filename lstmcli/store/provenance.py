"""What the scores in metrics.json come from: seed, config and files, as digests that programs can compare."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lstmcli.config.loading import config_to_dict
from lstmcli.config.settings import Config


@dataclass(frozen=True)
class DataFile:
    """A file of rows, and the SHA-256 of its bytes as `sha256sum` prints it; None for a pipe, which is gone."""

    file: str
    sha256: str | None


@dataclass(frozen=True)
class Provenance:
    """Where scores come from.

    Attributes:
        seed: of the training; None if a copied model folder does not say.
        config_sha256: see `config_digest`; None for the same reason.
        data_files: the files that were read; none for texts in memory.
    """

    seed: int | None
    config_sha256: str | None
    data_files: tuple[DataFile, ...]


UNKNOWN = Provenance(None, None, ())


def provenance(config: Config | None, paths: Sequence[str | None]) -> Provenance:
    """Return where the scores of a run come from.

    Args:
        config: of the run, if it is known.
        paths: of the files, as they are now; None for those that the run does without.
    """
    files = tuple(DataFile(path, file_digest(path)) for path in paths if path is not None)
    if config is None:
        return Provenance(None, None, files)
    return Provenance(config.training.seed, config_digest(config), files)


def provenance_of_texts(config: Config) -> Provenance:
    """Return where a pretraining comes from."""
    return provenance(config, config.pretraining.texts or [config.data.train])


def config_digest(config: Config) -> str:
    """Return a SHA-256 of all settings but those of the output, which change no figure.

    It is that of the settings as JSON with sorted keys, without spaces and with only ASCII.
    """
    settings = {section: values for section, values in config_to_dict(config).items() if section != "output"}
    return hashlib.sha256(json.dumps(settings, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def file_digest(path: str) -> str | None:
    """Return the SHA-256 of a file; None if it is not a regular file, or can't be read any more."""
    try:
        if not Path(path).is_file():
            return None
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None
