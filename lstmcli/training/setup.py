"""Device, threads and seeds: what must be set before the first tensor is drawn."""

import ctypes
import sys

import torch
from threadpoolctl import threadpool_limits

from lstmcli.config.settings import TrainingSettings
from lstmcli.errors import ConfigError

# Names of parameters of the C library's mallopt, and the values that they get, in bytes.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_MEMORY = 1 << 30
LARGEST_KEPT_BLOCK = 32 << 20  # the C library takes no more


def prepare_torch(settings: TrainingSettings) -> torch.device:
    """Seed torch, set its threads and return the device.

    Raises:
        ConfigError: "cuda" is asked for where there is none, or for kernels that run on a CPU.
    """
    torch.manual_seed(settings.seed)
    # The products of a time step are too small to share out: with two threads in the matrix libraries an update took
    # three times as long. `training.threads` is for the two directions of a layer instead.
    num_threads = settings.threads if settings.engine in {"torch", "reference"} else 1
    torch.set_num_threads(num_threads)
    threadpool_limits(num_threads)
    _keep_freed_memory()
    has_cuda = torch.cuda.is_available()
    if settings.device == "cuda" and not has_cuda:
        raise ConfigError("training.device=cuda: torch finds no CUDA device here; use auto or cpu.")
    if settings.device == "cuda" and settings.engine == "kernels":
        raise ConfigError("training.engine=kernels runs on a CPU; set training.device=cpu, or leave the engine out.")
    wants_cuda = settings.device != "cpu" and settings.engine != "kernels"
    return torch.device("cuda" if wants_cuda and has_cuda else "cpu")


def _keep_freed_memory() -> None:
    """Ask the C library to keep what is freed for the next step.

    Batches differ in shape, so buffers are freed and allocated at every step; when they go back to the system in
    between, its clearing of the pages costs a tenth of the training time. Other systems than Linux are left alone.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT_BLOCK)
        mallopt(M_TRIM_THRESHOLD, KEPT_MEMORY)
