"""Going on with an interrupted training: only with the same config and the same rows."""

import hashlib
from typing import Any

from lstmcli.checkpoint import Checkpoints
from lstmcli.config.loading import config_to_dict, dump_config, load_config
from lstmcli.config.settings import Config
from lstmcli.errors import ConfigError, RunDirectoryError
from lstmcli.model_format import CONFIG_FILE
from lstmcli.recipes.corpus import Corpus
from lstmcli.recipes.embedding import EmbeddingPlan
from lstmcli.run_directory import RunDirectory
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


def check_same_config(config: Config, run: RunDirectory, *, needs_labels: bool = True) -> None:
    """Compare `config` with the one that started the run; `needs_labels` as for `load_config`.

    Raises:
        RunDirectoryError: there is no run.
        ConfigError: a key differs; the message names all of them.
    """
    if not run.is_run:
        raise RunDirectoryError(f"{run.path}: there is no run to resume; leave --resume out.")
    stored, now = (
        config_to_dict(load_config(run.path / CONFIG_FILE, [], needs_labels=needs_labels)),
        config_to_dict(config),
    )
    changed = [
        f"{section}.{key} was {value!r}, is {now[section][key]!r}"
        for section, values in stored.items()
        for key, value in values.items()
        if section != "output" and now[section][key] != value
    ]
    if changed:
        raise ConfigError(f"{run.path}: can't be resumed with another config: {'; '.join(changed)}.")


def check_run(config: Config, run: RunDirectory, *, resume: bool, overwrite: bool, needs_labels: bool = True) -> None:
    """Look whether `run` may be gone on with, or a new one be written there; nothing is changed.

    Raises:
        LstmcliError: see `check_same_config` and `RunDirectory.check_free`.
    """
    if resume:
        check_same_config(config, run, needs_labels=needs_labels)
    else:
        run.check_free(overwrite=overwrite)


def open_run(config: Config, run: RunDirectory, *, resume: bool, overwrite: bool) -> list[dict[str, Any]]:
    """Return the epochs that were written so far, of a new run none; a new one starts here."""
    if resume:
        return run.read_history()
    run.claim(overwrite=overwrite)
    run.write_config(dump_config(config))
    return []


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
