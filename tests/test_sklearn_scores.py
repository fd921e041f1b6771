"""`LSTMRegressor` does what scikit-learn expects of a regressor of texts."""

import inspect
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data

from lstmcli import LSTMRegressor

SMALL = {"embedding.size": 8, "vocabulary.min_frequency": 1, "training.average_decay": 0.5}
TEXTS = [f"{word} thing number {number}" for number in range(16) for word in ("awful", "poor", "good", "great")]
VALUES = [float(value) for _ in range(16) for value in (1, 2, 4, 5)]


def small(**parameters: Any) -> LSTMRegressor:
    settings = {**SMALL, **parameters.pop("settings", {})}
    few = {"epochs": 8, "hidden_size": 4, "batch_size": 8, "learning_rate": 0.05, "pretraining": False}
    return LSTMRegressor(random_state=1, settings=settings, **{**few, **parameters})


@pytest.fixture(scope="module")
def fitted() -> LSTMRegressor:
    return small().fit(TEXTS, VALUES)


class OnNumbers(LSTMRegressor):
    """Takes rows of numbers, as scikit-learn's checks have them, and reads a word for each number."""

    def fit(self, X: Any, y: Any) -> "OnNumbers":  # noqa: N803 (scikit-learn's name)
        super().fit(self._words(validate_data(self, X)), y)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        check_is_fitted(self)
        return super().predict(self._words(validate_data(self, X, reset=False)))

    def _words(self, rows: NDArray[np.float64]) -> list[str]:
        return [" ".join(f"f{column}x{round(2 * value)}" for column, value in enumerate(row)) for row in rows]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = tags.input_tags.string = False
        tags.regressor_tags.poor_score = True  # the checks' clouds of points are not made of words
        return tags


@pytest.mark.skipif(
    "on_fail" not in inspect.signature(check_estimator).parameters, reason="needs scikit-learn 1.6 or newer"
)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_pass_on_numbers_read_as_words() -> None:
    estimator = OnNumbers(epochs=1, hidden_size=4, pretraining=False, ngrams=False, settings={"embedding.size": 4})
    results = check_estimator(estimator, on_fail="raise", on_skip=None)
    assert sum(result["status"] == "passed" for result in results) > 40


def test_what_was_learned_orders_texts(fitted: LSTMRegressor) -> None:
    found = fitted.predict(["awful thing", "great thing"])
    assert found.shape == (2,)
    assert found[0] < found[1]
    assert fitted.score(TEXTS, VALUES) > 0.3
    low, high = fitted.predict_interval(TEXTS[:3], 0.5)
    np.testing.assert_allclose((low + high) / 2.0, fitted.predict(TEXTS[:3]))


@pytest.mark.parametrize("kind", [np.array, pd.DataFrame, list])
def test_several_scores_are_columns(kind: Any) -> None:
    values = np.column_stack([VALUES, [np.nan if number % 5 == 0 else 6 - each for number, each in enumerate(VALUES)]])
    model = small(epochs=2).fit(np.array(TEXTS), kind(values))
    assert model.predict(TEXTS[:3]).shape == (3, 2)
    assert (model.n_outputs_, model.model_.labels) == (2, ("0", "1"))


def test_columns_of_a_frame_name_the_scores() -> None:
    y = pd.DataFrame({"valence": VALUES, "arousal": VALUES[::-1]})
    assert small(epochs=1).fit(pd.Series(TEXTS), y).model_.labels == ("valence", "arousal")


def test_clones_pickles_searches_and_pipelines_work(fitted: LSTMRegressor) -> None:
    fresh = clone(fitted)
    with pytest.raises(NotFittedError):
        fresh.predict(TEXTS)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(TEXTS[:5]), fitted.predict(TEXTS[:5]))
    search = GridSearchCV(small(epochs=1), {"hidden_size": [2, 3]}, cv=2).fit(TEXTS, VALUES)
    assert search.best_params_["hidden_size"] in (2, 3)
    assert cross_val_score(make_pipeline(small(epochs=1)), TEXTS, VALUES, cv=2, scoring="r2").shape == (2,)


def test_a_seed_makes_the_same_model_each_time(fitted: LSTMRegressor) -> None:
    np.testing.assert_array_equal(small().fit(TEXTS, VALUES).predict(TEXTS[:4]), fitted.predict(TEXTS[:4]))


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (None, "requires y to be passed"),
        (["high"] * len(TEXTS), "expected y to be numbers"),
        ([1.0] * len(TEXTS), "fewer than two different numbers"),
        ([np.nan, *VALUES[1:]], "NaN or infinity"),
        ([np.inf, *VALUES[1:]], "NaN or infinity"),
        (VALUES[:3], "inconsistent numbers of samples"),
        (np.zeros((2, 2, 2)), "expected y of shape"),
    ],
)
def test_wrong_scores_are_refused_with_what_is_wrong(y: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        small().fit(TEXTS, y)
