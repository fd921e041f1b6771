"""Device, threads and seeds: what must be set before the first tensor is drawn."""

import torch

from lstmcli.config.settings import TrainingSettings
from lstmcli.errors import ConfigError


def prepare_torch(settings: TrainingSettings) -> torch.device:
    """Seed torch, set its threads and return the device.

    Raises:
        ConfigError: "cuda" is asked for where there is none.
    """
    torch.manual_seed(settings.seed)
    # Two threads on a busy two-core machine can be many times slower than one, so one is the default.
    torch.set_num_threads(settings.threads)
    has_cuda = torch.cuda.is_available()
    if settings.device == "cuda" and not has_cuda:
        raise ConfigError("training.device=cuda: torch finds no CUDA device here; use auto or cpu.")
    return torch.device("cuda" if settings.device != "cpu" and has_cuda else "cpu")
