"""Reading lexicons: LIWC's .dic format, NRC's tables, plain CSV, and odd files of each."""

import gzip
from pathlib import Path

import pytest

from lstmcli.errors import DataError
from lstmcli.lexicons.lexicon import Lexicon
from lstmcli.lexicons.reading import read_lexicon

DIC = "%\n1\tglad\n2\tsad\n%\nhapp*\t1\nnot bad\t1\nbittersweet\t1\t2\n"
DIC_ENTRIES = {"happ*": {0: 1.0}, "not bad": {0: 1.0}, "bittersweet": {0: 1.0, 1: 1.0}}


def read(folder: Path, content: str | bytes, name: str = "mood.dic") -> Lexicon:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_lexicon(str(file))


def refusal(folder: Path, content: str | bytes, name: str = "mood.dic") -> list[str]:
    with pytest.raises(DataError) as caught:
        read(folder, content, name)
    return [line.removeprefix(f"{folder / name}").removeprefix(",").strip() for line in caught.value.lines]


def test_a_dic_file_has_categories_words_wildcards_and_phrases(tmp_path: Path) -> None:
    lexicon = read(tmp_path, DIC)
    assert (lexicon.name, lexicon.categories, lexicon.weighted) == ("mood", ("glad", "sad"), (False, False))
    assert lexicon.entries == DIC_ENTRIES
    assert lexicon.notes == ()


@pytest.mark.parametrize(
    "content",
    [
        DIC.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + DIC.encode(),
        DIC.encode("utf-16"),
        gzip.compress(DIC.encode(), mtime=0),
        b"\n\n" + DIC.replace("\n", "\n\n").encode(),
        DIC.replace("%", "%\t\t").encode(),
        DIC.replace("1\tglad\n2\tsad", "01 glad\n\t2  sad").encode(),  # nested categories are indented
        DIC.replace("\t1\t2", "\t01\t002").encode(),
        DIC.replace("\t1\t2", "\tglad\tsad").encode(),  # names instead of numbers
        DIC.replace("1\tglad\n2\tsad", "glad\nsad").replace("\t1", "\tGlad").replace("\t2", "\tsad").encode(),
        DIC.replace("sweet\t1\t2", "sweet 1 2").replace("bad\t1", "bad 1").encode(),  # spaces
        DIC.replace("\t1\t2", "\t1\t2\t1\t").encode(),  # twice, and a tab at the end
        (DIC + "HAPP*\t1\nbittersweet\t2\n").encode(),  # entries occur again
        DIC.replace("glad", "glad (Positive Mood)").encode(),
        DIC.removesuffix("\n").encode(),
    ],
)
def test_harmless_oddities_of_a_dic_file_change_nothing(tmp_path: Path, content: bytes) -> None:
    lexicon = read(tmp_path, content)
    assert (lexicon.categories, lexicon.entries, lexicon.notes) == (("glad", "sad"), DIC_ENTRIES, ())


def test_a_file_in_a_windows_encoding_keeps_its_letters(tmp_path: Path) -> None:
    lexicon = read(tmp_path, "%\n1\tgefühl\n%\nfröhlich*\t1\nunglück\t1\nÄrger\t1\n".encode("cp1252"))
    assert lexicon.categories == ("gefühl",)
    assert list(lexicon.entries) == ["fröhlich*", "unglück", "ärger"]


def test_explanations_stay_where_they_tell_categories_apart(tmp_path: Path) -> None:
    lexicon = read(tmp_path, "%\n1\tanger (low)\n2\tanger (high)\n%\ncross\t1\nfurious\tanger (high)\n")
    assert lexicon.categories == ("anger (low)", "anger (high)")
    assert lexicon.entries["furious"] == {1: 1.0}


def test_conditions_are_left_out_with_a_note(tmp_path: Path) -> None:
    lexicon = read(tmp_path, "%\n1\ta\n2\tb\n3\tc\n%\nlike\t(02 134)1/2\t3\nkind\t<of>1/3\nwell\t(2)1\t2\n")
    assert lexicon.entries == {"like": {1: 1.0, 2: 1.0}, "kind": {2: 1.0}, "well": {1: 1.0}}
    (note,) = lexicon.notes
    assert "3 entries with a condition, which is not evaluated" in note
    assert note.endswith("(the first: line 6)")


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (
            "%\n1\tglad\nhapp*\t1\n",
            ["line 1: the categories that start here have no end; put a line with % between them"],
        ),
        (DIC.replace("2\tsad", "2"), ["line 3: category 2 has no name; write the number, a tab and a name."]),
        (
            DIC.replace("2\tsad", "1\tsad"),
            ["line 3: category 1 is already called 'glad'.", "line 7: '2' is no category"],
        ),
        (
            DIC + "x\t7\ny\tsat\n",
            ["line 8: '7' is no category of this lexicon.", "line 9: 'sat' is no category of this "],
        ),
        (DIC + "%\n", ["line 8: a third line with %"]),
        (DIC + "un*able\t1\n", ["line 8: 'un*able': * can only end a word, such as happ*."]),
        (DIC + "*\t1\n", ["line 8: * alone stands for every word; put letters before it."]),
        ("happy\t1\n", ["line 1: a .dic file starts with a line with %"]),
        ("%\n1\tglad\n%\n", [": has no words with a category."]),
        ("", [": is empty; expected words and their categories."]),
        (
            DIC + "x\t9\n" * 7,
            [*(f"line {line}: '9' is no" for line in range(8, 13)), "... and 2 more lines with a mistake"],
        ),
    ],
)
def test_mistakes_in_a_dic_file_are_told_with_their_lines(tmp_path: Path, content: str, lines: list[str]) -> None:
    told = refusal(tmp_path, content)
    assert len(told) == len(lines)
    for line, start in zip(told, lines, strict=True):
        assert line.startswith(start)


def test_a_word_without_a_category_is_left_out_with_a_note(tmp_path: Path) -> None:
    lexicon = read(tmp_path, DIC + "the\nof\t\n")
    assert lexicon.entries == DIC_ENTRIES
    assert lexicon.notes == (f"{tmp_path / 'mood.dic'}: 2 entries without a category (the first: line 8)",)


def test_an_emoticon_is_no_wildcard(tmp_path: Path) -> None:
    assert ":-*" in read(tmp_path, DIC + ":-*\t1\n").entries


@pytest.mark.parametrize("name", ["NRC-Emotion.txt", "emolex.csv"])
def test_a_table_of_zeros_and_ones_lists_the_words_of_each_category(tmp_path: Path, name: str) -> None:
    rows = "\nabacus\tjoy\t0\nabacus\tanger\t0\nabandon\tjoy\t0\nabandon\tanger\t1\nbliss\tjoy\t1\nbliss\tanger\t0\n"
    lexicon = read(tmp_path, rows.replace("\t", "," if name.endswith("csv") else "\t"), name)
    assert (lexicon.categories, lexicon.weighted) == (("joy", "anger"), (False, False))
    assert lexicon.entries == {"abandon": {1: 1.0}, "bliss": {0: 1.0}}


@pytest.mark.parametrize("header", ["", "term\temotion\tscore\n"])
def test_a_table_of_intensities_weighs_words(tmp_path: Path, header: str) -> None:
    lexicon = read(tmp_path, header + "outraged\tanger\t0.964\nbliss\tjoy\t1\noutraged\tfear\t.25\n", "intensity.txt")
    assert (lexicon.categories, lexicon.weighted) == (("anger", "joy", "fear"), (True, True, True))
    assert lexicon.entries == {"outraged": {0: 0.964, 2: 0.25}, "bliss": {1: 1.0}}


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
def test_a_table_with_a_column_for_each_category_has_their_names_in_the_header(tmp_path: Path, delimiter: str) -> None:
    rows = "Word\tValence\tArousal\nhappy\t0.9\t-0.5\na lot of\t0.5\t\n".replace("\t", delimiter)
    lexicon = read(tmp_path, rows.replace(".", ",") if delimiter == ";" else rows, "vad.txt")
    assert (lexicon.categories, lexicon.weighted) == (("Valence", "Arousal"), (True, True))
    assert lexicon.entries == {"happy": {0: 0.9, 1: -0.5}, "a lot of": {0: 0.5}}


def test_a_table_of_marks_lists_words(tmp_path: Path) -> None:
    lexicon = read(tmp_path, "DicTerm,glad,sad\nhapp*,X,\nbittersweet,X,X\nlonely,,x\n", "mood.dicx")
    assert (lexicon.categories, lexicon.weighted) == (("glad", "sad"), (False, False))
    assert lexicon.entries == {"happ*": {0: 1.0}, "bittersweet": {0: 1.0, 1: 1.0}, "lonely": {1: 1.0}}


def test_marks_and_weights_may_stand_in_columns_of_one_table(tmp_path: Path) -> None:
    lexicon = read(tmp_path, "word,glad,arousal\nhapp*,X,.7\nlonely,,.2\n", "mood.csv")
    assert lexicon.weighted == (False, True)
    assert lexicon.entries == {"happ*": {0: 1.0, 1: 0.7}, "lonely": {1: 0.2}}


@pytest.mark.parametrize(
    "content",
    [
        'word,category\nglee,joy\n"oh, dear",sad\n',
        'glee,joy\n"oh, dear",sad\nbliss,joy\n',
        "word;category\nglee;joy\noh, dear;sad\n",
    ],
)
def test_a_plain_table_has_a_word_and_a_category(tmp_path: Path, content: str) -> None:
    lexicon = read(tmp_path, content, "mood.csv")
    assert (lexicon.categories, lexicon.weighted) == (("joy", "sad"), (False, False))
    assert {entry: lexicon.entries[entry] for entry in ("glee", "oh, dear")} == {"glee": {0: 1.0}, "oh, dear": {1: 1.0}}


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("happy\t0.9\t0.4\nsad\t0.1\t0.3\n", ["line 1: expected a header with the names of the columns"]),
        (
            "Wort,Kategorie\nfroh,joy\n",
            ["line 1: is 'Wort,Kategorie' a header or a word? Put a header above the words: "],
        ),
        (
            "word,category,weight\nglee,joy,much\nbliss,joy,.5\n",
            ["line 2: expected a word, a category and a number, got"],
        ),
        (
            "word,category,weight\nglee,joy,nan\nbliss,joy,.5\n",
            ["line 2: expected a word, a category and a number, got"],
        ),
        ("word,category\nglee,\nbliss,joy\n", ["line 2: expected the name of a category, got ''."]),
        ("word,category\n,joy\nbliss,joy\n", ["line 2: has no word in the first column."]),
        ("word,a,a\nglee,1,0\n", ["line 1: two columns are called 'a'."]),
        ("word,a,b\nglee,1,0\nbliss,1\n", ["line 3: has 2 columns, but the header has 3."]),
        ("a,b,c,d\ne,f,g,h\n", [": expected the columns word, category and perhaps weight"]),
        ("glee\nbliss\n", ["line 1: expected a word and a category with a tab or a comma between them"]),
    ],
)
def test_mistakes_in_a_table_are_told_with_their_lines(tmp_path: Path, content: str, lines: list[str]) -> None:
    told = refusal(tmp_path, content, "mood.csv")
    assert len(told) == len(lines)
    for line, start in zip(told, lines, strict=True):
        assert line.startswith(start)


def test_the_first_of_two_weights_is_used_with_a_note(tmp_path: Path) -> None:
    lexicon = read(tmp_path, "glee\tjoy\t0.5\nGlee\tjoy\t0.7\n", "mood.txt")
    assert lexicon.entries == {"glee": {0: 0.5}}
    assert lexicon.notes[0].endswith("1 entry with a second weight, which is not used (line 2)")


def test_a_missing_lexicon_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_lexicon(str(tmp_path / "gone.dic"))
    with pytest.raises(DataError, match="can't come from standard input"):
        read_lexicon("-")


def test_the_digest_depends_on_words_categories_and_weights_and_on_no_order(tmp_path: Path) -> None:
    def digest(rows: str) -> str:
        return read(tmp_path, rows, "mood.csv").digest

    first = digest("word,category\nglee,joy\nbliss,joy\n")
    assert digest("word,category\nbliss,joy\nglee,joy\n") == first
    others = {digest(f"word,category\nglee,joy\n{row}\n") for row in ("blis,joy", "bliss,sad", "bliss,joy\nbliss,sad")}
    assert len(others | {first}) == 4
    assert digest("word,category,weight\nglee,joy,1\nbliss,joy,.5\n") not in {first, *others}
