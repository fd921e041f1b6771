"""One thread for numpy's matrix library while something is computed, and as many as before afterwards.

The products of a time step are too small to share out: more threads cost more CPU time, many times as much on a busy
machine, and how they share the rows changes how these are rounded. The command line asks for one thread before it
loads numpy. In other programs numpy is there already, so its library has to be told while it runs. That works for
OpenBLAS, which numpy's wheels bring along, and for what threadpoolctl knows. Any other library keeps its threads.
"""

import ctypes
import sys
from _thread import allocate_lock  # all that is needed of `threading`, which loads for longer
from collections.abc import Callable
from typing import NamedTuple

# The module that is linked with the matrix library, in numpy 2 and numpy 1.
EXTENSIONS = ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath")

# What surrounds the names of OpenBLAS's functions: numpy's wheels have a build of their own.
OPENBLAS_NAMES = ("scipy_openblas_{}64_", "openblas_{}64_", "scipy_openblas_{}", "openblas_{}")

# What `openblas_get_parallel` returns for builds with OpenMP. In these, each thread of a program has its own number of
# threads, so that no number can be set for all of them.
OPENMP = 2


class Library(NamedTuple):
    """A matrix library: returns and sets its number of threads, which holds for the whole process."""

    get: Callable[[], int]
    set: Callable[[int], object]


class OneThread:
    """A context in which matrix libraries have one thread each.

    Several threads may be inside at once. The first one sets the limit and the last one lifts it, unless something else
    has changed it meanwhile. It holds for the whole process, so also for what other threads compute meanwhile.
    """

    def __init__(self, find: Callable[[], list[Library]]) -> None:
        """Take what finds the libraries; it is called when they are first needed."""
        self._find = find
        self._libraries: list[Library] | None = None
        self._lock = allocate_lock()
        self._num_inside = 0
        self._before: list[int] = []

    def __enter__(self) -> None:
        with self._lock:
            if self._num_inside == 0:
                libraries = self._found()
                self._before = [library.get() for library in libraries]
                for library in libraries:
                    library.set(1)
            self._num_inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._num_inside -= 1
            if self._num_inside == 0:
                for library, number in zip(self._found(), self._before, strict=True):
                    if library.get() == 1:
                        library.set(number)

    def is_certain(self) -> bool:
        """Whether products are computed with one thread at this moment; False also where nobody can tell."""
        with self._lock:
            libraries = self._found()
            return bool(libraries) and all(library.get() == 1 for library in libraries)

    def _found(self) -> list[Library]:
        if self._libraries is None:
            self._libraries = self._find()
        return self._libraries


def numpys_libraries() -> list[Library]:
    """Return the libraries that numpy may compute with; none if one of them can't be limited."""
    extension = next((sys.modules[name] for name in EXTENSIONS if name in sys.modules), None)
    found = linked_openblas(getattr(extension, "__file__", ""))
    return [found] if found is not None else known_to_threadpoolctl()


def linked_openblas(path: str) -> Library | None:
    """Return the OpenBLAS that the module at `path`, already loaded, is linked with; None for any other library."""
    try:
        extension = ctypes.CDLL(path)
    except OSError:
        return None
    for name in OPENBLAS_NAMES:
        # Found also where only a library has it that the module is linked with, except on Windows.
        parallel, get, limit = (
            getattr(extension, name.format(function), None)
            for function in ("get_parallel", "get_num_threads", "set_num_threads")
        )
        if parallel is not None and get is not None and limit is not None:
            return None if parallel() == OPENMP else Library(get, limit)
    return None


def known_to_threadpoolctl() -> list[Library]:
    """Return what threadpoolctl, if installed, finds in this process; nothing if it can't limit one of them."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return []
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    if any(getattr(each, "threading_layer", None) == "openmp" for each in found):
        return []
    return [Library(each.get_num_threads, each.set_num_threads) for each in found]


ONE_THREAD = OneThread(numpys_libraries)
