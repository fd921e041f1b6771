"""Device, threads and seeds: what must be set before the first tensor is drawn, and set back afterwards."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits

from lstmcli.config.settings import TrainingSettings
from lstmcli.errors import ConfigError

# Names of parameters of the C library's mallopt, and the values that they get, in bytes.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_MEMORY = 1 << 30
LARGEST_KEPT_BLOCK = 32 << 20  # the C library takes no more


@contextmanager
def training_environment(settings: TrainingSettings) -> Iterator[torch.device]:
    """Yield the device, with torch seeded and its threads set; afterwards all is as the caller had it.

    Raises:
        ConfigError: see `device_for`.
    """
    device = device_for(settings)
    # The products of a time step are too small to share out: with two threads in the matrix libraries an update took
    # three times as long. `training.threads` is for the two directions of a layer instead.
    num_threads = settings.threads if settings.engine in {"torch", "reference"} else 1
    threads_before, random_state, switch_interval = (
        torch.get_num_threads(),
        torch.get_rng_state(),
        sys.getswitchinterval(),
    )
    with threadpool_limits(num_threads):
        torch.set_num_threads(num_threads)
        torch.manual_seed(settings.seed)
        try:
            yield device
        finally:
            torch.set_num_threads(threads_before)
            torch.set_rng_state(random_state)
            sys.setswitchinterval(switch_interval)


def device_for(settings: TrainingSettings) -> torch.device:
    """Return the device to train on.

    Raises:
        ConfigError: "cuda" is asked for where there is none, or for kernels that run on a CPU.
    """
    has_cuda = torch.cuda.is_available()
    if settings.device == "cuda" and not has_cuda:
        raise ConfigError("training.device=cuda: torch found no CUDA device; use auto or cpu.")
    if settings.device == "cuda" and settings.engine == "kernels":
        raise ConfigError(
            "training.engine=kernels runs only on a CPU; set training.device=cpu, or remove training.engine."
        )
    wants_cuda = settings.device != "cpu" and settings.engine != "kernels"
    return torch.device("cuda" if wants_cuda and has_cuda else "cpu")


def keep_freed_memory() -> None:
    """Ask the C library to keep what is freed for the next step, for as long as the process lives.

    Batches differ in shape, so buffers are freed and allocated at every step; when they go back to the system in
    between, its clearing of the pages costs a tenth of the training time. Other systems than Linux are left alone.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT_BLOCK)
        mallopt(M_TRIM_THRESHOLD, KEPT_MEMORY)
