"""Changes to a run by which its JSON, tables and tensors hold what no honest run has."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from tests.faults.runs import Material

HUGE_TEXT = "x" * 1_000_000

# What replaces a value; a text stands for itself, and RAW for JSON that Python would not write.
ABSURD: list[Any] = [
    1e9, 10**9, -1, 0, 1.5, True, "1", "", None, [], {}, [[]], 1e308, 1e-320, "\ud800", "\x1b[2J\r\n",
    HUGE_TEXT, "../../etc",
]  # fmt: skip
RAW = ["NaN", "-Infinity", "1e400", "1" * 5_000, "[" * 100_000, '{"a":' * 50_000, '"\\ud800"', "tru", "1 2"]
PLACEHOLDER = "@raw@"

SEALED_JSON = [
    "model/model.json",
    "model/first_network.json",
    "baselines/rule.json",
    "baselines/majority.json",
    "baselines/ngrams.json",
    "model/checksums.json",
    "pretraining/language_model/language_model.json",
    "checkpoints/last/progress.json",
    "metrics.json",
]

TENSORS = [
    "model/weights.safetensors",
    "model/first_network.safetensors",
    "baselines/weights.safetensors",
    "checkpoints/last/state.safetensors",
]

Change = Callable[[Path], None]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of each value in parsed JSON, of long lists only the first two."""
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from _paths(inner, (*path, key))


def _changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _changed(value[path[0]], path[1:], new)
    return copy


def json_changes(material: Material) -> Iterator[tuple[str, Change]]:
    for name in SEALED_JSON:
        stored = json.loads((material.run / name).read_bytes())
        for path in _paths(stored):
            title = f"{name} {'.'.join(map(str, path)) or 'as a whole'}"
            for new in ABSURD:
                yield f"{title} = {new!r:.20}", partial(_write_value, name=name, path=path, new=new)
            for raw in RAW:
                yield f"{title} = {raw:.20}", partial(_write_value, name=name, path=path, new=PLACEHOLDER, raw=raw)
            if path:
                yield f"{title} missing", partial(write, name=name, content=json.dumps(_without(stored, path)))
        labels = stored.get("labels")
        if labels:
            for odd in (labels[:1] * 3, labels[::-1], labels[:-1], [*labels, "more"], [" ", *labels[1:]], ["\0"] * 3):
                yield f"{name} labels {odd}", partial(write, name=name, content=json.dumps(stored | {"labels": odd}))


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    copy = value.copy()
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _without(value[path[0]], path[1:])
    return copy


def _write_value(run: Path, *, name: str, path: tuple[Any, ...], new: Any, raw: str = "") -> None:
    content = json.dumps(_changed(json.loads((run / name).read_bytes()), path, new))
    write(run, name=name, content=content.replace(f'"{PLACEHOLDER}"', raw))


def write(run: Path, *, name: str, content: str | bytes) -> None:
    data = content.encode(errors="surrogatepass") if isinstance(content, str) else content
    (run / name).write_bytes(data)


def array_changes(material: Material) -> Iterator[tuple[str, Change]]:
    for name in ("model/embedding.npy", "model/ngrams.npy", "model/vocabulary.npy"):
        table = np.load(material.run / name)
        odd: dict[str, Any] = {
            "transposed": table.T,
            "Fortran order": np.asfortranarray(np.stack([table, table], axis=-1)),
            "0-d": table.reshape(-1)[0],
            "empty": table[:0],
            "half": table[: len(table) // 2],
            "twice": np.concatenate([table, table]),
            "float64": table.astype(np.float64),
            "int8": table.astype(np.int8),
            "big-endian": table.astype(table.dtype.newbyteorder(">")),
            "objects": np.array([{"a": 1}], dtype=object),
            "text": np.array(["a"] * 3),
            "structured": np.zeros(3, dtype=[("a", "f2")]),
            "5-d": table.reshape(1, 1, 1, 1, -1),
            "reversed": table[::-1].copy(),
            "zeros": np.zeros_like(table),
            "ones": np.ones_like(table),
            "all bits": np.frombuffer(b"\xff" * table.nbytes, table.dtype).reshape(table.shape),
            "rotated": np.roll(table, 1),
            "same everywhere": np.full_like(table, table.reshape(-1)[5]),
        }
        if table.dtype == np.float16:
            odd |= {str(value): _first_set(table, value) for value in (np.nan, np.inf, -np.inf)}
        for title, array in odd.items():
            yield f"{name} {title}", partial(_save_array, name=name, array=array)
        for title, header in _npy_headers(table):
            yield f"{name} {title}", partial(write, name=name, content=header + table.tobytes())


def _first_set(table: Any, value: float) -> Any:
    copy = table.copy()
    copy.reshape(-1)[:] = value
    return copy


def _save_array(run: Path, *, name: str, array: Any) -> None:
    with (run / name).open("wb") as stream:
        np.lib.format.write_array(stream, np.asanyarray(array))


def _npy_headers(table: Any) -> Iterator[tuple[str, bytes]]:
    descr, shape = np.lib.format.dtype_to_descr(table.dtype), table.shape
    for said in (
        f"{{'descr': '{descr}', 'fortran_order': True, 'shape': {shape}}}",
        f"{{'descr': '{descr}', 'fortran_order': False, 'shape': (-1, {shape[-1]})}}",
        f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({10**15}, {10**15})}}",
        f"{{'descr': '|O', 'fortran_order': False, 'shape': {shape}}}",
        "{'descr': '" + "(" * 50 + "', 'fortran_order': False, 'shape': ()}",
        "(" * 5_000,
        "-" * 5_000 + "1",
        "__import__('os').system('touch /tmp/owned')",
        "",
    ):
        data = said.encode()
        yield f"header {said:.40}", b"\x93NUMPY\x01\x00" + len(data).to_bytes(2, "little") + data
        yield f"header 2 {said:.40}", b"\x93NUMPY\x02\x00" + (1 << 31).to_bytes(4, "little") + data


def tensor_changes(material: Material) -> Iterator[tuple[str, Change]]:
    for name in TENSORS:
        tensors = load_file(material.run / name)
        for key in list(tensors)[:4]:
            value = tensors[key]
            odd = {
                "missing": None,
                "NaN": np.full_like(value, np.nan) if value.dtype.kind == "f" else value,
                "inf": np.full_like(value, np.inf) if value.dtype.kind == "f" else value,
                "int64": value.astype(np.int64),
                "uint8": value.astype(np.uint8),
                "float16": value.astype(np.float16),
                "float64": value.astype(np.float64),
                "empty": value[:0] if value.ndim else value,
                "one more axis": value[None],
                "transposed": value.T if value.ndim > 1 else np.stack([value, value]),
            }
            for title, array in odd.items():
                rest = {other: each for other, each in tensors.items() if other != key}
                new = rest if array is None else rest | {key: np.ascontiguousarray(array)}
                yield f"{name} {key} {title}", partial(_save_tensors, name=name, tensors=new)
        content = (material.run / name).read_bytes()
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size])
        first = next(key for key in header if key != "__metadata__")
        for title, value in {
            "offsets overlap": {**header, first: {**header[first], "data_offsets": [0, 8]}},
            "offsets outside": {**header, first: {**header[first], "data_offsets": [0, 10**15]}},
            "shape huge": {**header, first: {**header[first], "shape": [2**40, 2**40]}},
            "shape negative": {**header, first: {**header[first], "shape": [-1]}},
            "dtype F8_E4M3": {**header, first: {**header[first], "dtype": "F8_E4M3"}},
            "no dtype": {**header, first: {}},
        }.items():
            data = json.dumps(value).encode()
            new_content = len(data).to_bytes(8, "little") + data + content[8 + size :]
            yield f"{name} {title}", partial(write, name=name, content=new_content)
        for title, data in {
            "header of 2^63": (2**63).to_bytes(8, "little") + content[8:],
            "header of 1 MB": (10**6).to_bytes(8, "little") + b"[" * 10**6,
            "only a size": content[:8],
        }.items():
            yield f"{name} {title}", partial(write, name=name, content=data)


def _save_tensors(run: Path, *, name: str, tensors: dict[str, Any]) -> None:
    save_file(tensors, run / name)
