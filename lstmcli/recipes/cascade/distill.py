"""`lstmcli distill`: trains a small network to imitate a model on texts without labels, and stores it beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lstmcli.config.settings import TrainingSettings
from lstmcli.corpus.example_rows import text_key
from lstmcli.data.reading import check_exist
from lstmcli.data.sealed import SealedFolder
from lstmcli.errors import DataError, UsageError
from lstmcli.events import Tell, TextsHeldOut, ignore
from lstmcli.inference.predictor import Predictor
from lstmcli.recipes.cascade.lesson import ask
from lstmcli.recipes.cascade.student import MAX_EPOCHS, Student
from lstmcli.recipes.cascade.texts import texts_of
from lstmcli.recipes.predict import InputOptions, input_layouts
from lstmcli.store.first_network import FirstNetwork, check_writable, remove_first_network, write_first_network
from lstmcli.store.lock import RunLock
from lstmcli.store.model import SavedModel, find_model, read_label_model
from lstmcli.store.run_directory import RunDirectory, run_of
from lstmcli.store.seen_texts import write_distilled_texts
from lstmcli.training.setup import training_environment

MIN_TEXTS = 50

# Texts on which the best epoch is chosen, and others on which nothing is chosen: these measure the agreement, and can
# calibrate `predict --fast`. At most so many each, and at most this part of all.
MAX_VALIDATION, MAX_HELD_OUT = 4096, 10_000
LARGEST_PART = 0.1

DEFAULT_INPUTS = InputOptions()


@dataclass(frozen=True)
class DistillOptions:
    """How to distill.

    Attributes:
        inputs: how files are read.
        most: learn from so many different texts at most, the first ones.
        hidden_size: units of the network; None: by the number of labels.
        seed: of initial weights and the order of texts.
    """

    inputs: InputOptions = DEFAULT_INPUTS
    most: int = 100_000
    hidden_size: int | None = None
    seed: int = 1


def distill(run: Path, paths: Sequence[str], options: DistillOptions, *, tell: Tell = ignore) -> FirstNetwork:
    """Train a first network for the model of `run`, store it with the model, and return it.

    Nothing is written before the end, so it may be interrupted at any time.

    Args:
        run: a run directory, or a model folder.
        paths: of files of texts, "-" for standard input; none: the training rows of the run.
        options: how to.
        tell: is told what happens.

    Raises:
        UsageError: the model predicts scores, or no file is named and the run does not name one.
        DataError: a file can't be read, or there are too few texts.
        RunDirectoryError: there is no model, it is in use, or an older release wrote it.
    """
    run = run_of(run).path
    model = read_label_model(run, "lstmcli distill")
    check_writable(SealedFolder(find_model(run), within=run))
    paths = list(paths) or [_training_file(run)]
    check_exist(paths)
    lock = RunLock(run)
    lock.acquire()
    try:
        settings = TrainingSettings(seed=options.seed, device="cpu", patience=MAX_EPOCHS)
        texts = _texts(model, paths, options)
        parts = _Parts.of(len(texts))
        tell(TextsHeldOut(len(texts) - parts.held_out.stop, len(texts[parts.held_out]), "agreement"))
        taught = ask(Predictor(model), texts, tell)
        with training_environment(settings):
            train, validation, held_out = map(taught.of, parts)
            student = Student(model, train, validation, held_out, settings, options.hidden_size, tell)
            found = student.learned()
        _store(run, found, [*texts[parts.train], *texts[parts.validation]])
    finally:
        lock.release()
    return found


def _training_file(run: Path) -> str:
    """Return the file that a run was trained on."""
    directory = RunDirectory(run)
    config = directory.read_config(needs_labels=False, needs_rows=False) if directory.is_run else None
    if config is None or config.data.train is None:
        raise UsageError(f"{run}: does not say which file it was trained on; name files of texts to learn from.")
    if not Path(config.data.train).is_file():
        raise UsageError(
            f"{run}: was trained on {config.data.train}, which is not there; name files of texts to learn from."
        )
    return config.data.train


def _texts(model: SavedModel, paths: Sequence[str], options: DistillOptions) -> list[str]:
    """Return different texts in random order."""
    layouts = input_layouts(model, paths, options.inputs)
    column = options.inputs.text_column or model.columns.text
    found = [*dict.fromkeys(islice(texts_of(model, paths, layouts, column), options.most))]
    if len(found) < MIN_TEXTS:
        raise DataError(
            f"{', '.join(paths)}: {len(found):,} different texts are too few to learn from; at least {MIN_TEXTS} are "
            "needed (labels are not)."
        )
    return [found[row] for row in np.random.default_rng(options.seed).permutation(len(found))]


class _Parts(NamedTuple):
    """Which texts are for what; see MAX_VALIDATION."""

    train: slice
    validation: slice
    held_out: slice

    @classmethod
    def of(cls, num_texts: int) -> "_Parts":
        num_held_out, num_validation = (
            min(most, round(LARGEST_PART * num_texts)) for most in (MAX_HELD_OUT, MAX_VALIDATION)
        )
        start = num_held_out + num_validation
        return cls(slice(start, None), slice(num_held_out, start), slice(0, num_held_out))


def _store(run: Path, found: FirstNetwork, learned_from: Sequence[str]) -> None:
    """Write the network and, beside the model, the keys of the texts that it has learned from."""
    remove_first_network(run)
    if RunDirectory(run).is_run:
        keys = np.array([text_key(text) for text in learned_from], dtype=np.int64)
        write_distilled_texts(RunDirectory(run).seen_texts, keys)
    write_first_network(run, found)
