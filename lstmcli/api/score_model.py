"""Trained models of scores in Python: arrays of numbers instead of labels."""

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from lstmcli.api.model import Features, Model
from lstmcli.errors import LstmcliError
from lstmcli.inference.rows_in_memory import GivenText
from lstmcli.inference.score_answers import interval_reach

if TYPE_CHECKING:  # prediction loads none of it
    from lstmcli.api.groups import GroupAnswer


class ScoreModel(Model):
    """A trained model of scores in memory; `load` makes one.

    It answers as `lstmcli predict` does, see `Model`.

    Example:
        >>> model = lstmcli.load("runs/affect")
        >>> model.labels
        ('valence', 'arousal')
        >>> model.predict(["i miss her so much"]).shape
        (1, 2)
    """

    def predict(  # type: ignore[override]  # scores are numbers, and have no thresholds
        self, texts: Iterable[GivenText], *, answer_blank: bool = False, features: Features | None = None
    ) -> NDArray[np.float64]:
        """Return the scores of texts.

        Args:
            texts: a list, a pandas Series, a generator or any other iterable of strings, which is read once.
            answer_blank: whether blank texts are answered like all others.
            features: see `Model.predict`.

        Returns:
            (texts, scores), in the order of `labels`. Those of blank texts are NaN, unless `answer_blank`.

        Raises:
            TypeError: `texts` are no strings.

        Example:
            >>> model.predict(["i miss her so much"]).round(1)
            array([[1.9, 2.8]])
        """
        blocks = self._blocks(texts, answer_blank=answer_blank, features=features)
        return np.concatenate([np.empty((0, len(self.labels))), *blocks])

    def predict_interval(
        self,
        texts: Iterable[GivenText],
        coverage: float = 0.8,
        *,
        answer_blank: bool = False,
        features: Features | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lower and upper ends of prediction intervals, (texts, scores) each.

        Args:
            texts: see `predict`.
            coverage: the part of true scores that the intervals hold, from 0.5 to 0.99, for texts like those on which
                the model was validated.
            answer_blank: see `predict`.
            features: see `Model.predict`.

        Raises:
            LstmcliError: the coverage is out of range, or the validation rows were too few for it.
            TypeError: `texts` are no strings.
        """
        scores = self._saved.scores
        if scores is None:
            raise ValueError("expected a model of scores")
        reach = interval_reach(scores, coverage, self.labels)
        values = self.predict(texts, answer_blank=answer_blank, features=features)
        return values - reach, values + reach

    def predict_groups(  # type: ignore[override]  # scores are numbers, and have no thresholds
        self, texts: Iterable[GivenText], groups: Iterable[Hashable], *, features: Features | None = None
    ) -> "list[GroupAnswer]":
        """Return the mean scores of each group of texts; see `Model.predict_groups`."""
        from lstmcli.api.groups import pool_groups

        found = pool_groups(self._saved, self._blocks(texts, answer_blank=False, features=features), groups)
        return [] if found is None else list(found.answers(found.pooled.probabilities))

    def predict_proba(self, texts: Iterable[GivenText], **options: Any) -> NoReturn:  # noqa: ARG002
        """Raise an LstmcliError: scores have no probabilities."""
        raise LstmcliError(f"{self._path}: predicts scores, which have no probabilities; use predict_interval.")

    @property
    def thresholds(self) -> Any:
        """Raise an LstmcliError: scores have no thresholds."""
        raise LstmcliError(f"{self._path}: predicts scores, which have no thresholds.")

    def __repr__(self) -> str:
        return f"<lstmcli.ScoreModel {self._path}: {self._saved.network.cell}, {len(self.labels)} scores>"
