"""Limits numpy's matrix library to one thread during a computation, and restores its threads afterwards.

The products of a time step are too small to be split. More threads take more CPU time, many times as much on a busy
machine, and the way they divide the rows affects rounding. The command line requests one thread before it loads numpy.
In other programs, numpy is already loaded, so the limit is set at run time. This works for OpenBLAS, which numpy's
wheels include, and for the libraries that threadpoolctl supports. Any other library keeps its threads.
"""

import ctypes
import sys
from _thread import allocate_lock  # importing `threading` takes longer
from collections.abc import Callable
from typing import NamedTuple

# The module that is linked to the matrix library, in numpy 2 and numpy 1.
EXTENSIONS = ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath")

# Naming schemes of OpenBLAS's functions; numpy's wheels contain a special build.
OPENBLAS_NAMES = ("scipy_openblas_{}64_", "openblas_{}64_", "scipy_openblas_{}", "openblas_{}")

# Result of `openblas_get_parallel` for builds with OpenMP. In these, the number of threads is a setting of each thread
# of the program, so it cannot be set for all of them.
OPENMP = 2


class Library(NamedTuple):
    """Functions of a matrix library that return and set its number of threads, for the whole process."""

    get: Callable[[], int]
    set: Callable[[int], object]


class OneThread:
    """A context in which matrix libraries have one thread each.

    Several threads may be inside at the same time. The first sets the limit and the last lifts it, unless it has been
    changed in the meantime. It applies to the whole process, including computations in other threads.
    """

    def __init__(self, find: Callable[[], list[Library]]) -> None:
        """Store `find`, which returns the libraries; it is called when they are first needed."""
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
        """Whether products are computed with one thread at this moment; False if this cannot be determined."""
        with self._lock:
            libraries = self._found()
            return bool(libraries) and all(library.get() == 1 for library in libraries)

    def _found(self) -> list[Library]:
        if self._libraries is None:
            self._libraries = self._find()
        return self._libraries


def numpys_libraries() -> list[Library]:
    """Return the matrix libraries that numpy may use; none if one of them cannot be limited."""
    extension = next((sys.modules[name] for name in EXTENSIONS if name in sys.modules), None)
    found = linked_openblas(getattr(extension, "__file__", ""))
    return [found] if found is not None else known_to_threadpoolctl()


def linked_openblas(path: str) -> Library | None:
    """Return the OpenBLAS that the loaded module at `path` is linked to; None for any other library."""
    try:
        extension = ctypes.CDLL(path)
    except OSError:
        return None
    for name in OPENBLAS_NAMES:
        # Except on Windows, the look-up includes the libraries that the module is linked to.
        parallel, get, limit = (
            getattr(extension, name.format(function), None)
            for function in ("get_parallel", "get_num_threads", "set_num_threads")
        )
        if parallel is not None and get is not None and limit is not None:
            return None if parallel() == OPENMP else Library(get, limit)
    return None


def known_to_threadpoolctl() -> list[Library]:
    """Return what threadpoolctl, if installed, finds in this process; nothing if one of them cannot be limited."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return []
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    if any(getattr(each, "threading_layer", None) == "openmp" for each in found):
        return []
    return [Library(each.get_num_threads, each.set_num_threads) for each in found]


ONE_THREAD = OneThread(numpys_libraries)
