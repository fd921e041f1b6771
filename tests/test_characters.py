"""Characters that nobody sees, kinds of apostrophes and vowel signs, and the rules of older models."""

import unicodedata

import pytest

from lstmcli.config.model_settings import TokenizerSettings
from lstmcli.text.characters import LONG_RUN, MAX_MARKS, pieces
from lstmcli.text.tokenizer import Tokenizer

DEFAULT = Tokenizer(TokenizerSettings())
FIRST = Tokenizer(TokenizerSettings(rules=1))


@pytest.mark.parametrize(
    "word",
    ["ශ්\u200dරී", "සාමාන්\u200dය", "می\u200cخواهم", "क्\u200dष", "हिन्दी", "ພາສາ", "ꦗꦮ", "དབྱངས", "שָׁלוֹם", "ދިވެހި"],
)
def test_joiners_and_vowel_signs_are_part_of_the_word(word: str) -> None:
    assert DEFAULT(word) == [word]


@pytest.mark.parametrize("character", ["\u00ad", "\u200b", "\u2060", "\ufeff", "\u200e", "\u034f", "\ufe0f"])
def test_invisible_characters_change_nothing(character: str) -> None:
    assert DEFAULT(f"de{character}ligh{character}ted {character}today{character}!") == ["delighted", "today", "!"]


def test_hashtags_and_users_may_have_vowel_signs() -> None:
    assert DEFAULT("#हिन्दी @हिन्दी") == ["#", "हिन्दी", "<user>"]


def test_a_mark_that_is_invisible_beside_words_is_dropped() -> None:
    assert DEFAULT("\u2066happy\u2069 \u202b! \U0001f3f4\U000e0067\U000e007f") == ["happy", "!", "\U0001f3f4"]


def test_a_joiner_that_joins_nothing_is_dropped() -> None:
    assert DEFAULT("\u200dhappy\u200c \u200d\u200d 👍\u200d") == ["happy", "👍"]


def test_blank_letters_separate_words_as_spaces_do() -> None:
    assert DEFAULT("so\u2800happy\u3164today") == ["so", "happy", "today"]


def test_a_zero_width_space_separates_words_in_scripts_without_spaces() -> None:
    assert DEFAULT("ខ្ញុំ\u200bស្រលាញ់") == ["ខ្ញុំ", "ស្រលាញ់"]


@pytest.mark.parametrize("apostrophe", "'`\u00b4\u2018\u2019\u201b\u02bc\u2032\uff07\u055a\u0092")
def test_whatever_is_typed_for_an_apostrophe_is_one(apostrophe: str) -> None:
    assert DEFAULT(f"i don{apostrophe}t") == ["i", "do", "n't"]


def test_a_keycap_is_one_symbol() -> None:
    assert DEFAULT("1\ufe0f\u20e3 #\ufe0f\u20e3 2\u20e3") == ["1\u20e3", "#\u20e3", "2\u20e3"]


def test_the_end_of_a_sentence_is_no_part_of_an_indic_word() -> None:
    assert DEFAULT("नमस्ते।") == ["नमस्ते", "।"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("می\u200cخواهم", ["می", "\u200c", "خواهم"]),
        ("hap\u200bpy", ["hap", "\u200b", "py"]),
        ("don\u00b4t", ["don", "\u0301t"]),
        ("नमस्ते।", ["नमस्ते।"]),
        ("1\ufe0f\u20e3", ["1", "\ufe0f", "\u20e3"]),
        ("can’t 👍🏽 हिन्दी #Ok", ["ca", "n't", "👍", "हिन्दी", "#", "ok"]),
    ],
)
def test_older_models_go_on_reading_texts_by_the_first_rules(text: str, tokens: list[str]) -> None:
    assert FIRST(text) == tokens
    assert Tokenizer(TokenizerSettings.stored({}))(text) == tokens


def test_unknown_rules_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the tokenizer has the rules 3, expected 1 or 2"):
        TokenizerSettings.stored({"rules": 3})


@pytest.mark.parametrize("marks", ["\u0301\u0316", "\u0301\uff9e", "\u0f73\u0301"])
def test_long_runs_of_combining_marks_are_truncated(marks: str) -> None:
    """Sorting them would take as many steps as the square of their number."""
    (piece,) = pieces("x" * 700 + "a" + marks * LONG_RUN + "b")
    (wanted,) = pieces("x" * 700 + "a" + (marks * MAX_MARKS)[:MAX_MARKS] + "b")
    assert piece == wanted


def test_shorter_runs_of_marks_and_long_runs_of_others_are_kept() -> None:
    text = "x" * 700 + "a" + "\u0316\u0301" * (LONG_RUN // 2 - 1) + "b" + "—" * 2 * LONG_RUN
    assert pieces(text) == [unicodedata.normalize("NFKC", text)]
