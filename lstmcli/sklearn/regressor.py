"""Scores as a scikit-learn estimator: `from lstmcli import LSTMRegressor`."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from lstmcli.sklearn.estimator import TextEstimator, rows_of


class LSTMRegressor(RegressorMixin, TextEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An LSTM with n-grams for scores of texts, trained as `lstmcli train` does with `data.scores`.

    X is as for `LSTMClassifier`. y is a number for each text, or for several scores an
    array or a frame (texts, scores). Where y has NaN, a score is missing, if it has several columns.

    Attributes:
        model_: the trained `lstmcli.ScoreModel`. Its scores are the columns of y, or named after their numbers.
        n_outputs_: number of scores.

    Example:
        >>> from sklearn.model_selection import cross_val_score
        >>> cross_val_score(LSTMRegressor(random_state=1), texts, valence, cv=3, scoring="r2")
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803 (scikit-learn's name)
        """Train on texts X and scores y; a text with the `sample_weight` 2 counts as two.

        Raises:
            ValueError: X and y can't be learned from, or a parameter or a setting is wrong.
            TypeError: X holds something else than str.
        """
        columns = self._columns()
        rows = rows_of(X, columns)
        if len(rows.texts) < 2:
            raise ValueError("expected at least two texts, got n_samples = 1")
        scores, names, self._is_one = _scores(y)
        check_consistent_length(rows.texts, scores)
        self._fit_model(rows, sample_weight, scores=dict(zip(names, scores.T.tolist(), strict=True)))
        self.n_outputs_ = scores.shape[1]
        self._row_columns = columns
        self._open()
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return a number for each text, (texts,), or (texts, scores) if y had two dimensions.

        Blank texts get numbers, too, as scikit-learn expects; `model_.predict` answers NaN.
        """
        check_is_fitted(self)
        values = self._answer("predict", X)
        return np.asarray(values[:, 0] if self._is_one else values)

    def predict_interval(self, X: Any, coverage: float = 0.8) -> tuple[Any, Any]:  # noqa: N803
        """Return the lower and upper ends of prediction intervals, each as `predict` returns scores.

        Raises:
            LstmcliError: see `ScoreModel.predict_interval`.
        """
        check_is_fitted(self)
        ends = self._answer("predict_interval", X, coverage=coverage)
        low, high = (end[:, 0] if self._is_one else end for end in ends)
        return low, high

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _scores(y: Any) -> tuple[NDArray[np.float64], list[str], bool]:
    """Return y as (texts, scores), the names of its columns, and whether it has one dimension.

    Raises:
        ValueError: it is missing, or no numbers.
    """
    if y is None:
        raise ValueError("LSTMRegressor requires y to be passed, but the target y is None")
    try:
        values = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("expected y to be numbers, a column for each score; got something else") from None
    if values.ndim not in (1, 2) or not values.size:
        raise ValueError(f"expected y of shape (texts,) or (texts, scores), got {values.shape}")
    if np.isinf(values).any() or (values.ndim == 1 and np.isnan(values).any()):
        raise ValueError("y contains NaN or infinity, and a text without any score teaches nothing")
    columns = values.reshape(len(values), -1)
    names = [str(name) for name in getattr(y, "columns", range(columns.shape[1]))]
    return columns, names, values.ndim == 1
