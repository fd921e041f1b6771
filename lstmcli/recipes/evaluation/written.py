"""Finds out what two sentences for a paper say about a model and its rows."""

import platform
from pathlib import Path

import numpy as np

from lstmcli import __version__
from lstmcli.recipes.score import ScoredRows
from lstmcli.reports.write_up import Setting, model_words, rows_words, write_up
from lstmcli.store.layout import CONFIG_FILE
from lstmcli.store.model import SavedModel, read_model
from lstmcli.store.run_directory import RunDirectory


def written(scored: ScoredRows, run: Path) -> str:
    """Return the sentences.

    Args:
        scored: the rows.
        run: the model's run directory or model folder; of a cross-validation, the run directory of all folds.
    """
    folds = None if scored.fold is None else int(scored.fold.max())
    model = read_model(run if folds is None else RunDirectory(run).fold(1).path)
    split = "" if folds is not None else _split(run, scored.evaluation.name)
    setting = Setting(
        rows_words(scored.evaluation, split, folds),
        describe_model(model),
        [("lstmcli", __version__), ("Python", platform.python_version()), ("NumPy", np.__version__)],
    )
    return write_up(scored.evaluation, setting)


def describe_model(model: SavedModel) -> str:
    """Return what it is, in words: "a bidirectional LSTM (80 hidden units per direction, attention pooling)"."""
    network = model.network
    return model_words(
        network.cell,
        network.hidden_size,
        network.pooling,
        is_bidirectional=network.bidirectional,
        num_networks=len(model.members),
        ngrams=model.ngrams is not None,
    )


def _split(run: Path, name: str) -> str:
    """Say which split of the run the file is, if it is one."""
    if not (run / CONFIG_FILE).exists():
        return ""
    data = RunDirectory(run).read_config(needs_rows=False).data
    splits = {data.train: "training", data.validation: "validation", data.test: "test"}
    split = splits.get(name)
    return "" if split is None else f" ({split} rows of the run)"
