"""The limit on the threads of matrix libraries: set by the first one inside, lifted by the last one, certain or not."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lstmcli.inference.one_thread import (
    Library,
    OneThread,
    known_to_threadpoolctl,
    linked_openblas,
    numpys_libraries,
)


class FakeLibrary:
    def __init__(self, num_threads: int) -> None:
        self.num_threads = num_threads

    def set(self, num_threads: int) -> None:
        self.num_threads = num_threads

    def as_library(self) -> Library:
        return Library(lambda: self.num_threads, self.set)


def limit_of(*libraries: FakeLibrary) -> OneThread:
    return OneThread(lambda: [library.as_library() for library in libraries])


def test_libraries_get_back_the_threads_that_they_had() -> None:
    first, second = FakeLibrary(8), FakeLibrary(3)
    limit = limit_of(first, second)
    with limit:
        assert (first.num_threads, second.num_threads) == (1, 1)
        with limit:
            pass
        assert (first.num_threads, second.num_threads) == (1, 1)
    assert (first.num_threads, second.num_threads) == (8, 3)


def test_an_error_inside_lifts_the_limit_too() -> None:
    library = FakeLibrary(8)
    with pytest.raises(KeyError), limit_of(library):
        raise KeyError
    assert library.num_threads == 8


def test_the_last_of_several_threads_lifts_the_limit() -> None:
    library = FakeLibrary(8)
    limit = limit_of(library)

    def work(_: int) -> set[int]:
        with limit:
            return {library.num_threads for _ in range(10)}

    with ThreadPoolExecutor(8) as pool:
        assert set.union(*pool.map(work, range(500))) == {1}
    assert library.num_threads == 8


def test_a_number_that_something_else_sets_meanwhile_stays() -> None:
    library = FakeLibrary(8)
    with limit_of(library):
        library.set(4)
    assert library.num_threads == 4


def test_one_thread_is_certain_only_where_all_libraries_say_so() -> None:
    limit = limit_of(FakeLibrary(1), FakeLibrary(2))
    assert not limit.is_certain()
    with limit:
        assert limit.is_certain()
    with limit_of() as _, limit_of():
        assert not limit_of().is_certain()


def test_the_library_of_numpys_wheels_is_found_without_threadpoolctl(monkeypatch: pytest.MonkeyPatch) -> None:
    if (
        np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"] != "scipy-openblas"
        or sys.platform == "win32"
    ):
        pytest.skip("this numpy is of another build")
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    (library,) = numpys_libraries()
    limit = OneThread(numpys_libraries)
    before = library.get()
    with limit:
        assert library.get() == 1
    assert library.get() == before


@pytest.mark.parametrize("find", [numpys_libraries, known_to_threadpoolctl])
def test_threadpoolctl_finds_the_same(find: Callable[[], list[Library]]) -> None:
    before = [library.get() for library in numpys_libraries()]
    limit = OneThread(find)
    with limit:
        assert all(library.get() == 1 for library in numpys_libraries())
    assert [library.get() for library in numpys_libraries()] == before


def test_without_any_library_that_can_be_limited_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert known_to_threadpoolctl() == []
    assert linked_openblas("/no/such/module.so") is None
    with limit_of():
        pass
