"""Words in the scope of a negation: which they are, and that training and prediction treat them alike."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmcli.inference.predictor import Predictor
from lstmcli.ngrams.negation import SCOPE, Role, is_negated, roles_of, twin_of, with_twins
from lstmcli.ngrams.table import FeatureKinds
from lstmcli.text.token_ids import TokenIds
from tests.conftest import corpus_options, invoke, set_options, write_csv

WORDS = ["not", "n't", "happy", "sad", "cake", ".", "but", "a", "very", "🙂", "Never"]


def negated(text: str) -> list[str]:
    """Return the negated words of a text of tokens."""
    tokens = text.split()
    ids, lengths = np.arange(len(tokens)), np.array([len(tokens)])
    return [token for token, found in zip(tokens, is_negated(ids, lengths, roles_of(tokens)), strict=True) if found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i am not happy", ["happy"]),
        ("i do n't feel happy today now", ["feel", "happy", "today"]),
        ("not a very happy cake", ["happy"]),
        ("not sad , happy", ["sad"]),
        ("not sad but happy", ["sad"]),
        ("not 🙂 happy", []),
        ("NEVER Happy", ["Happy"]),
        ("happy not", []),
        ("not never happy", ["happy"]),
        ("happy", []),
    ],
)
def test_the_scope_ends_after_three_tokens_at_punctuation_and_at_the_next_clause(
    text: str, expected: list[str]
) -> None:
    assert negated(text) == expected


@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9), min_size=1, max_size=5))
def test_scopes_equal_a_search_backwards_from_each_word(texts: list[list[str]]) -> None:
    def by_search(text: list[str], place: int) -> bool:
        roles = list(roles_of(text))
        for other in range(place, max(-1, place - SCOPE - 1), -1):
            if roles[other] == Role.END:
                return False
            if other < place and roles[other] == Role.NEGATION:
                return bool(roles[place] == Role.WORD)
        return False

    ids = TokenIds.from_texts([[WORDS.index(word) for word in text] for text in texts])
    found = is_negated(ids.flat, ids.lengths, roles_of(WORDS))
    assert found.tolist() == [by_search(text, place) for text in texts for place in range(len(text))]


def test_twins_share_no_letter_with_other_tokens_and_replace_negated_words_only() -> None:
    texts = TokenIds.from_texts([[0, 2], [2, 3], [1, 8, 2]])
    found = with_twins([texts, TokenIds.from_texts([[0, 3]])], WORDS)
    assert found is not None
    (changed, other), words = found
    assert [words[number] for number in changed.flat] == [
        "not",
        twin_of("happy"),
        "happy",
        "sad",
        "n't",
        "very",
        twin_of("happy"),
    ]
    assert [words[number] for number in other.flat] == ["not", twin_of("sad")]
    assert not set(twin_of("happy")) & {chr(number) for number in range(0xE000)}
    assert with_twins([TokenIds.from_texts([[2, 3]])], WORDS) is None


def rows(flips: bool) -> list[tuple[str, str]]:
    """Return texts with feeling words, half after "not", too far for a pair; if `flips`, that turns the label."""
    feelings = {"joy": ["happy", "glad", "merry", "cheerful"], "sadness": ["sad", "gloomy", "tearful", "miserable"]}
    other = {"joy": "sadness", "sadness": "joy"}
    found = []
    for label, words in feelings.items():
        for number in range(40):
            word, thing = words[number % 4], f"thing{number % 7}"
            found.append((f"i am indeed really so {word} about {thing}", label))
            found.append((f"i am not really so {word} about {thing}", other[label] if flips else label))
    return found


@pytest.fixture(scope="module", params=[True, False], ids=["flips", "does not flip"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[bool, Path]:
    folder = tmp_path_factory.mktemp("negation")
    for name in ("train", "validation"):
        write_csv(
            folder / f"{name}.csv",
            ["text", "label"],
            [(f"{text} {name}", label) for text, label in rows(request.param)],
        )
    options = [*corpus_options(folder), *set_options("training.epochs=1", "ngrams.min_characters=3")]
    result = invoke("train", *options, "--run-dir", folder / "run")
    assert result.exit_code == 0, result.stderr
    return request.param, folder / "run"


def test_negated_words_are_kept_apart_where_that_helps(trained: tuple[bool, Path]) -> None:
    flips, run = trained
    model = Predictor.open(run).model
    assert model.ngrams is not None
    assert (model.ngrams.kinds is FeatureKinds.NEGATED) == flips
    stored = json.loads((run / "model" / "model.json").read_text(encoding="utf-8"))
    assert stored["ngrams"]["pairs"] == (3 if flips else 2)


def test_predictions_do_not_depend_on_the_texts_before_them(trained: tuple[bool, Path]) -> None:
    _, run = trained
    texts = ["i am not happy", "happy", "never sad , i am glad", "not merry", "merry", "i am not happy"]
    together = Predictor.open(run).probabilities(texts)
    shared = Predictor.open(run)
    assert np.array_equal(together, np.concatenate([shared.probabilities([text]) for text in texts]))
    assert np.array_equal(together, np.concatenate([Predictor.open(run).probabilities([text]) for text in texts]))
