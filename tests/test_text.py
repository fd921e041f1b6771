"""Tokenizer, vocabulary and label set."""

import re
import unicodedata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmcli.config.model_settings import TokenizerSettings
from lstmcli.corpus.label_set import LabelSet
from lstmcli.data.sealed import MappedFile
from lstmcli.text import characters, word_index
from lstmcli.text import encoder as encoder_module
from lstmcli.text import tokenizer as tokenizer_module
from lstmcli.text.characters import pieces
from lstmcli.text.encoder import BlockEncoder, GrowingVocabulary, TextEncoder
from lstmcli.text.tokenizer import Tokenizer, cut
from lstmcli.text.vocabulary import UNKNOWN_ID, Vocabulary
from lstmcli.text.word_index import StoredVocabulary, index_words

DEFAULT = Tokenizer(TokenizerSettings())


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I can't believe it's over", "i ca n't believe it 's over"),
        ("I'm sure they'll say we'd've", "i 'm sure they 'll say we'd 've"),
        ("don’t DON`T", "do n't do n't"),
        ("rock'n'roll o'clock", "rock'n'roll o'clock"),
        ("soooo haaappy, nooo 1000", "soo haappy , noo 1000"),
        ("wow!!!!! what?! no?!?! hm... ok", "wow !!! what ?! no ?! hm ... ok"),
        ("wait… “so”", 'wait ... " so "'),
        ("#SoHappy #sad_day #LOL #1st", "# so happy # sad day # lol # 1st"),
        ("@bob_x hi @ann!", "<user> hi <user> !"),
        ("see https://t.co/x?a=1 or www.x.org now", "see <link> or <link> now"),
        ("mail a.b+c@x-y.co.uk please", "mail <email> please"),
        (":) :-( ;D =P :'( :))))) great:)", ":) :-( ;D =P :'( :)) great :)"),
        ("<3 </3 <333 3<4", "<3 </3 <3 3 < 4"),
        ("T_T ^_^ o_O -_- >.<", "T_T ^_^ o_O -_- >.<"),
        ("10:30 3.50 5,000 $5 2nd", "10:30 3.50 5,000 $ 5 2nd"),
        ("and: (see) word:d", "and : ( see ) word : d"),
        ("[NAME] said [sic]", "[name] said [ sic ]"),
        ("❤️ 👍🏽 👨‍👩‍👧 🇩🇪 😂😂", "❤ 👍 👨‍👩‍👧 🇩🇪 😂 😂"),
        ("ｆｕｌｌ 𝓱𝓪𝓹𝓹𝔂 ﬁne", "full happy fine"),
        ("naïve CAFÉ Straße", "naïve café straße"),
        ("我很高兴 ok", "我 很 高 兴 ok"),
        ("हिन्दी नमस्ते", "हिन्दी नमस्ते"),
        ("a\tb\u00a0c\u2028d\ne", "a b c d e"),
        ("-- --- *sigh* ~~", "-- --- * sigh * ~~"),
        ("\U0001f3fb a\ufe0f", "\U0001f3fb a"),
        ("cut \ud83d off", "cut \ufffd off"),
        ("", ""),
        (" \n\t\u3000", ""),
    ],
)
def test_informal_text_becomes_tokens(text: str, tokens: str) -> None:
    assert " ".join(DEFAULT(text)) == tokens


@pytest.mark.parametrize(
    ("settings", "text", "tokens"),
    [
        ({"lowercase": False}, "I HATE It", "I HATE It"),
        ({"contractions": "keep"}, "don't", "don't"),
        ({"elongations": "keep"}, "sooo", "sooo"),
        ({"elongations": "mark"}, "sooo good", "soo <long> good"),
        ({"hashtags": "keep"}, "#SoHappy", "#sohappy"),
        ({"users": "keep"}, "@Bob", "@bob"),
        ({"links": "keep"}, "www.X.org a@b.c", "www.x.org a@b.c"),
        ({"capitals": "mark"}, "WHY me I OK", "<caps> why me i <caps> ok"),
    ],
)
def test_each_option_changes_what_it_names(settings: dict[str, object], text: str, tokens: str) -> None:
    assert " ".join(Tokenizer(TokenizerSettings(**settings))(text)) == tokens


@pytest.mark.parametrize(("keep", "kept"), [("head", "abcde"), ("tail", "efghi"), ("both", "abchi")])
def test_long_texts_are_cut_at_the_wanted_end(keep: str, kept: str) -> None:
    assert cut(list("abcdefghi"), max_tokens=5, keep=keep) == list(kept)
    settings = TokenizerSettings(max_tokens=5, cut=keep)
    assert Tokenizer(settings)(" ".join("abcdefghi")) == list(kept)


@pytest.mark.parametrize("keep", ["head", "tail", "both"])
def test_a_text_of_just_the_limit_is_not_cut(keep: str) -> None:
    assert cut(list("abc"), max_tokens=3, keep=keep) == list("abc")
    assert len(cut(list("abcd"), max_tokens=1, keep=keep)) == 1


@given(st.text())
def test_tokens_hold_no_white_space_and_are_not_empty(text: str) -> None:
    for token in DEFAULT(text):
        assert token
        assert not any(character.isspace() for character in token)


@given(st.text())
def test_a_text_has_a_token_unless_there_is_nothing_to_see(text: str) -> None:
    invisible = re.compile(
        f"[{''.join(map(chr, characters._INVISIBLE))}{characters._BLANKS}{characters.JOINERS}"
        f"{characters.INVISIBLE_BESIDE_WORDS}]"
    )
    assert bool(DEFAULT(text)) == bool(invisible.sub("", unicodedata.normalize("NFKC", text)).strip())


WORDS = st.sampled_from(
    [*"aZ.!?@#'_:)<3-", "http://", "www.", "can't", "so", "😂", "\u0301", "1", " ", "\n", ",", '"', "[NAME]", "T_T"]
)


@given(st.lists(WORDS).map("".join))
def test_the_shortcut_for_plain_words_changes_nothing(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("KINDS", "_ASCII_KINDS"):
            kinds = getattr(tokenizer_module, name).items()
            patch.setattr(tokenizer_module, name, {kind: pattern for kind, pattern in kinds if kind != "plain"})
        assert DEFAULT(text) == Tokenizer(TokenizerSettings())(text)


@given(st.one_of(st.lists(WORDS).map("".join), st.text(st.characters(max_codepoint=127))))
def test_the_shortcut_for_ascii_changes_nothing(text: str) -> None:
    ascii_text = text.encode("ascii", "ignore").decode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenizer_module, "_ASCII_KINDS", tokenizer_module.KINDS)
        assert DEFAULT(ascii_text) == Tokenizer(TokenizerSettings())(ascii_text)


@given(st.lists(st.one_of(WORDS, st.text(max_size=6)), max_size=12).map(" ".join))
def test_tokens_do_not_depend_on_what_stands_beyond_white_space(text: str) -> None:
    """So pieces between white space can be looked up: the same tokens as from one pass over the whole text."""
    normal = pieces(text)
    assert DEFAULT(text) == [token for piece in normal for token in DEFAULT.piece_tokens(piece)]
    assert DEFAULT(text) == list(DEFAULT.piece_tokens(" ".join(normal)))


def test_what_is_remembered_is_bounded_and_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_module, "CACHE_SIZE", 3)
    tokenizer = Tokenizer(TokenizerSettings())
    text = " ".join([*"abcdefgh", "xy" * 20, *"abca"])
    assert tokenizer(text) == text.split()
    assert len(tokenizer._cache) <= 3
    assert "xy" * 20 not in tokenizer._cache


WORDS_IN_ORDER, COUNTS = ["b", "a", "d", "c"], [2, 3, 1, 1]


def test_the_vocabulary_lists_frequent_words_first_and_ties_by_code_point() -> None:
    vocabulary = Vocabulary.from_counts(WORDS_IN_ORDER, COUNTS, min_frequency=1, max_words=9)
    assert vocabulary.words == ["<pad>", "<unknown>", "a", "b", "c", "d"]
    reordered = Vocabulary.from_counts(WORDS_IN_ORDER[::-1], COUNTS[::-1], min_frequency=1, max_words=9)
    assert reordered.words == vocabulary.words


def test_the_vocabulary_keeps_to_its_limits() -> None:
    def words(**limits: int) -> list[str]:
        return Vocabulary.from_counts(WORDS_IN_ORDER, COUNTS, **limits).words[2:]

    assert words(min_frequency=2, max_words=9) == ["a", "b"]
    assert words(min_frequency=1, max_words=3) == ["a", "b", "c"]


def test_unknown_words_and_empty_texts_become_the_unknown_word() -> None:
    encode = TextEncoder.for_vocabulary(DEFAULT, Vocabulary(["<pad>", "<unknown>", "a", "b"]))
    assert encode("a never b") == [2, UNKNOWN_ID, 3]
    assert encode(" ") == [UNKNOWN_ID]


def test_the_encoder_cuts_long_texts_as_the_tokenizer_does() -> None:
    vocabulary = Vocabulary(["<pad>", "<unknown>", "a", "b", "c"])
    tokenizer = Tokenizer(TokenizerSettings(max_tokens=3, cut="both"))
    assert TextEncoder.for_vocabulary(tokenizer, vocabulary)("a a b a c") == [2, 2, 4]


def test_a_growing_vocabulary_gives_each_new_word_the_next_id() -> None:
    growing = GrowingVocabulary()
    assert TextEncoder(DEFAULT, growing.id_of)("x y x z") == [2, 3, 2, 4]
    assert growing.words == ["<pad>", "<unknown>", "x", "y", "z"]


PARTS = [
    "so",
    "Glad!!",
    "can't",
    "#SoHappy",
    "https://x.org",
    ":)",
    "👍🏽",
    "e\u0301\u0301",
    "日本",
    "\u200d",
    "x" * 40,
    " ",
    "\n",
]


@given(st.lists(st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=4)), max_size=6).map(" ".join), max_size=6))
def test_a_block_of_texts_is_encoded_as_its_texts_are(texts: list[str]) -> None:
    expected, found = GrowingVocabulary(), GrowingVocabulary()
    one_by_one, encode = TextEncoder(DEFAULT, expected.id_of), BlockEncoder(DEFAULT, found.id_of)
    for block in (texts, texts[::-1]):
        ids = encode(block)
        flat, ends = ids.flat.tolist(), ids.offsets.tolist()
        assert [flat[start:end] for start, end in pairwise(ends)] == list(map(one_by_one, block))
    assert found.words == expected.words


def test_a_block_encoder_that_forgets_gives_the_same_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "CACHE_SIZE", 2)
    encode = BlockEncoder(DEFAULT, GrowingVocabulary().id_of)
    assert [encode([text]).flat.tolist() for text in ("a b c", "c d", "a d")] == [[2, 3, 4], [4, 5], [2, 5]]


def test_long_strings_do_not_pile_up_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in texts without spaces, where each string is a whole text and none occurs again."""
    monkeypatch.setattr("lstmcli.text.encoder.MAX_KEPT_IDS", 100)
    monkeypatch.setattr("lstmcli.text.encoder.CACHE_SIZE", 1000)
    one_by_one = TextEncoder(DEFAULT, (expected := GrowingVocabulary()).id_of)
    encode = BlockEncoder(DEFAULT, (found := GrowingVocabulary()).id_of)
    most = 0
    for number in range(60):
        text = "".join(chr(0x4E00 + (7 * number + place) % 200) for place in range(40))
        assert encode([text, text]).flat.tolist() == 2 * one_by_one(text)
        most = max(most, len(encode._ids))
    assert found.words == expected.words
    assert most <= 100 + 2 * 40


def test_a_vocabulary_file_reads_back_also_with_odd_words() -> None:
    vocabulary = Vocabulary(["<pad>", "<unknown>", "\x00", "'", "é", "\ufeff"])
    assert Vocabulary.from_file_content(vocabulary.file_content()).words == vocabulary.words


def stored_vocabulary(vocabulary: Vocabulary) -> StoredVocabulary:
    index = index_words(vocabulary.words)
    contents = vocabulary.file_content().encode(), index.tobytes()
    words, index_file = (MappedFile(Path("file"), memoryview(content), 4096, None) for content in contents)
    return StoredVocabulary(words, index, index_file)


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1)), st.text())
def test_a_stored_vocabulary_finds_the_same_ids(words: set[str], other: str) -> None:
    vocabulary = Vocabulary(["<pad>", "<unknown>", *sorted(words - {"<pad>", "<unknown>"})])
    stored = stored_vocabulary(vocabulary)
    assert len(stored) == len(vocabulary)
    assert [stored.id_of(word) for word in vocabulary.words] == list(range(len(vocabulary)))
    assert stored.id_of(other.encode(errors="replace").decode()) == vocabulary.id_of(other)


def test_words_with_the_same_place_in_the_index_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_index.zlib, "crc32", lambda _: 15)
    words = ["<pad>", "<unknown>", "a", "b", "c"]
    stored = stored_vocabulary(Vocabulary(words))
    assert [stored.id_of(word) for word in [*words, "d"]] == [0, 1, 2, 3, 4, UNKNOWN_ID]


def test_new_words_go_behind_the_old_ones() -> None:
    vocabulary = Vocabulary(["<pad>", "<unknown>", "a"])
    assert vocabulary.extended(["b", "a", "c", "b"]).words == ["<pad>", "<unknown>", "a", "b", "c"]


@pytest.mark.parametrize("words", [["a"], ["<unknown>", "<pad>"], ["<pad>", "<unknown>", "a", "a"]])
def test_a_broken_word_list_is_refused(words: list[str]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Vocabulary(words)


def test_labels_are_sorted_and_become_a_table() -> None:
    labels = LabelSet.from_examples([("joy",), ("anger", "joy"), ()], "multi")
    assert labels.names == ("anger", "joy")
    expected = np.array([[False, True], [True, True], [False, False]])
    assert (labels.targets([("joy",), ("anger", "joy"), ()]) == expected).all()
    assert [labels.join(row) for row in expected] == ["joy", "anger|joy", ""]
