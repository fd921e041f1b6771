"""Device, threads and seeds, set before the first tensor is drawn and restored afterwards."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits

from lstmcli.config.settings import TrainingSettings
from lstmcli.errors import ConfigError

# Parameters of mallopt in the C library, and the values for them, in bytes.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_MEMORY = 1 << 30
LARGEST_KEPT_BLOCK = 32 << 20  # the maximum that the C library accepts


@contextmanager
def training_environment(settings: TrainingSettings) -> Iterator[torch.device]:
    """Yield the device, with torch seeded and its threads set; then restore torch's random state and threads.

    Raises:
        ConfigError: see `device_for`.
    """
    device = device_for(settings)
    # The products of a time step are too small to be split: with two threads in the matrix libraries, an update took
    # three times as long. Instead, `training.threads` computes the two directions of a layer in parallel.
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
        ConfigError: "cuda" is requested without a CUDA device, or with the kernels, which run on a CPU.
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
    """Ask the C library to keep freed memory for the next step, for the rest of the process.

    Batches differ in shape, so buffers are freed and allocated at every step. If they are returned to the system in
    between, clearing the pages again takes a tenth of the training time. Does nothing on systems other than Linux.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT_BLOCK)
        mallopt(M_TRIM_THRESHOLD, KEPT_MEMORY)
