"""The classifier as a scikit-learn estimator: `from lstmcli import LSTMClassifier`."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from lstmcli.sklearn.estimator import TextEstimator, rows_of
from lstmcli.sklearn.targets import Form, Targets, indicators


class LSTMClassifier(ClassifierMixin, TextEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An LSTM with n-grams for texts, trained as `lstmcli train` does by default.

    X is a list, an array, a Series or a one-column frame of str; or a frame of which `settings` name several columns,
    as {"data.text": ["previous", "text"], "data.features": ["age"]}. y is a class for each text, or for several labels
    per text a set of names for each, or an indicator matrix (texts, labels).

    Attributes:
        classes_: the classes, sorted; of an indicator matrix the numbers of its columns.
        model_: the trained `lstmcli.Model`. Its label names are the classes as text.

    Example:
        >>> from sklearn.model_selection import cross_val_score
        >>> cross_val_score(LSTMClassifier(random_state=1), texts, labels, cv=3)
    """

    classes_: NDArray[Any]
    _names: list[str]
    _form: Form

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803 (scikit-learn's name)
        """Train on texts X and classes y; a text with the `sample_weight` 2 counts as two.

        Raises:
            ValueError: X and y can't be learned from, or a parameter or a setting is wrong.
            TypeError: X holds something else than str, or y a mix of types.
        """
        columns = self._columns()
        rows = rows_of(X, columns)
        targets = Targets.of(y)
        if self._goes_on:
            targets = targets.with_earlier(self.classes_, self._names, self._form)
        check_consistent_length(rows.texts, targets.indices)
        self._fit_model(rows, sample_weight, labels=targets.labels())
        self.classes_ = targets.classes
        self._names, self._form = targets.names, targets.form
        self._row_columns = columns
        self._open()
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return a class for each text; for several labels per text, sets or an indicator matrix, as y was.

        Blank texts get a class, too, as scikit-learn expects; `model_.predict` answers None.
        """
        check_is_fitted(self)
        answers = self._answer("predict", X)
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
        found = self._answer("predict_proba", X)
        probabilities = np.zeros((len(found), len(self.classes_)))
        probabilities[:, [self._names.index(name) for name in model.labels]] = found
        return probabilities

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:  # noqa: N803
        """Return the accuracy; for several labels per text, the fraction of texts with exactly the right ones."""
        answers = self.predict(X)
        if self._form == "sets":
            y, answers = (indicators(sets, self.classes_) for sets in (y, answers))
        return float(accuracy_score(y, answers, sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
