"""What several processes check before they train one network together."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lstmcli.config.settings import Config
from lstmcli.data.reading import STANDARD_INPUT
from lstmcli.errors import ConfigError, DataError
from lstmcli.text.token_ids import TokenIds
from lstmcli.training.processes import Processes


def check_supported(config: Config, number: int) -> None:
    """Check that `number` processes can train with these settings; nothing slow is imported.

    Raises:
        ConfigError: a GPU or a teacher is wanted.
        DataError: the rows come through a pipe.
    """
    if number == 1:
        return
    if config.training.device == "cuda":
        raise ConfigError(
            "training.device=cuda: several processes train on CPUs only; set training.device=cpu, or use one process."
        )
    if config.pretraining.teacher is not None:
        raise ConfigError("pretraining.teacher: distillation runs in one process, not in several.")
    check_readable(config, f"can be read only once, but each of the {number} processes reads all rows")


def check_readable(config: Config, otherwise: str) -> None:
    """Check that the rows come from files, which other processes can read.

    Raises:
        DataError: they come through a pipe; `otherwise` says why that is wrong.
    """
    data = config.data
    for path in (data.train, data.validation, data.test, *config.pretraining.texts):
        if path == STANDARD_INPUT or (path is not None and Path(path).exists() and not Path(path).is_file()):
            name = "standard input" if path == STANDARD_INPUT else path
            raise DataError(f"{name}: {otherwise}; write them to a file.")


def check_device(processes: Processes, device: torch.device) -> None:
    """Check that several processes train on a CPU.

    Raises:
        ConfigError: they would use the GPU that is there.
    """
    if processes.number > 1 and device.type != "cpu":
        raise ConfigError(
            "training.device=auto found a GPU, but several processes train on CPUs only; set training.device=cpu, or "
            "use one process."
        )


def check_same_texts(processes: Processes, texts: TokenIds, targets: NDArray[Any] | None = None) -> None:
    """Check that all processes have read the same training texts, and targets if there are any.

    Raises:
        LstmcliError: they have not.
    """
    if processes.number == 1:
        return
    digest = hashlib.sha256()
    for values in (texts.flat, texts.offsets, np.empty(0) if targets is None else targets):
        digest.update(np.ascontiguousarray(values).data)
    processes.check_same(
        digest.hexdigest(),
        "have read other training texts than process 0. Copy the same files to all hosts, and the same release of "
        "lstmcli.",
    )
