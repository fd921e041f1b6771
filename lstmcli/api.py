"""The Python interface to trained models: `lstmcli.load(run).predict(texts)`."""

import os
from collections.abc import Iterable, Iterator
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.inference.given_texts import text_blocks
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.decisions import DecisionRule
from lstmcli.store.model import SavedModel, read_model

# Texts that are computed together: enough to sort by length; the memory for more would bring no speed.
BLOCK_TEXTS = 2048


def load(run: str | os.PathLike[str]) -> "Model":
    """Open a trained model, without loading torch.

    Args:
        run: a run directory that `lstmcli train` has written, or its folder `model/`, which may have been copied
            elsewhere.

    Raises:
        LstmcliError: there is no model, a file of it is missing or damaged, or a newer lstmcli wrote it.

    Example:
        >>> model = lstmcli.load("runs/demo")
        >>> model.predict(["i miss her so much"])
        ['sadness']
    """
    path = Path(run)
    return Model(read_model(path), path)


class Model:
    """A trained model in memory; `load` makes one.

    It answers as `lstmcli predict` does, digit for digit, whatever other texts are beside a text. Threads that share it
    take turns, a block of texts each; a copy for each (`copy.copy`) lets them compute side by side. While it computes,
    numpy's matrix library has one thread, in the whole process; afterwards it has as many as before.

    A pickle and a copy hold the path of the model, not its content, and open it again.

    Example:
        >>> model.labels
        ('anger', 'fear', 'joy', 'love', 'sadness', 'surprise')
        >>> model.predict_proba(["i miss her so much"]).shape
        (1, 6)
    """

    def __init__(self, saved: SavedModel, path: Path) -> None:
        """Take a model that was read from `path`."""
        self._saved = saved
        self._path = path
        self._absolute_path = path.absolute()  # still right when the working directory has changed
        self._predictor = Predictor(saved)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels, in the order of the columns of `predict_proba`."""
        return self._saved.labels.names

    @property
    def kind(self) -> LabelKind:
        """How many labels a text has: "single" (one), "multi" (any number), "traits" (each label a yes/no question)."""
        return self._saved.labels.kind

    @property
    def thresholds(self) -> dict[str, float]:
        """The probability from which on each label is picked; 0.0 where the most probable one always is."""
        return dict(zip(self.labels, self._saved.rule.thresholds.tolist(), strict=True))

    def predict(self, texts: Iterable[str], *, threshold: float | None = None) -> list[Any]:
        """Label texts.

        Args:
            texts: a list, a pandas Series, a generator or any other iterable of strings, which is read once. Memory
                is needed for the results and some thousand texts.
            threshold: 0 to 1, pick only labels that are at least this probable, instead of by the model's own
                `thresholds`.

        Returns:
            A label for each text, in order: its name, a str, where `kind` is "single", or None if not even the most
            probable one reaches `threshold`; otherwise the names of all labels picked, a tuple of str, perhaps empty.

        Raises:
            TypeError: `texts` are no strings.
            ValueError: `threshold` is not between 0 and 1.

        Example:
            >>> model.predict(["i miss her so much", "so happy today"])
            ['sadness', 'joy']
        """
        rule = self._rule(threshold)
        names = _Names(self.labels, is_single=self.kind == "single")
        return [names[row.tobytes()] for block in self._blocks(texts) for row in rule.decide(block)]

    def predict_proba(self, texts: Iterable[str]) -> NDArray[np.float64]:
        """Return the probability of each label.

        Args:
            texts: see `predict`.

        Returns:
            (texts, labels), in the order of `labels`. Rows sum to 1 where `kind` is "single".

        Raises:
            TypeError: `texts` are no strings.

        Example:
            >>> model.predict_proba(["i miss her so much"]).round(2)
            array([[0.  , 0.  , 0.01, 0.05, 0.94, 0.  ]])
        """
        return np.concatenate([np.empty((0, len(self.labels))), *self._blocks(texts)])

    def _rule(self, threshold: float | None) -> DecisionRule:
        if threshold is None:
            return self._saved.rule
        if not 0.0 <= threshold <= 1.0:
            raise ValueError(f"expected a threshold from 0 to 1, got {threshold!r}")
        return self._saved.rule.with_threshold(threshold)

    def _blocks(self, texts: Iterable[str]) -> Iterator[NDArray[np.float64]]:
        """Yield the probabilities of a block of texts at a time, (texts, labels)."""
        return map(self._predictor.probabilities, text_blocks(texts, BLOCK_TEXTS))

    def __reduce__(self) -> tuple[Any, ...]:
        return load, (self._absolute_path,)

    def __repr__(self) -> str:
        return f"<lstmcli.Model {self._path}: {self._saved.network.cell}, {len(self.labels)} labels>"


class _Names(dict[bytes, "str | tuple[str, ...] | None"]):
    """What the decisions on a text, the bytes of (labels,) booleans, are called; each is put together once."""

    def __init__(self, labels: tuple[str, ...], *, is_single: bool) -> None:
        super().__init__()
        self._labels = labels
        self._is_single = is_single

    def __missing__(self, decisions: bytes) -> "str | tuple[str, ...] | None":
        picked = tuple(compress(self._labels, decisions))
        self[decisions] = name = next(iter(picked), None) if self._is_single else picked
        return name
