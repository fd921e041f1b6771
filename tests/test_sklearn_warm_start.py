"""`warm_start` of the scikit-learn estimators: `fit` goes on from the model of the last `fit`."""

import pickle

import numpy as np
import pytest

from tests.test_sklearn import LABELS, SETS, TEXTS, small

CALM = [f"so calm number{number}" for number in range(12)]


def test_a_second_fit_adds_words_and_classes_to_those_of_the_first() -> None:
    model = small(warm_start=True).fit(TEXTS, LABELS)
    first = model.model_._saved
    model = pickle.loads(pickle.dumps(model)).fit([*CALM, *TEXTS], ["calm"] * 12 + LABELS)
    assert model.classes_.tolist() == ["anger", "calm", "joy", "sadness"]
    second = model.model_._saved
    assert set(first.vocabulary.words) < set(second.vocabulary.words)
    assert model.predict_proba(CALM).shape == (12, 4)
    fresh = small().fit([*CALM, *TEXTS], ["calm"] * 12 + LABELS).model_._saved
    before, after, other = (each.members[0]["pooling.query.weight"] for each in (first, second, fresh))
    assert np.abs(after - before).max() < np.abs(other - before).max()  # it went on, and did not begin anew


def test_classes_that_only_the_first_texts_had_are_kept() -> None:
    model = small(warm_start=True).fit(TEXTS, LABELS).fit([*CALM, *TEXTS[:6:3]], ["calm"] * 12 + LABELS[:6:3])
    assert model.classes_.tolist() == ["anger", "calm", "joy", "sadness"]
    np.testing.assert_allclose(model.predict_proba(TEXTS).sum(axis=1), 1.0)


def test_without_warm_start_a_fit_begins_anew() -> None:
    model = small().fit(TEXTS, LABELS).fit([*CALM, *TEXTS[:6:3]], ["calm"] * 12 + LABELS[:6:3])
    assert model.classes_.tolist() == ["calm", "joy"]


def test_a_fit_that_can_not_go_on_says_why() -> None:
    model = small(warm_start=True).fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match="had the form 'single' in the last fit, and now has 'sets'"):
        model.fit(TEXTS, SETS)
    with pytest.raises(ValueError, match=r"model\.hidden_size was 4, is now 5"):
        model.set_params(hidden_size=5).fit([*CALM, *TEXTS], ["calm"] * 12 + LABELS)
