"""The state of an interrupted training: it goes on only with the same rows."""

import hashlib

from lstmcli.corpus.corpus import Corpus
from lstmcli.errors import RunDirectoryError
from lstmcli.store.checkpoint import Checkpoints
from lstmcli.training.initial_weights import EmbeddingPlan
from lstmcli.training.loop import Trainer

FINGERPRINT_KEY = "fingerprint"


def fingerprint(corpus: Corpus, plan: EmbeddingPlan) -> str:
    """Return a hash of all that training and its decisions rest on: rows, vocabulary and word vectors."""
    digest = hashlib.sha256()
    for split in (corpus.train, corpus.validation):
        digest.update(split.digest().encode())
    digest.update(plan.vocabulary.file_content().encode())
    if plan.pretrained is not None:
        digest.update(plan.pretrained.vectors.tobytes())
    return digest.hexdigest()


def save_state(trainer: Trainer, checkpoints: Checkpoints, rows: str) -> None:
    """Write the trainer's state; `rows` is the fingerprint of its corpus."""
    checkpoints.save_state(trainer.tensors(), trainer.progress_dict() | {FINGERPRINT_KEY: rows})


def restore(trainer: Trainer, checkpoints: Checkpoints, rows: str) -> None:
    """Put the trainer where its last state was saved.

    Raises:
        RunDirectoryError: no state is saved, it is damaged, or the corpus or the word vectors have changed.
    """
    tensors, progress = checkpoints.load_state()
    if progress.pop(FINGERPRINT_KEY, None) != rows:
        raise RunDirectoryError(
            f"{checkpoints.last}: can't be resumed from: texts, labels or word vectors have changed since; start again "
            "with --overwrite."
        )
    try:
        trainer.load_state(tensors, progress)
    except (KeyError, TypeError, RuntimeError) as error:
        raise RunDirectoryError(f"{checkpoints.last}: is damaged ({error}); start again with --overwrite.") from None
