"""What processes on a Ray cluster and the command that has started them tell each other."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from lstmcli.events import Event, StageMoved, StepFinished
from lstmcli.stopping import Stop

if TYPE_CHECKING:
    from lstmcli.recipes.tasks.reporting import AnyEvaluation

# How often both sides look, and so how long a message or Ctrl-C may take.
SECONDS_BETWEEN: Final = 0.3


class Finished(NamedTuple):
    """The job is done.

    Attributes:
        evaluation: to show, if there is one.
    """

    evaluation: "AnyEvaluation | None"


class Failed(NamedTuple):
    """The job can't be done, and another attempt would not help.

    Attributes:
        error: what the command raises.
    """

    error: BaseException


Message = Event | Finished | Failed


class News(NamedTuple):
    """What a command hears.

    Attributes:
        attempts: that have begun.
        silence: seconds since the first process, which tells something all the time, was last heard of.
        messages: new ones.
    """

    attempts: int
    silence: float
    messages: list[Message]


class Mailbox:
    """An actor on the host of the command, which passes messages on in their order.

    It ends with the command.
    """

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._attempts = 0
        self._is_stopped = False
        self._heard_at = time.monotonic()

    def begin(self) -> int:
        """Return the number of this attempt, from 1."""
        self._attempts += 1
        return self._attempts

    def put(self, messages: list[Message]) -> bool:
        """Add messages; return whether the command wants to stop."""
        self._heard_at = time.monotonic()
        self._messages += messages
        return self._is_stopped

    def take(self, *, is_stopped: bool) -> "News":
        """Return what has come since the last call."""
        self._is_stopped = is_stopped
        messages, self._messages = self._messages, []
        return News(self._attempts, time.monotonic() - self._heard_at, messages)


class Link(Stop):
    """The end of a `Mailbox` in the first process. Use it as a context manager, which delivers what is left.

    As a `Stop`, it passes Ctrl-C in the command on. Where the job has not promised to ask often, the command ends at
    once, as it does in one process.
    """

    def __init__(self, ray: Any, mailbox: Any) -> None:
        """Prepare.

        Args:
            ray: Ray's module.
            mailbox: the handle of the actor.
        """
        self._ray, self._mailbox = ray, mailbox
        self._messages: list[Message] = []
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._is_set = self._is_deferred = False
        self._next_step_at = 0.0
        self._thread = threading.Thread(target=self._pass_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.set()
        self._thread.join()
        self._exchange()

    def is_set(self) -> bool:
        """Whether the command wants to stop."""
        return self._is_set

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """See `Stop.deferred`."""
        self._is_deferred = True
        yield
        self._is_deferred = False  # not after an error, which says more than that the command was stopped

    def __call__(self, message: Message) -> None:
        """Send a message; of the many that only move a bar, some."""
        if isinstance(message, StepFinished) or (isinstance(message, StageMoved) and message.share < 1.0):
            if time.monotonic() < self._next_step_at:
                return
            self._next_step_at = time.monotonic() + SECONDS_BETWEEN
        with self._lock:
            self._messages.append(message)

    def _pass_on(self) -> None:
        while not self._ending.wait(SECONDS_BETWEEN):
            if self._is_set and not self._is_deferred:  # and has been for a while, so nobody is about to say more
                self(Failed(KeyboardInterrupt()))
            with suppress(self._ray.exceptions.RayError):  # without the command, Ray ends this process, too
                self._exchange()

    def _exchange(self) -> None:
        with self._lock:
            number = len(self._messages)
            messages = self._messages[:number]
        self._is_set = self._ray.get(self._mailbox.put.remote(messages))
        with self._lock:
            del self._messages[:number]
