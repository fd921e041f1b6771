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
from lstmcli.training.initial_weights import check_width, embedding_rows, vectors_from_file

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
        (b"", "neither a header nor a word followed by numbers"),
        (b"hello\n", "neither a header nor a word followed by numbers"),
        (b"a 1 2\nb 1\n", "line 2: expected a word and 2 numbers"),
        (b"a 1 2\nb 1 x\n", "line 2: expected a word and 2 numbers"),
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
