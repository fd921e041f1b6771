"""LSTMClassifier is a scikit-learn classifier: its checks, its tools, any form of y, and nothing left behind."""

import copy
import inspect
import os
import pickle
import re
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MultiLabelBinarizer
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_info

import lstmcli
from lstmcli import LSTMClassifier
from lstmcli.reports.console import ConsoleReporter
from tests.conftest import Cli

LABELS = ["joy", "sadness", "anger"] * 8
TEXTS = [f"so {label} number{number % 5}" for number, label in enumerate(LABELS)]
INDICATORS = np.array([[label == "joy", label != "anger"] for label in LABELS]).astype(int)
SETS = [{"joy": {"joy", "calm"}, "sadness": {"calm"}, "anger": set()}[label] for label in LABELS]


SMALL = {"embedding.size": 4, "vocabulary.min_frequency": 1, "dropout.features": 0.0, "dropout.output": 0.0}


def small(**parameters: Any) -> LSTMClassifier:
    """A classifier that is trained in a tenth of a second."""
    defaults = {"epochs": 1, "hidden_size": 4, "pretraining": False, "ngrams": False, "random_state": 0}
    return LSTMClassifier(**{**defaults, "settings": SMALL, **parameters})


# The larger share for validation makes up for the small number of texts.
FOR_FEW = {"validation_fraction": 0.25, "random_state": 1}


def able(**parameters: Any) -> LSTMClassifier:
    """One that learns these texts."""
    settings = {**SMALL, "training.average_decay": 0.5}
    return small(
        **{
            "epochs": 12,
            "hidden_size": 8,
            "batch_size": 4,
            "learning_rate": 0.1,
            "settings": settings,
            **FOR_FEW,
            **parameters,
        }
    )


@pytest.fixture(scope="module")
def fitted() -> LSTMClassifier:
    return able().fit(TEXTS, LABELS)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


class OnNumbers(LSTMClassifier):
    """Takes rows of numbers, as scikit-learn's checks have them, and reads a word for each number."""

    def fit(self, X: Any, y: Any) -> "OnNumbers":  # noqa: N803 (scikit-learn's name)
        super().fit(self._words(validate_data(self, X)), y)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        check_is_fitted(self)
        return super().predict(self._words(validate_data(self, X, reset=False)))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        check_is_fitted(self)
        return super().predict_proba(self._words(validate_data(self, X, reset=False)))

    def _words(self, rows: NDArray[np.float64]) -> list[str]:
        return [" ".join(f"f{column}x{round(2 * value)}" for column, value in enumerate(row)) for row in rows]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = tags.input_tags.string = False
        tags.classifier_tags.poor_score = True  # the checks' clouds of points are not made of words
        return tags


checks_can_raise = pytest.mark.skipif(
    "on_fail" not in inspect.signature(check_estimator).parameters, reason="needs scikit-learn 1.6 or newer"
)


@checks_can_raise
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_pass_on_numbers_read_as_words() -> None:
    estimator = OnNumbers(epochs=1, hidden_size=4, pretraining=False, ngrams=False, settings={"embedding.size": 4})
    results = check_estimator(estimator, on_fail="raise", on_skip=None)
    assert sum(result["status"] == "passed" for result in results) > 40


@checks_can_raise
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_pass_on_the_classifier_itself() -> None:
    """It leaves out all that call `fit` or the like, with a warning, as none of them makes texts up."""
    results = check_estimator(small(), on_fail="raise", on_skip=None)
    assert [result["check_name"] for result in results] == ["check_estimator_cloneable"]


# What texts and classes may be


@pytest.mark.parametrize(
    "texts",
    [
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        np.array(TEXTS, dtype=object)[:, np.newaxis],
        pd.Series(TEXTS, index=range(5, 29)),
        pd.Series(TEXTS, dtype="string"),
        pd.DataFrame({"text": TEXTS}),
    ],
    ids=lambda texts: f"{type(texts).__name__}{getattr(texts, 'ndim', '')}",
)
def test_texts_may_be_any_column(texts: Any, fitted: LSTMClassifier) -> None:
    expected = fitted.predict_proba(TEXTS).tobytes()
    assert fitted.predict_proba(texts).tobytes() == expected
    assert clone(fitted).fit(texts, LABELS).predict_proba(TEXTS).tobytes() == expected


@pytest.mark.parametrize(
    ("kind", "classes"),
    [
        (list, ["sad", "glad", "cross"]),
        (list, [2, 0, 10]),
        (list, [True, False]),
        (list, ["", "\ud83d", "0"]),
        (np.array, ["a|b", "a", "b"]),
        (np.array, [-1.0, 1.0, 2.0]),
        (pd.Series, ["two  words", "a\nline\tbreak", " edge "]),
        (pd.Series, ["two  words", "two words", "three words"]),
        (pd.Series, ["nan", "None", "null"]),
        (pd.Series, [10, 9, 8]),
    ],
    ids=repr,
)
def test_classes_of_any_name_come_back_as_they_are(kind: Callable[[Any], Any], classes: list[Any]) -> None:
    y = kind([classes[["sadness", "joy", "anger"].index(label) % len(classes)] for label in LABELS])
    model = able().fit(TEXTS, y)
    assert model.classes_.tolist() == sorted(classes)
    answers = model.predict(TEXTS)
    assert answers.shape == (len(TEXTS),)
    assert answers.dtype == model.classes_.dtype
    assert model.score(TEXTS, y) == np.mean(answers == np.asarray(y)) > 0.8
    probabilities = model.predict_proba(TEXTS)
    assert (model.classes_[probabilities.argmax(axis=1)] == answers).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


def test_class_names_are_kept_in_the_model_where_a_model_can_have_them() -> None:
    for classes, names in (
        (["a|b", "a", "b"], ("a", "a|b", "b")),
        (["two  words", "x", "y"], ("two words", "x", "y")),
        (["two  words", "two words", "y"], ("0", "1", "2")),
        ([3, 20, 100], ("100", "20", "3")),
    ):
        y = [classes[["sadness", "joy", "anger"].index(label)] for label in LABELS]
        assert small().fit(TEXTS, y).model_.labels == names


def test_a_category_a_string_column_and_a_frame_are_classes_too() -> None:
    expected = small().fit(TEXTS, LABELS).predict_proba(TEXTS).tobytes()
    for y in (pd.Series(LABELS, dtype="category"), pd.Series(LABELS, dtype="string"), np.array(LABELS, dtype=object)):
        assert small().fit(TEXTS, y).predict_proba(TEXTS).tobytes() == expected
    with pytest.warns(UserWarning, match="column-vector y"):
        assert small().fit(TEXTS, pd.DataFrame({"mood": LABELS})).classes_.tolist() == ["anger", "joy", "sadness"]


@pytest.mark.parametrize(
    "kind", [np.array, csr_matrix, np.ndarray.tolist, pd.DataFrame], ids=lambda kind: kind.__name__
)
def test_an_indicator_matrix_is_answered_with_one(kind: Callable[[Any], Any]) -> None:
    model = able().fit(TEXTS, kind(INDICATORS))
    assert model.classes_.tolist() == [0, 1]
    answers = model.predict(TEXTS)
    assert (answers.shape, answers.dtype.kind) == (INDICATORS.shape, "i")
    assert model.score(TEXTS, kind(INDICATORS)) == (answers == INDICATORS).all(axis=1).mean() > 0.8
    probabilities = model.predict_proba(TEXTS)
    assert probabilities.shape == INDICATORS.shape
    assert (probabilities.min() >= 0.0, probabilities.max() <= 1.0) == (True, True)


@pytest.mark.parametrize(
    "y",
    [
        SETS,
        [frozenset(names) for names in SETS],
        [sorted(names) for names in SETS],
        [tuple(names) for names in SETS],
        pd.Series(SETS, index=range(5, 29)),
        pd.Series([np.array(sorted(names), dtype=object) for names in SETS]),
        np.array(SETS),
    ],
    ids=["sets", "frozensets", "lists", "tuples", "Series", "arrays", "array"],
)
def test_sets_of_names_are_answered_with_sets(y: Any) -> None:
    model = able().fit(TEXTS, y)
    assert model.classes_.tolist() == ["calm", "joy"]
    answers = model.predict(TEXTS)
    assert all(isinstance(names, set) and names <= {"calm", "joy"} for names in answers)
    assert model.score(TEXTS, y) == np.mean([mine == right for mine, right in zip(answers, SETS, strict=True)]) > 0.8
    unknown = [{"calm", "new"}] * len(TEXTS)
    assert model.score(TEXTS, unknown) == 0.0


def test_sets_and_indicators_of_the_same_labels_make_the_same_model() -> None:
    matrix = MultiLabelBinarizer().fit_transform(SETS)
    from_sets, from_matrix = (small().fit(TEXTS, y) for y in (SETS, matrix))
    assert from_sets.predict_proba(TEXTS).tobytes() == from_matrix.predict_proba(TEXTS).tobytes()
    assert (MultiLabelBinarizer().fit([from_sets.classes_]).transform(from_sets.predict(TEXTS)).tolist()) == (
        from_matrix.predict(TEXTS).tolist()
    )


@pytest.mark.parametrize("names", [["a|b", "c"], [3, 7]], ids=repr)
def test_sets_may_hold_any_names(names: list[Any]) -> None:
    y = [{names[0]} if label == "joy" else set(names) for label in LABELS]
    model = small().fit(TEXTS, y)
    assert model.classes_.tolist() == sorted(names)
    assert {name for answer in model.predict(TEXTS) for name in answer} <= set(names)


def test_a_class_that_only_validation_texts_have_gets_no_probability() -> None:
    model = small(validation_fraction=0.8).fit(TEXTS, ["rare", *LABELS[1:]])
    assert model.classes_.tolist() == ["anger", "joy", "rare", "sadness"]
    assert model.model_.labels == ("anger", "joy", "sadness")
    probabilities = model.predict_proba(TEXTS)
    assert (probabilities[:, 2] == 0.0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert set(model.predict(TEXTS)) <= set(model.classes_)


# scikit-learn's tools


def test_it_works_as_the_last_step_of_a_pipeline_and_in_a_search() -> None:
    pipeline = Pipeline(
        [("lower", FunctionTransformer(lambda texts: [text.lower() for text in texts])), ("lstm", able())]
    )
    assert pipeline.fit(TEXTS, LABELS).score(TEXTS, LABELS) > 0.8
    search = GridSearchCV(pipeline, {"lstm__hidden_size": np.array([3, 5]), "lstm__cell": np.array(["rnn"])}, cv=2)
    search.fit(TEXTS, LABELS)
    assert search.best_params_["lstm__hidden_size"] in {3, 5}
    assert search.predict_proba(TEXTS[:2]).shape == (2, 3)


def test_a_wrong_parameter_fails_its_own_part_of_a_search_only() -> None:
    search = GridSearchCV(small(), {"hidden_size": [4, -1]}, cv=2, error_score=0.0)
    with pytest.warns(FitFailedWarning, match=r"model.hidden_size: expected a whole number from 1 to 16,384, got -1"):
        search.fit(TEXTS, LABELS)
    assert search.best_params_ == {"hidden_size": 4}


def test_cross_validation_takes_texts_in_any_column_and_several_processes() -> None:
    scores = cross_val_score(able(), TEXTS, LABELS, cv=3)
    assert (scores.shape, scores.mean() > 0.5) == ((3,), True)
    assert cross_val_score(able(), TEXTS, LABELS, cv=3, n_jobs=2).tolist() == scores.tolist()
    losses = cross_val_score(small(), TEXTS, LABELS, cv=2, scoring="neg_log_loss")
    for texts, y in ((np.array(TEXTS), np.array(LABELS)), (pd.Series(TEXTS), pd.Series(LABELS))):
        assert cross_val_score(small(), texts, y, cv=2, scoring="neg_log_loss").tolist() == losses.tolist()
    assert cross_val_score(small(), TEXTS, INDICATORS, cv=2, scoring="f1_macro").shape == (2,)
    assert cross_val_predict(small(), TEXTS, LABELS, cv=2, method="predict_proba").shape == (len(TEXTS), 3)


def test_ensembles_combine_it_with_other_classifiers() -> None:
    linear = make_pipeline(TfidfVectorizer(), LogisticRegression())
    for combined in (
        StackingClassifier([("lstm", small()), ("linear", linear)], cv=2),
        VotingClassifier([("lstm", small()), ("linear", linear)], voting="soft"),
        CalibratedClassifierCV(able(), cv=2, ensemble=False),
        OneVsRestClassifier(small()),
    ):
        combined.fit(np.array(TEXTS), LABELS)
        assert combined.predict_proba(TEXTS).shape == (len(TEXTS), 3)
        assert set(combined.predict(TEXTS)) <= set(LABELS)


def test_its_probabilities_can_be_features(fitted: LSTMClassifier) -> None:
    features = FeatureUnion([("tfidf", TfidfVectorizer()), ("lstm", FunctionTransformer(fitted.predict_proba))])
    model = make_pipeline(features, LogisticRegression()).fit(TEXTS, LABELS)
    assert model.score(TEXTS, LABELS) > 0.8


def test_a_clone_has_the_parameters_and_nothing_learned(fitted: LSTMClassifier) -> None:
    other = clone(fitted)
    assert other.get_params() == fitted.get_params()
    assert vars(other).keys() == fitted.get_params().keys()
    assert other.set_params(cell="rnn", epochs=2).get_params()["cell"] == "rnn"
    with pytest.raises(ValueError, match="Invalid parameter 'units'"):
        other.set_params(units=3)
    assert repr(other).startswith("LSTMClassifier(batch_size=4, cell='rnn', epochs=2, ")


def test_pickles_and_copies_hold_the_model(fitted: LSTMClassifier, temporary: Path) -> None:
    expected = fitted.predict_proba(TEXTS).tobytes()
    joblib.dump(fitted, temporary / "model.joblib")
    for other in (
        pickle.loads(pickle.dumps(fitted)),
        joblib.load(temporary / "model.joblib"),
        copy.deepcopy(fitted),
        copy.copy(fitted),
        pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(fitted)))),
    ):
        assert other.predict_proba(TEXTS).tobytes() == expected
        assert other.get_params() == fitted.get_params()
    assert pickle.loads(pickle.dumps(small())).get_params() == small().get_params()


def test_processes_take_a_trained_one(fitted: LSTMClassifier) -> None:
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(fitted.predict_proba)(part) for part in (TEXTS[:9], TEXTS[9:]))
    assert np.concatenate(found).tobytes() == fitted.predict_proba(TEXTS).tobytes()


def test_a_seed_makes_the_same_model_each_time() -> None:
    def bytes_of(random_state: Any) -> bytes:
        return small(random_state=random_state).fit(TEXTS, LABELS).predict_proba(TEXTS).tobytes()

    assert bytes_of(3) == bytes_of(np.int64(3)) != bytes_of(4)
    assert bytes_of(np.random.RandomState(3)) == bytes_of(np.random.RandomState(3))
    state = np.random.get_state()
    try:
        found = []
        for seed in (5, 5, None):
            if seed is not None:
                np.random.seed(seed)
            found.append(bytes_of(None))
    finally:
        np.random.set_state(state)
    assert found[0] == found[1] != found[2]


def test_fitting_again_forgets_the_first_model(fitted: LSTMClassifier) -> None:
    model = copy.deepcopy(fitted)
    first, answers = model.model_, model.predict(TEXTS)
    model.set_params(**small().get_params()).fit(TEXTS, SETS)
    assert model.classes_.tolist() == ["calm", "joy"]
    assert isinstance(model.predict(TEXTS[:1])[0], set)
    assert first.predict(TEXTS) == answers.tolist()


def test_any_setting_can_be_given_dotted_or_nested() -> None:
    dotted = small(settings={"embedding.size": 4, "dropout.words": 0.3, "training.epochs": 2})
    nested = small(settings={"embedding": {"size": 4}, "dropout": {"words": 0.3}, "training": {"epochs": 2}})
    found = [model.fit(TEXTS, LABELS).predict_proba(TEXTS).tobytes() for model in (dotted, nested, small())]
    assert found[0] == found[1] != found[2]


def test_an_exported_model_is_one_of_the_command_line(fitted: LSTMClassifier, tmp_path: Path, cli: Cli) -> None:
    fitted.export(tmp_path / "new" / "model")
    model = lstmcli.load(tmp_path / "new" / "model")
    assert model.predict_proba(TEXTS).tobytes() == fitted.predict_proba(TEXTS).tobytes()
    result = cli("predict", tmp_path / "new" / "model", stdin="\n".join(TEXTS) + "\n")
    assert result.returncode == 0, result.stderr
    assert [line.split("\t")[0] for line in result.stdout.splitlines()] == fitted.predict(TEXTS).tolist()
    fitted.export(str(tmp_path / "new" / "model"))  # once more
    with pytest.raises(NotFittedError):
        small().export(tmp_path / "none")
    assert not (tmp_path / "none").exists()


# What is wrong, and what is left behind


@pytest.mark.parametrize(
    ("texts", "y", "kind", "words"),
    [
        ([None, *TEXTS[1:]], LABELS, TypeError, "but texts[0] is None; replace missing values first"),
        (pd.Series([*TEXTS[1:], np.nan]), LABELS, TypeError, "but texts[23] is nan; replace missing values first"),
        ([3, *TEXTS[1:]], LABELS, TypeError, "expected a list of strings, but texts[0] is of type int"),
        (TEXTS[0], LABELS, TypeError, "expected a list of strings, got str; for one text, pass [text]"),
        (dict.fromkeys(TEXTS), LABELS, TypeError, "got dict; if the texts are its values"),
        (None, LABELS, TypeError, "expected a list of strings, got None"),
        ([], [], ValueError, "expected at least one text, got none"),
        (pd.DataFrame({"a": TEXTS, "b": TEXTS}), LABELS, ValueError, "expected one column of texts, got 2 columns"),
        (csr_matrix(np.eye(24)), LABELS, ValueError, "expected one column of texts, got 24 columns"),
        (TEXTS, None, ValueError, "requires y to be passed, but the target y is None"),
        (TEXTS, LABELS[1:], ValueError, "inconsistent numbers of samples: [24, 23]"),
        (TEXTS, SETS[1:], ValueError, "inconsistent numbers of samples: [24, 23]"),
        (TEXTS, ["joy"] * 24, ValueError, "LSTMClassifier needs at least 2 classes, got 1 class"),
        (TEXTS, [set()] * 24, ValueError, "needs classes, but no set in y holds any"),
        (TEXTS, [{"joy"}] * 24, ValueError, "the training rows have only the label 'joy'"),
        (TEXTS, [None, *LABELS[1:]], ValueError, "expected a class for each text, but y[0] is None"),
        (TEXTS, pd.Series([*LABELS[1:], np.nan]), ValueError, "expected a class for each text, but y[23] is nan"),
        (TEXTS, np.linspace(0, 1, 24), ValueError, "Unknown label type: continuous"),
        (TEXTS, [{None}, *SETS[1:]], ValueError, "expected names of classes, but y[0] holds None"),
        (TEXTS, [{1}, *SETS[1:]], TypeError, "expected classes of one type, but the sets in y hold int and str"),
        (TEXTS, ["joy", *SETS[1:]], ValueError, "expected sets of classes, but y[0] is 'joy'"),
        (
            TEXTS[:2],
            LABELS[3:5],
            ValueError,
            "the given texts: 2 rows can't be split into training and validation; add",
        ),
    ],
)
def test_wrong_input_is_refused_with_what_is_wrong(texts: Any, y: Any, kind: type[Exception], words: str) -> None:
    model = small()
    with pytest.raises(kind, match=re.escape(words)):
        model.fit(texts, y)
    with pytest.raises(NotFittedError):
        model.predict(TEXTS)


@pytest.mark.parametrize(
    ("parameters", "kind", "words"),
    [
        ({"cell": "gru"}, ValueError, "model.cell: expected rnn, lstm or peephole, got 'gru'"),
        ({"epochs": 0}, ValueError, "training.epochs: expected"),
        ({"settings": {"dropout.word": 0.3}}, ValueError, "dropout.word: unknown key. Did you mean 'dropout.words'?"),
        ({"settings": {"data.test": "test.csv"}}, ValueError, "data.test: only for rows in files"),
        ({"settings": "mood.yaml"}, TypeError, 'expected settings by key, such as {"training.epochs": 5}, got str'),
        ({"random_state": -1}, ValueError, "training.seed: expected a whole number of at least 0, got -1"),
        ({"random_state": "one"}, ValueError, "'one' cannot be used to seed"),
    ],
)
def test_a_wrong_parameter_is_refused_with_its_name(parameters: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=re.escape(words)):
        small(**parameters).fit(TEXTS, LABELS)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_predictions_want_texts_too(fitted: LSTMClassifier, method: str) -> None:
    with pytest.raises(TypeError, match=re.escape("but texts[1] is None; replace missing values first")):
        getattr(fitted, method)(["so glad", None])
    with pytest.raises(ValueError, match="expected at least one text, got none"):
        getattr(fitted, method)([])
    with pytest.raises(NotFittedError, match="This LSTMClassifier instance is not fitted yet"):
        getattr(small(), method)(["so glad"])


def test_texts_without_a_known_word_are_answered(fitted: LSTMClassifier) -> None:
    odd = ["", "  ", "\x00", "a\nb", "שלום", "😂", "\ud83d", "unseen words"]
    assert set(fitted.predict(odd)) <= set(LABELS)
    assert small().fit([*odd, *TEXTS], ["joy"] * len(odd) + LABELS).predict(odd).shape == (len(odd),)


def process_state() -> list[Any]:
    generator = np.random.get_state()
    return [
        {number: signal.getsignal(number) for number in signal.valid_signals()},
        torch.get_num_threads(),
        [library["num_threads"] for library in threadpool_info()],
        torch.get_rng_state().tolist(),
        (generator[0], generator[1].tolist(), generator[2:]),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
    ]


@pytest.fixture
def state_before() -> Iterator[list[Any]]:
    torch.set_num_threads(2)
    yield process_state()
    torch.set_num_threads(1)


def test_fitting_prints_nothing_and_leaves_the_process_as_it_was(
    state_before: list[Any], temporary: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = small(pretraining=True).fit(TEXTS, LABELS)
    model.predict(TEXTS)
    with pytest.raises(ValueError, match="hidden_size"):
        small(hidden_size=-1).fit(TEXTS, LABELS)
    assert process_state() == state_before
    assert capfd.readouterr() == ("", "")
    assert [path.is_dir() for path in temporary.iterdir()] == [True]  # what the model maps into memory
    del model
    assert list(temporary.iterdir()) == []


def test_progress_goes_to_stderr_where_it_is_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    small(verbose=True).fit(TEXTS, LABELS)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "epoch" in captured.err


def test_an_interrupted_fit_leaves_nothing(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_reporter: ConsoleReporter, _event: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lstmcli.sklearn.estimator.ConsoleReporter.__call__", interrupt)
    model = small()
    with pytest.raises(KeyboardInterrupt):
        model.fit(TEXTS, LABELS)
    assert list(temporary.iterdir()) == []
    assert vars(model).keys() == model.get_params().keys()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_files_of_a_model_stay_as_long_as_anyone_needs_them(temporary: Path) -> None:
    classifier = small().fit(TEXTS, LABELS)
    process = os.fork()
    if process == 0:
        del classifier
        os._exit(0 if any(temporary.iterdir()) else 1)
    assert os.waitpid(process, 0)[1] == 0
    model, answers = classifier.model_, classifier.predict(TEXTS).tolist()
    del classifier
    assert copy.copy(model).predict(TEXTS) == answers
    del model
    assert list(temporary.iterdir()) == []
