"""The classifier as a scikit-learn estimator: `from lstmcli import LSTMClassifier`."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from lstmcli.api import load, train
from lstmcli.corpus.label_cells import clean_label
from lstmcli.corpus.label_set import SET_SEPARATOR
from lstmcli.errors import DataError
from lstmcli.events import ignore
from lstmcli.reports.console import ConsoleReporter
from lstmcli.store.layout import MODEL_FOLDER

# Figures for a report that nobody will read cost as little as they may.
QUIET_EVALUATION = {"evaluation.baselines": False, "evaluation.bootstrap_samples": 100}

MAX_SEED = 2**31 - 1


class LSTMClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An LSTM with n-grams for texts, trained as `lstmcli train` does by default.

    X is a list, an array, a Series or a one-column frame of str. y is a class for each text, or for several labels per
    text a set of names for each, or an indicator matrix (texts, labels).

    Attributes:
        classes_: the classes, sorted; of an indicator matrix the numbers of its columns.
        model_: the trained `lstmcli.Model`. Its label names are the classes as text.

    Example:
        >>> from sklearn.model_selection import cross_val_score
        >>> cross_val_score(LSTMClassifier(random_state=1), texts, labels, cv=3)
    """

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
        learning_rate: float = 0.01,
        validation_fraction: float = 0.1,
        settings: Mapping[str, Any] | None = None,
        random_state: int | np.random.RandomState | None = None,
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
            learning_rate: the highest of the schedule.
            validation_fraction: of the texts, set aside to choose the epoch and the thresholds.
            settings: any other settings of `lstmcli config` by key, such as {"dropout.words": 0.3}.
            random_state: an int for the same model each time.
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
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 (scikit-learn's name)
        """Train on texts X and classes y.

        Raises:
            ValueError: X and y can't be learned from.
            TypeError: X holds something else than str.
        """
        texts = _texts(X)
        if y is None:
            raise ValueError("LSTMClassifier requires y to be passed, but the target y is None")
        targets = _Targets.of(y)
        check_consistent_length(texts, targets.indices)
        if len(targets.classes) < 2:
            raise ValueError(f"LSTMClassifier needs at least 2 classes, got {len(targets.classes)} class")
        with tempfile.TemporaryDirectory() as folder:
            try:
                train(
                    self._all_settings(),
                    texts=texts,
                    labels=targets.labels(),
                    run_dir=Path(folder) / "run",
                    progress=ConsoleReporter() if self.verbose else ignore,
                )
            except DataError as error:
                raise ValueError(str(error)) from error
            model = Path(folder) / "run" / MODEL_FOLDER
            self._files = {file.name: file.read_bytes() for file in model.iterdir()}
        self.classes_ = targets.classes
        self._names, self._form = targets.names, targets.form
        self._open()
        return self

    def _all_settings(self) -> dict[str, Any]:
        given = dict(self.settings or {})
        seed = self.random_state
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

    def _open(self) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # the model maps files in it
        for name, content in self._files.items():
            (Path(self._folder.name) / name).write_bytes(content)
        self.model_ = load(self._folder.name)

    def export(self, folder: str | Path) -> None:
        """Write the model into `folder`, for `lstmcli predict`, `lstmcli evaluate` and `lstmcli.load`."""
        check_is_fitted(self)
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, content in self._files.items():
            (Path(folder) / name).write_bytes(content)

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return a class for each text; for several labels per text, sets or an indicator matrix, as y was."""
        check_is_fitted(self)
        answers = self.model_.predict(_texts(X))
        index = {name: number for number, name in enumerate(self._names)}
        if self._form == "single":
            return self.classes_[[index[name] for name in answers]]
        if self._form == "sets":
            return [{self.classes_[index[name]] for name in names} for names in answers]
        picked = np.zeros((len(answers), len(self.classes_)), dtype=np.int64)
        for row, names in enumerate(answers):
            picked[row, [index[name] for name in names]] = 1
        return picked

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return (texts, classes), the probability of each of `classes_`; 0 for one that only validation texts had."""
        check_is_fitted(self)
        model = self.model_
        found = model.predict_proba(_texts(X))
        probabilities = np.zeros((len(found), len(self.classes_)))
        probabilities[:, [self._names.index(name) for name in model.labels]] = found
        return probabilities

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:  # noqa: N803
        """Return the accuracy; for several labels per text, the fraction of texts with exactly the right ones."""
        answers = self.predict(X)
        if self._form == "sets":
            position = {name: number for number, name in enumerate(self.classes_)}
            y, answers = (_indicators(sets, position) for sets in (y, answers))
        return float(accuracy_score(y, answers, sample_weight=sample_weight))

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        for name in ("_folder", "model_"):
            state.pop(name, None)
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
        tags.classifier_tags.multi_label = True
        return tags


class _Targets:
    """The classes of each text, whatever the form of y.

    Attributes:
        classes: distinct, sorted.
        names: what the model calls them.
        indices: of the classes of each text.
        form: "single", "sets" or "indicators".
    """

    def __init__(self, classes: NDArray[Any], indices: Sequence[Sequence[int]], form: str) -> None:
        self.classes, self.indices, self.form = classes, indices, form
        self.names = _names(classes)

    @classmethod
    def of(cls, y: Any) -> "_Targets":
        if _holds_sets(y):
            sets = [sorted(set(names)) for names in y]
            classes = np.array(sorted({name for names in sets for name in names}), dtype=object)
            position = {name: number for number, name in enumerate(classes)}
            return cls(classes, [[position[name] for name in names] for names in sets], "sets")
        check_classification_targets(y)
        matrix = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
        if matrix.ndim == 2 and matrix.shape[1] > 1:
            return cls(np.arange(matrix.shape[1]), [np.flatnonzero(row).tolist() for row in matrix], "indicators")
        classes, codes = np.unique(column_or_1d(matrix, warn=True), return_inverse=True)
        return cls(classes, [[code] for code in codes.tolist()], "single")

    def labels(self) -> list[Any]:
        """Return what `lstmcli.train` takes."""
        if self.form == "single":
            return [self.names[index] for (index,) in self.indices]
        return [tuple(self.names[index] for index in indices) for indices in self.indices]


def _holds_sets(y: Any) -> bool:
    """Whether y has a set, list or tuple of names for each text; rows of an indicator matrix hold numbers."""
    if not isinstance(y, list | tuple):
        return False
    are_rows = all(isinstance(names, list | tuple) and not any(isinstance(each, str) for each in names) for names in y)
    return not are_rows and all(isinstance(names, set | frozenset | list | tuple) for names in y)


def _names(classes: NDArray[Any]) -> list[str]:
    """Return the classes as text, or their numbers where a model could not tell the texts apart."""
    names = [str(each) for each in classes.tolist()]
    are_usable = all(clean_label(name) == name and name and SET_SEPARATOR not in name for name in names)
    return names if are_usable and len(set(names)) == len(names) else [str(number) for number in range(len(names))]


def _indicators(sets: Iterable[Iterable[Any]], position: dict[Any, int]) -> NDArray[np.bool_]:
    """Return (texts, classes), and a last column for what no class is."""
    rows = [[position.get(name, len(position)) for name in names] for names in sets]
    matrix = np.zeros((len(rows), len(position) + 1), dtype=np.bool_)
    for row, numbers in zip(matrix, rows, strict=True):
        row[numbers] = True
    return matrix


def _texts(X: Any) -> list[str]:  # noqa: N803
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
    if isinstance(X, str) or not isinstance(X, Iterable):
        raise TypeError(f"expected a list of str, got {type(X).__name__}")
    texts = list(X)
    if not texts:
        raise ValueError("expected at least one text, got none")
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"expected str, but X[{number}] is {text!r} ({type(text).__name__})")
    return [str(text) for text in texts]  # numpy's own kind of str among them
