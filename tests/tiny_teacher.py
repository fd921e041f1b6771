"""A sentence encoder of a few hundred bytes: a table of vectors in an ONNX file, and the tokenizer of its words.

The ONNX file is written field by field, as onnx.proto numbers them, so that tests need no package to make one.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

FLOAT, INT32, INT64 = 1, 6, 7
SIZE = 6


def _varint(number: int) -> bytes:
    parts = [number >> shift & 0x7F for shift in range(0, max(number.bit_length(), 1), 7)]
    return bytes([*(part | 0x80 for part in parts[:-1]), parts[-1]])


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _value(name: str, kind: int, shape: Sequence[str | int]) -> bytes:
    dims = b"".join(_field(1, _field(1, size) if isinstance(size, int) else _field(2, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, dims)))


def _node(operation: str, inputs: Sequence[str], output: str, attributes: bytes = b"") -> bytes:
    return b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(4, operation) + attributes


def onnx_network(table: np.ndarray, *, inputs: Mapping[str, int], pooled: str | None = None) -> bytes:
    """Return a network that looks up `input_ids` in `table`.

    Args:
        table: (tokens, size).
        inputs: names and types, used or not.
        pooled: name of an output with the mean over all positions, padding included, which is then the first of two.
    """
    size = table.shape[1]
    tensor = _field(1, len(table)) + _field(1, size) + _field(2, FLOAT) + _field(8, "table")
    tensor += _field(9, table.astype("<f4").tobytes())
    graph = _field(1, _node("Gather", ["table", "input_ids"], "states"))
    outputs = [_value("states", FLOAT, ["texts", "tokens", size])]
    if pooled is not None:
        axes = _field(1, "axes") + _field(8, 1) + _field(20, 7)
        keep = _field(1, "keepdims") + _field(3, 0) + _field(20, 2)
        graph += _field(1, _node("ReduceMean", ["states"], pooled, _field(5, axes) + _field(5, keep)))
        outputs = [_value(pooled, FLOAT, ["texts", size]), *outputs]
    return _model(graph + _field(5, tensor), inputs, outputs)


def echo_network() -> bytes:
    """Return a network that returns the token ids that it is given."""
    graph = _field(1, _node("Identity", ["input_ids"], "echo"))
    return _model(graph, {"input_ids": INT64}, [_value("echo", INT64, ["texts", "tokens"])])


def _model(graph: bytes, inputs: Mapping[str, int], outputs: Sequence[bytes]) -> bytes:
    graph += _field(2, "tiny")
    graph += b"".join(_field(11, _value(name, kind, ["texts", "tokens"])) for name, kind in inputs.items())
    graph += b"".join(_field(12, output) for output in outputs)
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))


def word_tokenizer(words: Sequence[str]) -> str:
    """Return a tokenizer.json of lower-case words; others become the first of `words`."""
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [],
            "normalizer": {"type": "Lowercase"},
            "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": None,
            "decoder": None,
            "model": {
                "type": "WordLevel",
                "vocab": {word: number for number, word in enumerate(words)},
                "unk_token": words[0],
            },
        }
    )


def write_teacher(folder: Path, words: Sequence[str], *, pooled: str | None = None, **inputs: int) -> np.ndarray:
    """Write a teacher that knows `words`, and return its table, (words, SIZE), the unknown word first."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["[UNK]", *words]
    table = np.random.default_rng(5).normal(size=(len(words), SIZE)).astype(np.float32) + 0.5
    inputs = inputs or {"input_ids": INT64, "attention_mask": INT64}
    (folder / "model.onnx").write_bytes(onnx_network(table, inputs=inputs, pooled=pooled))
    (folder / "tokenizer.json").write_text(word_tokenizer(words), encoding="utf-8")
    return table
