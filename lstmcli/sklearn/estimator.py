"""What the scikit-learn estimators share: parameters, training in a folder of its own, and keeping the model."""

import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from lstmcli.api import load, train
from lstmcli.config.loading import check_settings, config_from
from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.feature_cells import wanted_features
from lstmcli.errors import ConfigError, DataError
from lstmcli.inference.given_texts import BLOCK_TEXTS, text_blocks
from lstmcli.reports.console import ConsoleReporter
from lstmcli.store.layout import MODEL_FOLDER, SEEN_TEXTS_FOLDER

# Figures for a report that nobody will read cost as little as they may.
QUIET_EVALUATION = {"evaluation.baselines": False, "evaluation.bootstrap_samples": 100}

MAX_SEED = 2**31 - 1


class GivenRows(NamedTuple):
    """What a model reads of X: a text each, or a tuple of several; and the columns beside it, None for none."""

    texts: list[Any]
    features: dict[str, list[Any]] | None = None


class TextEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An LSTM with n-grams for texts, trained as `lstmcli train` does by default."""

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden_size: int = 80,
        layers: int = 1,
        ngrams: bool = True,
        pretraining: bool = True,
        ensemble: int = 1,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        validation_fraction: float = 0.1,
        settings: Mapping[str, Any] | None = None,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        verbose: bool = False,
    ) -> None:
        """Keep the parameters; `fit` checks them.

        Args:
            cell: "lstm", "peephole" or "rnn".
            hidden_size: units of each direction of a layer.
            layers: recurrent layers.
            ngrams: whether n-grams are combined with the network.
            pretraining: whether the network first learns to predict the next word of the training texts.
            ensemble: number of networks, whose logits are averaged.
            epochs: passes over the training texts at most; None: by their number.
            batch_size: texts per update; None: by their number.
            learning_rate: the highest of the schedule; None: 0.01, or 0.005 for a network that starts from sentence
                vectors.
            validation_fraction: of the texts, set aside to choose the epoch and the thresholds.
            settings: any other settings of `lstmcli config` by key, such as {"dropout.words": 0.3}.
            random_state: an int for the same model each time.
            warm_start: whether `fit` goes on from the model of the last `fit`, with its words and classes.
            verbose: whether progress is written to stderr.
        """
        self.cell = cell
        self.hidden_size = hidden_size
        self.layers = layers
        self.ngrams = ngrams
        self.pretraining = pretraining
        self.ensemble = ensemble
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.validation_fraction = validation_fraction
        self.settings = settings
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose

    def _fit_model(self, rows: GivenRows, sample_weight: Any, **targets: Any) -> None:
        """Train on rows, perhaps weighted, with the targets as `lstmcli.train` takes them, and keep the model.

        Raises:
            ValueError: they can't be learned from, or a parameter or a setting is wrong.
        """
        given: dict[str, Any] = {"texts": rows.texts, "features": rows.features, **targets}
        if sample_weight is not None:
            given["weights"] = _weights(sample_weight, len(rows.texts))
        with tempfile.TemporaryDirectory() as folder, ConsoleReporter(quiet=not self.verbose) as reporter:
            run_dir = Path(folder) / "run"
            start = self._written(Path(folder) / "before") if self._goes_on else None
            try:
                train(self._all_settings(), run_dir=run_dir, start=start, progress=reporter, **given)
            except (ConfigError, DataError) as error:
                raise ValueError(str(error)) from None
            self._files = _files(run_dir / MODEL_FOLDER)
            self._seen_files = _files(run_dir / SEEN_TEXTS_FOLDER) if self.warm_start else {}

    @property
    def _goes_on(self) -> bool:
        """Whether `fit` goes on from a model."""
        return bool(self.warm_start) and hasattr(self, "_files")

    def _written(self, run: Path) -> Path:
        """Write the model, and what it has seen, as a run to go on from."""
        for name, files in ((MODEL_FOLDER, self._files), (SEEN_TEXTS_FOLDER, self._seen_files)):
            if files:
                _write(run / name, files)
        return run

    def _all_settings(self, seed: Any = None) -> dict[str, Any]:
        given = {} if self.settings is None else self.settings
        check_settings(given)
        seed = self.random_state if seed is None else seed
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(MAX_SEED)
        return {
            **QUIET_EVALUATION,
            "model.cell": self.cell,
            "model.hidden_size": self.hidden_size,
            "model.layers": self.layers,
            "ngrams.enabled": self.ngrams,
            "pretraining.own_texts": self.pretraining,
            "training.ensemble": self.ensemble,
            "training.epochs": self.epochs,
            "training.batch_size": self.batch_size,
            "training.learning_rate": self.learning_rate,
            "training.seed": int(seed),
            "data.validation_fraction": self.validation_fraction,
            **given,
        }

    def _columns(self) -> DataSettings:
        """Return the settings that name columns of X.

        Raises:
            ValueError: a parameter or a setting is wrong.
        """
        try:
            return config_from(self._all_settings(seed=0), needs_rows=False).data
        except ConfigError as error:
            raise ValueError(str(error)) from None

    def _answer(self, method: str, X: Any, **options: Any) -> Any:  # noqa: N803
        """Return what a method of the model says about the rows of X."""
        rows = rows_of(X, self._row_columns)
        return getattr(self.model_, method)(rows.texts, features=rows.features, answer_blank=True, **options)

    def _open(self) -> None:
        folder = tempfile.mkdtemp(prefix="lstmcli-")
        self.export(folder)
        self.model_: Any = load(folder)
        weakref.finalize(self.model_, _remove, folder, os.getpid())  # the model maps files in it

    def export(self, folder: str | Path) -> None:
        """Write the model into `folder`, for `lstmcli predict`, `lstmcli evaluate` and `lstmcli.load`."""
        check_is_fitted(self, "_files")
        _write(Path(folder), self._files)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("model_", None)  # which is opened again from the files
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "_files" in state:
            self._open()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags


def rows_of(X: Any, columns: DataSettings) -> GivenRows:  # noqa: N803
    """Return the rows of X, where the settings `data.text` and `data.features` may name columns of a frame.

    Raises:
        ValueError: X is no frame with these columns; see also `texts_of`.
        TypeError: something is no str.
    """
    names = [name for name, _ in wanted_features(columns)]
    if not names and not columns.text_before:
        return GivenRows(texts_of(X))
    wanted = [*columns.text_before, columns.text, *names]
    missing = [name for name in wanted if name not in getattr(X, "columns", ())]
    if missing:
        raise ValueError(
            f"expected X to be a frame with the columns {', '.join(wanted)}; it lacks {', '.join(missing)}"
        )
    texts: list[Any] = texts_of(X[columns.text])
    if columns.text_before:
        texts = list(zip(*(X[name] for name in columns.text_before), texts, strict=True))
    return GivenRows(texts, {name: list(X[name]) for name in names} if names else None)


def texts_of(X: Any) -> list[str]:  # noqa: N803
    """Return the texts of a list, an array, a Series, or a frame or matrix with one column.

    Raises:
        ValueError: there are several columns, or no texts.
        TypeError: something is no str.
    """
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) == 2:
        if shape[1] != 1:
            raise ValueError(f"expected one column of texts, got {shape[1]} columns")
        X = X.iloc[:, 0] if hasattr(X, "iloc") else X[:, 0]  # noqa: N806
    texts = [str(text) for text in chain.from_iterable(text_blocks(X, BLOCK_TEXTS))]  # str, where numpy has its own
    if not texts:
        raise ValueError("expected at least one text, got none")
    return texts


def _files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _weights(sample_weight: Any, num_texts: int) -> Any:
    """Return weights as (texts,), where scikit-learn also takes a single number."""
    return np.full(num_texts, sample_weight) if np.isscalar(sample_weight) else sample_weight


def _remove(folder: str, process: int) -> None:
    """Remove a folder, unless this process is a fork of the one that made it and still needs it."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
