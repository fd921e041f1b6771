"""Tells how far a long stage is, for a progress bar."""

from collections.abc import Collection, Iterator

from lstmcli.events import StageMoved, Tell

# Less is read or tokenised within seconds.
LEAST_BYTES = 1 << 24
LEAST_TEXTS = 100_000

# A stage tells of its progress about so often.
NUM_TOLD = 500


class StageProgress:
    """Counts what is done of a stage, in any unit."""

    def __init__(self, stage: str, total: int, tell: Tell) -> None:
        """Start a stage with a verb as its name; `total` is what is to be done."""
        self._stage, self._total, self._tell = stage, total, tell
        self._done = self._last_told = 0

    def add(self, num: int = 1) -> None:
        """Note that `num` more is done."""
        self._done += num
        if NUM_TOLD * (self._done - self._last_told) >= self._total:
            self._last_told = self._done
            self._tell(StageMoved(self._stage, min(1.0, self._done / self._total)))

    def finish(self) -> None:
        """Note that the stage is over."""
        self._tell(StageMoved(self._stage, 1.0))


def told_texts(texts: Collection[str], tell: Tell, *, stage: str = "tokenise") -> Iterator[str]:
    """Yield `texts`, and tell how many are done if they are many."""
    if len(texts) < LEAST_TEXTS:
        yield from texts
        return
    progress = StageProgress(stage, len(texts), tell)
    for text in texts:
        yield text
        progress.add()
    progress.finish()
