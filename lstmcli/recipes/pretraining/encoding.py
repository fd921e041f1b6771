"""Sentence vectors of a teacher, computed once and kept in the run."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from lstmcli.corpus.texts import ERRORS
from lstmcli.errors import InterruptedRunError
from lstmcli.events import Tell, TextsEncoded
from lstmcli.stopping import Stop
from lstmcli.store.teacher_vectors import StoredVectors, VectorBlocks
from lstmcli.training.teacher import SentenceEncoder


def encode_once(
    encoder: SentenceEncoder, folder: Path, texts: Sequence[str], *, kind: str, tell: Tell, stop: Stop
) -> StoredVectors:
    """Return the vectors of `texts`, and compute those that are not in `folder` yet.

    Args:
        encoder: the teacher.
        folder: see `store.teacher_vectors`.
        texts: at least one.
        kind: what they are, in the plural, such as "texts" or "words".
        tell: is called after each batch.
        stop: is checked after each batch.

    Raises:
        InterruptedRunError: `stop` was set; all finished blocks are kept.
        ConfigError: the teacher fails.
    """
    digest = _digest(encoder, texts)
    with stop.deferred():
        blocks = VectorBlocks(folder, kind=kind, digest=digest, num_texts=len(texts), size=encoder.size)
        progress = _Progress(kind, len(texts), blocks.num_finished, tell, stop)
        for start in range(blocks.num_finished, len(texts), blocks.block_texts):
            blocks.add(encoder.encode(list(texts[start : start + blocks.block_texts]), report=progress.add))
            progress.finish_block()
    return blocks.vectors()


def _digest(encoder: SentenceEncoder, texts: Sequence[str]) -> str:
    digest = hashlib.sha256(f"{encoder.digest} {VectorBlocks.block_texts}".encode())
    for text in texts:
        data = text.encode("utf-8", ERRORS)
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


class _Progress:
    """Counts the texts that are encoded, and stops between two batches if asked to."""

    def __init__(self, kind: str, num_texts: int, num_before: int, tell: Tell, stop: Stop) -> None:
        self._kind, self._num_texts, self._num_before = kind, num_texts, num_before
        self._num_done = self._num_kept = num_before
        self._tell, self._stop = tell, stop
        self._started_at = time.monotonic()

    def add(self, num_texts: int) -> None:
        """Note that a batch was encoded."""
        self._num_done += num_texts
        seconds = time.monotonic() - self._started_at
        if self._num_done < self._num_texts:  # the last batch is told of when its block is on disk
            self._tell(TextsEncoded(self._kind, self._num_done, self._num_texts, self._num_before, seconds))
        if self._stop.is_set():
            raise InterruptedRunError(
                f"stopped; the teacher's vectors of {self._num_kept:,} of {self._num_texts:,} {self._kind} are saved."
            )

    def finish_block(self) -> None:
        """Note that all texts so far are on disk."""
        self._num_kept = self._num_done
        if self._num_done == self._num_texts:
            seconds = time.monotonic() - self._started_at
            self._tell(TextsEncoded(self._kind, self._num_done, self._num_texts, self._num_before, seconds))
