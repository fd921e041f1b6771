"""Sentence encoders in ONNX: what they need, what they return, and what is said if they can't be used."""

import json
from pathlib import Path

import numpy as np
import pytest

from lstmcli.errors import ConfigError
from lstmcli.training.teacher import MAX_TOKENS, SentenceEncoder, check_teacher
from tests.tiny_teacher import INT32, INT64, SIZE, echo_network, onnx_network, word_tokenizer, write_teacher

pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")

WORDS = ["good", "day", "night", "bad"]


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_vectors_are_means_over_the_tokens_of_each_text_alone(tmp_path: Path) -> None:
    table = write_teacher(tmp_path / "tiny", WORDS)
    encoder = SentenceEncoder(tmp_path / "tiny")
    assert (encoder.name, encoder.size, encoder.max_tokens) == ("tiny", SIZE, MAX_TOKENS)
    found = encoder.encode(["Good day", "bad", "bad night good something", "day"])
    expected = [table[[1, 2]].mean(0), table[4], table[[4, 3, 1, 0]].mean(0), table[2]]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, unit(np.stack(expected)), rtol=1e-5)
    assert encoder.encode([]).shape == (0, SIZE)


def test_texts_are_encoded_in_batches_and_returned_in_their_order(tmp_path: Path) -> None:
    table = write_teacher(tmp_path, WORDS)
    numbers = np.random.default_rng(1).integers(1, 5, size=200)
    texts = [" ".join([WORDS[number - 1]] * (1 + number % 3)) for number in numbers]
    reported: list[int] = []
    found = SentenceEncoder(tmp_path, threads=2).encode(texts, report=reported.append)
    np.testing.assert_allclose(found, unit(table[numbers]), rtol=1e-5)
    assert (sum(reported), max(reported) < 200) == (200, True)


@pytest.mark.parametrize(
    ("modes", "first"),
    [({"cls_token": True, "mean_tokens": False}, True), ({"cls_token": False, "mean_tokens": True}, False)],
)
def test_the_pooling_is_what_the_folder_says(modes: dict[str, bool], first: bool, tmp_path: Path) -> None:
    table = write_teacher(tmp_path, WORDS)
    (tmp_path / "1_Pooling").mkdir()
    settings = {"word_embedding_dimension": SIZE, **{f"pooling_mode_{name}": value for name, value in modes.items()}}
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps(settings))
    expected = table[3] if first else table[[3, 1]].mean(0)
    np.testing.assert_allclose(SentenceEncoder(tmp_path).encode(["night good"])[0], unit(expected), rtol=1e-5)


@pytest.mark.parametrize("modes", [{"max_tokens": True}, {"cls_token": True, "mean_tokens": True}])
def test_other_poolings_are_refused(modes: dict[str, bool], tmp_path: Path) -> None:
    write_teacher(tmp_path, WORDS)
    (tmp_path / "1_Pooling").mkdir()
    settings = {f"pooling_mode_{name}": value for name, value in modes.items()}
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ConfigError, match=r"asks for the pooling .*; only mean and CLS are supported\.$"):
        SentenceEncoder(tmp_path)


def test_an_output_of_one_vector_per_text_is_taken_as_it_is(tmp_path: Path) -> None:
    """This one counts padding, which ours would not."""
    table = write_teacher(tmp_path, WORDS, pooled="sentence_embedding")
    found = SentenceEncoder(tmp_path).encode(["good", "good day night"])
    expected = [table[[1, 0, 0]].mean(0), table[[1, 2, 3]].mean(0)]
    np.testing.assert_allclose(found, unit(np.stack(expected)), rtol=1e-5)


@pytest.mark.parametrize(
    "inputs",
    [
        {"input_ids": INT64},
        {"input_ids": INT32, "attention_mask": INT32},
        {"input_ids": INT64, "token_type_ids": INT64, "attention_mask": INT64},
    ],
)
def test_a_network_is_given_what_it_asks_for(inputs: dict[str, int], tmp_path: Path) -> None:
    table = write_teacher(tmp_path, WORDS, **inputs)
    found = SentenceEncoder(tmp_path).encode(["day", "good day"])
    np.testing.assert_allclose(found, unit(np.stack([table[2], table[[1, 2]].mean(0)])), rtol=1e-5)


def test_long_texts_are_truncated_at_the_tokenizers_own_limit_or_ours(tmp_path: Path) -> None:
    table = write_teacher(tmp_path, WORDS)
    text = "good " * MAX_TOKENS + "bad " * 500
    np.testing.assert_allclose(SentenceEncoder(tmp_path).encode([text])[0], unit(table[1]), rtol=1e-5)
    settings = json.loads((tmp_path / "tokenizer.json").read_text())
    limit = {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}
    (tmp_path / "tokenizer.json").write_text(json.dumps({**settings, "truncation": limit}))
    encoder = SentenceEncoder(tmp_path)
    assert encoder.max_tokens == 3
    np.testing.assert_allclose(encoder.encode(["good good bad day"])[0], unit(table[[1, 1, 4]].mean(0)), rtol=1e-5)


def test_empty_texts_and_half_a_surrogate_pair_have_finite_vectors(tmp_path: Path) -> None:
    write_teacher(tmp_path, WORDS)
    found = SentenceEncoder(tmp_path).encode(["", "good \ud800", "day"])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-5)


def test_the_folder_of_an_export_is_found_too(tmp_path: Path) -> None:
    write_teacher(tmp_path, WORDS)
    (tmp_path / "onnx").mkdir()
    (tmp_path / "model.onnx").rename(tmp_path / "onnx" / "model.onnx")
    assert SentenceEncoder(tmp_path).size == SIZE


def test_the_digest_is_of_everything_that_matters(tmp_path: Path) -> None:
    write_teacher(tmp_path / "a", WORDS)
    write_teacher(tmp_path / "b", WORDS)
    write_teacher(tmp_path / "c", [*WORDS, "more"])
    digests = [SentenceEncoder(tmp_path / name).digest for name in "abc"]
    assert digests[0] == digests[1] != digests[2]
    (tmp_path / "b" / "1_Pooling").mkdir()
    (tmp_path / "b" / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert SentenceEncoder(tmp_path / "b").digest != digests[0]


def test_what_is_missing_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gone is not a folder"):
        check_teacher(tmp_path / "gone")
    with pytest.raises(ConfigError, match=r"has no model.onnx or onnx/model.onnx and no tokenizer.json\.$"):
        check_teacher(tmp_path)
    write_teacher(tmp_path, WORDS)
    check_teacher(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(ConfigError, match=r"has no tokenizer.json\.$"):
        check_teacher(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tokenizer.json", b"{}", r"tokenizer.json is not a tokenizer \(.+\)\.$"),
        ("tokenizer.json", b"\xff\x00", r"tokenizer.json is not a tokenizer \(.+\)\.$"),
        ("model.onnx", b"no network", r"model.onnx can't be opened as an ONNX network \(.+\)\.$"),
        ("model.onnx", b"", r"model.onnx can't be opened as an ONNX network \(.+\)\.$"),
    ],
)
def test_files_of_another_kind_are_refused(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    write_teacher(tmp_path, WORDS)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=message) as error:
        SentenceEncoder(tmp_path)
    assert "\n" not in str(error.value)


def test_networks_that_encode_no_texts_are_refused(tmp_path: Path) -> None:
    table = write_teacher(tmp_path, WORDS)
    (tmp_path / "model.onnx").write_bytes(onnx_network(table, inputs={"input_ids": INT64, "pixels": INT64}))
    with pytest.raises(ConfigError, match="has the inputs input_ids, pixels; expected the integers"):
        SentenceEncoder(tmp_path)
    nan = np.full_like(table, np.nan)
    (tmp_path / "model.onnx").write_bytes(onnx_network(nan, inputs={"input_ids": INT64}))
    with pytest.raises(ConfigError, match="values that are not finite"):
        SentenceEncoder(tmp_path)


def test_outputs_that_are_no_vectors_are_refused(tmp_path: Path) -> None:
    table = write_teacher(tmp_path, WORDS)
    (tmp_path / "model.onnx").write_bytes(echo_network())
    with pytest.raises(
        ConfigError, match=r"it has no usable output: echo tensor\(int64\) .*; expected floats \(texts,"
    ):
        SentenceEncoder(tmp_path)
    (tmp_path / "model.onnx").write_bytes(onnx_network(table[:, :0], inputs={"input_ids": INT64}))
    with pytest.raises(ConfigError, match=r"it has an output states of shape \(2, 6, 0\); expected \(texts, size\)"):
        SentenceEncoder(tmp_path)


def test_a_tokenizer_of_another_network_is_recognised(tmp_path: Path) -> None:
    write_teacher(tmp_path, WORDS)
    (tmp_path / "tokenizer.json").write_text(word_tokenizer(["[UNK]", *WORDS, "beyond"]))
    encoder = SentenceEncoder(tmp_path)
    with pytest.raises(ConfigError, match=r"fails on a text \(.+\); is tokenizer.json its own\?$") as error:
        encoder.encode(["day beyond"])
    assert "\n" not in str(error.value)


def test_a_missing_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_teacher(tmp_path, WORDS)
    monkeypatch.setattr("lstmcli.training.teacher.PACKAGES", ("onnxruntime", "not_installed_at_all"))
    with pytest.raises(ConfigError, match=r"needs not_installed_at_all; .*pip install 'lstmcli\[teacher\]'$"):
        check_teacher(tmp_path)
