"""Counting the words of lexicons, against a matcher that tries every entry at every word."""

import random
from collections.abc import Sequence

import numpy as np
import pytest

from lstmcli.lexicons.lexicon import Lexicon
from lstmcli.lexicons.matcher import Matcher

LETTERS = "abc"


def lexicon(entries: dict[str, dict[int, float]], num_categories: int = 3, *, is_weighted: bool = False) -> Lexicon:
    names = tuple(f"c{number}" for number in range(num_categories))
    return Lexicon("own", names, (is_weighted,) * num_categories, entries)


def members(**categories: str) -> Lexicon:
    """Return a lexicon from the entries of each category, separated by commas."""
    entries: dict[str, dict[int, float]] = {}
    for index, text in enumerate(categories.values()):
        for entry in text.split(","):
            entries.setdefault(entry, {})[index] = 1.0
    return Lexicon("own", tuple(categories), (False,) * len(categories), entries)


def described(own: Lexicon, text: str) -> tuple[int, int, list[float]]:
    counts = Matcher(own).count([text])
    return int(counts.words[0]), int(counts.found[0]), counts.values[0].tolist()


def fits(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


def matched(own: Lexicon, words: Sequence[str]) -> list[tuple[str, int]]:
    """Return the entries found and their lengths by trying all of them everywhere."""
    found, at = [], 0
    while at < len(words):
        fitting = []
        for entry in own.entries:
            patterns = entry.split()
            if at + len(patterns) <= len(words) and all(map(fits, patterns, words[at:])):
                precision = [(not pattern.endswith("*"), len(pattern)) for pattern in patterns]
                fitting.append((len(patterns), precision, entry))
        if fitting:
            length, _, entry = max(fitting)
            found.append((entry, length))
            at += length
        else:
            at += 1
    return found


def random_word(rng: random.Random, longest: int) -> str:
    return "".join(rng.choices(LETTERS, k=rng.randint(1, longest)))


def random_entry(rng: random.Random) -> str:
    words = [random_word(rng, 3) + "*" * (rng.random() < 0.4) for _ in range(rng.choice([1, 1, 2, 2, 3]))]
    if len(words) > 1 and rng.random() < 0.1:
        words[-1] = "*"
    return " ".join(words)


@pytest.mark.parametrize("seed", range(40))
def test_entries_are_found_as_by_trying_all_of_them_everywhere(seed: int) -> None:
    rng = random.Random(seed)
    is_weighted = seed % 2 == 1
    entries = {
        random_entry(rng): {
            index: rng.uniform(-1, 1) if is_weighted else 1.0 for index in rng.sample(range(4), rng.randint(1, 3))
        }
        for _ in range(rng.randint(1, 25))
    }
    own = lexicon(entries, 4, is_weighted=is_weighted)
    texts = [[random_word(rng, 4) for _ in range(rng.randint(1, 30))] for _ in range(30)]
    counts = Matcher(own).count([" ".join(words) for words in texts])
    for words, num_words, num_found, values in zip(texts, counts.words, counts.found, counts.values, strict=True):
        found = matched(own, words)
        assert num_words == len(words)
        assert num_found == sum(length for _, length in found)
        for index, value in enumerate(values.tolist()):
            in_category = [
                (own.entries[entry][index], length) for entry, length in found if index in own.entries[entry]
            ]
            if is_weighted:
                expected = np.mean([weight for weight, _ in in_category]) if in_category else np.nan
            else:
                expected = 100 * sum(length for _, length in in_category) / len(words)
            assert value == pytest.approx(expected, nan_ok=True)


def test_blocks_do_not_change_what_is_found() -> None:
    own = members(glad="happ*,not bad,so not bad", sad="sad,not")
    texts = ["so not bad", "", "not sad", "...", "happy not bad sad not"]
    matcher = Matcher(own)
    together = matcher.count(texts)
    for number, text in enumerate(texts):
        alone = matcher.count([text])
        np.testing.assert_equal(alone.values[0], together.values[number])
        assert alone.words[0] == together.words[number]
    assert matcher.count([]).values.shape == (0, 2)


@pytest.mark.parametrize(
    ("text", "num_words", "num_found", "glad", "sad"),
    [
        ("I am HAPPY today", 4, 1, 25, 0),
        ("not bad", 2, 2, 100, 0),  # the phrase and not its words
        ("not so bad", 3, 2, 0, 200 / 3),
        ("not. Bad", 2, 2, 0, 100),  # a phrase does not go on after a full stop
        ("happily unhappy", 2, 1, 50, 0),
        ("don't don’t DON'T", 3, 3, 0, 100),  # one word, whatever the apostrophe
        ("a well-known self-esteem", 5, 2, 40, 0),  # two words with a hyphen
        ("self esteem", 2, 0, 0, 0),
        ("so glaaad #HappyDays :) !!!", 4, 1, 25, 0),
        ("3 sad 2.5 numbers", 4, 1, 0, 25),
        ("happy\u00adhour ha\u0308ppy", 2, 1, 50, 0),
    ],
)
def test_words_are_counted_by_hand(text: str, num_words: int, num_found: int, glad: float, sad: float) -> None:
    own = members(glad="happ*,not bad,self-*", sad="sad,bad,not,don't")
    found = described(own, text)
    assert found == (num_words, num_found, [pytest.approx(glad), pytest.approx(sad)])


def test_marks_that_a_lexicon_lists_count_but_are_no_words() -> None:
    own = members(excited="!,:)", pause="...", star="*word *,**")
    assert described(own, "wow!!! :) ... hm") == (2, 0, [200.0, 50.0, 0.0])
    assert described(own, "one ** two") == (2, 0, [0.0, 0.0, 50.0])
    assert described(own, "...")[:2] == (0, 0)
    assert np.isnan(described(own, "...")[2]).all()


def test_an_asterisk_in_a_text_is_no_wildcard() -> None:
    own = members(one="go *")
    assert described(own, "go * go now")[1] == 2
    assert described(own, "go *")[1] == 0


def test_spellings_of_one_entry_are_in_the_categories_of_all() -> None:
    own = lexicon({"can't": {0: 1.0}, "can’t": {1: 1.0}})
    assert described(own, "can't")[2] == [100.0, 100.0, 0.0]


def test_weights_are_averaged_over_entries() -> None:
    own = lexicon({"good": {0: 1.0}, "very good": {0: 4.0}, "bad": {0: -2.0, 1: 0.5}}, is_weighted=True)
    num_words, num_found, values = described(own, "very good and good but bad")
    assert (num_words, num_found) == (6, 4)
    assert values[:2] == [pytest.approx(1.0), 0.5]
    assert np.isnan(values[2])
