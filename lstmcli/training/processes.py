"""What processes that train one network together need from each other. A process that trains alone needs nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from torch import Tensor

from lstmcli.errors import LstmcliError
from lstmcli.stopping import NEVER, Stop

T = TypeVar("T")


class LostProcessError(LstmcliError):
    """Another process has ended, or can't be reached any more."""


class ReportedError(LstmcliError):
    """All processes end because one of them can't go on; the first process tells why."""


class AgreedStop(Stop):
    """A `Stop` of several processes, which is set in all of them after the same update.

    A request to one of them counts from the next exchange on.
    """

    def __init__(self, own: Stop) -> None:
        self._own = own
        self._is_set = False

    def is_set(self) -> bool:
        """Whether all processes stop."""
        return self._is_set

    def is_wanted(self) -> bool:
        """Whether this process was asked to stop."""
        return self._own.is_set()

    def agree(self, *, is_wanted: bool) -> None:
        """Note whether any process was asked to stop."""
        self._is_set = self._is_set or is_wanted

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """See `Stop.deferred`."""
        with self._own.deferred():
            yield


class Processes:
    """The processes that train together, as one of them sees them. This base class is a process that trains alone.

    All processes must call the same methods in the same order.

    Attributes:
        number: of processes.
        rank: of this one, from 0.
        stop: asks all of them to stop.
    """

    number = 1
    rank = 0

    def __init__(self, stop: Stop = NEVER) -> None:
        self.stop = stop

    @property
    def is_first(self) -> bool:
        """Whether this process writes, tells and scores; the others only compute their share of each batch."""
        return self.rank == 0

    def sum(self, values: Tensor) -> None:
        """Replace `values` by their sum over all processes, which is the same in each, to the last bit.

        Raises:
            LostProcessError: a process has ended, or can't be reached.
        """

    def of_first(self, compute: Callable[[], T]) -> T:
        """Return what `compute` returns in the first process, however long it takes; the others don't call it.

        Raises:
            LostProcessError: see `sum`.
        """
        return compute()

    def gather(self, value: T) -> list[T]:
        """Return the values of all processes, however long the slowest one takes to get here.

        Raises:
            LostProcessError: see `sum`.
        """
        return [value]

    def check_same(self, value: object, otherwise: str) -> None:
        """Check that all processes have the same value, however long the slowest one takes to get here.

        Args:
            value: can be pickled.
            otherwise: what to say of those that have another value than the first one.

        Raises:
            LstmcliError: some differ; in all but the first process a `ReportedError`.
        """
        values = self.gather(value)
        others = [str(rank) for rank, each in enumerate(values) if each != values[0]]
        if others:
            raise self.error(LstmcliError(f"processes {', '.join(others)} of {self.number} {otherwise}"))

    def error(self, error: LstmcliError) -> LstmcliError:
        """Return what to raise in this process, if all of them raise an error, and the first one tells it."""
        return error if self.is_first else ReportedError(str(error))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Run a block in which nothing is exchanged; an `LstmcliError` in one process becomes one in all of them.

        Raises:
            LstmcliError: in the first process, with the message; in the others their own, or a `ReportedError`.
        """
        yield

    def has_told(self, error: LstmcliError) -> bool:
        """Whether the first process has told what is wrong, so that this one need not."""
        return isinstance(error, ReportedError)


ALONE = Processes()
