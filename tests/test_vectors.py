"""Word-vector files in their formats, and how they meet the vocabulary."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lstmcli.config.settings import EmbeddingSettings
from lstmcli.errors import ConfigError, DataError
from lstmcli.text.vectors import read_vectors
from lstmcli.text.vocabulary import Vocabulary
from lstmcli.training.word_vectors import check_width, embedding_rows, vectors_from_file
from tests.conftest import corpus_options, invoke, set_options

WORDS = ["the", "happy", "é", "new york"]
MATRIX = np.arange(12, dtype=np.float32).reshape(4, 3) / 7


def glove(words: list[str], matrix: np.ndarray) -> bytes:
    lines = [f"{word} {' '.join(map(str, row))}\n" for word, row in zip(words, matrix, strict=True)]
    return "".join(lines).encode()


def word2vec_text(words: list[str], matrix: np.ndarray) -> bytes:
    return f"{len(words)} {matrix.shape[1]}\n".encode() + glove(words, matrix)


def fasttext_vec(words: list[str], matrix: np.ndarray) -> bytes:
    return word2vec_text(words, matrix).replace(b"\n", b" \n")  # fastText leaves a space at each line's end


def word2vec_binary(words: list[str], matrix: np.ndarray, end: bytes = b"\n") -> bytes:
    rows = [
        word.encode() + b" " + struct.pack(f"<{len(row)}f", *row) + end for word, row in zip(words, matrix, strict=True)
    ]
    return f"{len(words)} {matrix.shape[1]}\n".encode() + b"".join(rows)


def gensim_binary(words: list[str], matrix: np.ndarray) -> bytes:
    return word2vec_binary(words, matrix, end=b"")


FORMATS = [glove, word2vec_text, fasttext_vec, word2vec_binary, gensim_binary]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("layout", FORMATS)
def test_each_format_is_recognised_from_its_content(
    tmp_path: Path, layout: Callable[[list[str], np.ndarray], bytes], zipped: bool
) -> None:
    words = WORDS if layout in {glove, word2vec_text, fasttext_vec} else [word.replace(" ", "_") for word in WORDS]
    content = layout(words, MATRIX)
    path = tmp_path / ("vectors.gz" if zipped else "vectors.bin")
    path.write_bytes(gzip.compress(content) if zipped else content)
    vectors = read_vectors(path, max_vectors=99)
    assert vectors.words == words
    assert vectors.size == 3
    np.testing.assert_array_equal(vectors.matrix, MATRIX)


def test_only_the_first_words_are_read(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(glove(WORDS, MATRIX))
    assert read_vectors(path, max_vectors=2).words == WORDS[:2]


def test_of_words_that_become_the_same_the_exact_one_wins_else_the_first(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(glove(["The", "the", "THE", "Bob", "BOB"], np.eye(5, dtype=np.float32)))
    vectors = read_vectors(path, max_vectors=9, normalize=str.lower)
    assert vectors.words == ["the", "bob"]
    np.testing.assert_array_equal(vectors.matrix, np.eye(5)[[1, 3]])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty, expected word vectors"),
        (b"\na 1 2\n", "the first line is empty"),
        (b"the,0.1,0.2\n", "separated by spaces or tabs and have decimal points"),
        (b"the 0,1 0,2\n", "separated by spaces or tabs and have decimal points"),
        (b"text,label\nso happy,joy\n", "as in a word-vector file"),
        (b"hello\n", "neither a header nor a word followed by numbers"),
        (b"a 1 2\nb 1\n", "line 2: expected a word and 2 numbers"),
        (b"a 1 2\nb 1 x\n", "line 2: expected a word and 2 numbers, as on the lines before, found 'x'"),
        (b"a 1 2\nb 1 2,5\n", "found '2,5'; numbers must have decimal points"),
        (b"a 1 2\nb 1.5 2.5 3.5\nc 1 2\n", "line 2: expected a word and 2 numbers, as on the lines before, found 3"),
        (b"a 1 2\nb 1 2\nc 1", "line 3: .* the file is truncated"),
        (b"2 9\na 1 2\nb 3 4\n", "line 2: expected a word and 9 numbers, as the header announces, but found 2"),
        (b"2 1\na 1 2\nb 3 4\n", "line 2: expected a word and 1 numbers, as the header announces, but found 2"),
        (b"2 2\na b c d\n", "line 2: expected a word and 2 numbers"),
        (b"2 2\n", "there is nothing below the header, which announces 2 words"),
        (b"0 2\n", "the header announces 0 words"),
        (b"2 0\n", "vectors have 0 dimensions"),
        (b"2 999999999999\na 1 2\n", "vectors have 999,999,999,999 dimensions"),
        (b"a nan nan\n", "none of its vectors is usable: their numbers are 0, not finite, or far too large"),
        (b"a 0 0\nb 0 0\n", "none of its vectors is usable: their numbers are 0, not finite, or far too large"),
        (b"PK\x03\x04...", "is a ZIP archive; unpack it"),
        ("a 1 2\n".encode("utf-16"), "is in UTF-16; convert it to UTF-8"),
        (gzip.compress(glove(WORDS, MATRIX), mtime=0)[:-20], "can't be read .*; the file may be truncated or damaged"),
        (b"3 2\na 1 2\nb 3 4\n", "is truncated: the header announces 3 words, but the file has 2"),
        (word2vec_binary(["a", "b"], MATRIX[:2])[:-5], "the header announces 2 words, but 1 could be read"),
        (struct.pack("<i", 793712314) + b"...", "use its .vec file instead"),
    ],
)
def test_broken_files_get_one_clear_message(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "v.vec"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_vectors(path, max_vectors=9)


@pytest.mark.parametrize("size", [5, 7, 9, 10, 16])
def test_a_binary_file_with_the_wrong_size_in_its_header_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "v.bin"
    matrix = np.random.default_rng(1).normal(size=(200, 8))
    content = word2vec_binary([f"word{number}" for number in range(200)], matrix)
    path.write_bytes(content.replace(b"200 8", b"200 %d" % size, 1))
    with pytest.raises(DataError, match=r"the header .* the wrong size|but \d+ could be read"):
        read_vectors(path, max_vectors=150)


def test_a_folder_is_no_vector_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is a folder, expected a word-vector file \(embedding\.vectors\)"):
        read_vectors(tmp_path, max_vectors=9)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b" ", b"\t").replace(b"new\tyork", b"new york"),
        lambda content: content.replace(b"\n", b"\n\n"),
        lambda content: content.removesuffix(b"\n"),
        lambda content: content.replace(b"4 3", b"2 3"),
    ],
    ids=["byte order mark", "CRLF", "tabs", "blank lines", "no last newline", "small count"],
)
@pytest.mark.parametrize("layout", [glove, word2vec_text, fasttext_vec])
def test_usual_deviations_of_text_files_make_no_difference(
    tmp_path: Path, layout: Callable[[list[str], np.ndarray], bytes], change: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "v.vec"
    path.write_bytes(change(layout(WORDS, MATRIX + 1)))
    vectors = read_vectors(path, max_vectors=99)
    assert vectors.words == WORDS
    np.testing.assert_array_equal(vectors.matrix, MATRIX + 1)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e39", "1e400", "1e30"])
def test_a_vector_that_is_not_finite_or_far_too_large_is_skipped_with_its_line(
    tmp_path: Path, number: str, recwarn: pytest.WarningsRecorder
) -> None:
    path = tmp_path / "v.txt"
    path.write_text(f"a 1 2\nb 2 1\nbad 0.5 {number}\nc 1 1\n")
    vectors = read_vectors(path, max_vectors=9)
    assert vectors.words == ["a", "b", "c"]
    assert vectors.notes == (f"{path}: 1 vector skipped (not finite, or far too large), the first at line 3, 'bad'",)
    assert not recwarn.list


def test_words_that_are_not_utf_8_or_repeated_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(b"a 1 2\nb 2 1\ncaf\xe9 1 1\na 3 4\n")
    vectors = read_vectors(path, max_vectors=9)
    assert vectors.words == ["a", "b"]
    np.testing.assert_array_equal(vectors.matrix, [[1, 2], [2, 1]])
    assert vectors.notes == (
        f"{path}: 1 vector skipped (not valid UTF-8), the first at line 3",
        f"{path}: 1 vector skipped (another vector of the same word), the first of them 'a'",
    )


def test_a_word_may_be_a_space_or_contain_some(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(b"a 1 2\n 3 4\n. . . 5 6\nb 7 8\n")
    vectors = read_vectors(path, max_vectors=9)
    assert vectors.words == ["a", ". . .", "b"]


def test_gzip_is_recognised_from_its_content(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(gzip.compress(glove(WORDS, MATRIX)))
    assert read_vectors(path, max_vectors=9).words == WORDS


def test_a_missing_vector_file_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no such word-vector file \(embedding\.vectors\)"):
        read_vectors(tmp_path / "none.vec", max_vectors=9)


def test_training_words_come_first_and_words_of_the_file_alone_stay_usable(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(glove(["happy", "glad", "<pad>", "new york"], MATRIX + 1))
    vocabulary = Vocabulary(["<pad>", "<unknown>", "sad", "happy"])
    settings = EmbeddingSettings(vectors=str(path))
    source = vectors_from_file(settings, lowercase=True)
    plan = embedding_rows(vocabulary, np.array([0, 1, 3, 6]), settings, source)
    assert plan.vocabulary.words == ["<pad>", "<unknown>", "sad", "happy", "glad"]
    assert (plan.num_trained, plan.size) == (4, 3)
    assert plan.pretrained is not None
    assert list(plan.pretrained.known) == [False, False, False, True]
    np.testing.assert_array_equal(plan.pretrained.vectors[:, 0] > 0, [False, False, False, True, True])
    assert plan.pretrained.coverage == 0.6


def test_a_width_that_is_not_the_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(glove(WORDS, MATRIX))
    settings = EmbeddingSettings(vectors=str(path), size=50)
    source = vectors_from_file(settings, lowercase=True)
    with pytest.raises(ConfigError, match=r"embedding\.size is 50, but the vectors in .* have 3 dimensions"):
        check_width(settings, source)


@pytest.mark.parametrize("own_texts", [False, True])
def test_a_training_tells_what_was_skipped_and_that_few_words_have_a_vector(
    corpus: Path, tmp_path: Path, own_texts: bool
) -> None:
    (tmp_path / "v.txt").write_text("happy 1 2\nsad nan 1\nfroh 2 1\n")
    options = [option for option in corpus_options(corpus) if option not in {"--set", "embedding.size=16"}]
    options += [f"embedding.vectors={tmp_path}/v.txt", "training.epochs=1", f"pretraining.own_texts={own_texts}"]
    result = invoke("train", *set_options(*options, "pretraining.epochs=1"), "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.count("1 vector skipped (not finite, or far too large), the first at line 2, 'sad'") == 1
    assert result.stderr.count(f"of the training tokens have a vector in {tmp_path}/v.txt; is it of the same") == 1
