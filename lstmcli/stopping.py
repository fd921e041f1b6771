"""How a caller asks a recipe to stop."""

from collections.abc import Iterator
from contextlib import contextmanager


class Stop:
    """Asks a recipe to stop. This base class never does; the command line passes one that listens for signals."""

    def is_set(self) -> bool:
        """Whether to stop now."""
        return False

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Promise that the block calls `is_set` often, so that a request to stop can wait for the next call."""
        yield


NEVER = Stop()
