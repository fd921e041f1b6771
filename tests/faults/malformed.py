"""Malformed inputs: any exit code that is documented, no traceback, and a row of output for each record of the input.

Inputs are seeds that are mutated, or drawn from pieces that are special to some format. Records are counted by parsers
of our own, for the formats in which a record is well defined.
"""

import gzip
import json
import random
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.attack import Attack, Outcome, Result, Verdict, forked, result
from tests.faults.records import count_csv, count_json_lines, count_lines
from tests.faults.runs import Material

MAX_SECONDS = 5.0
MAX_MEGABYTES = 500.0

SEEDS: dict[str, list[bytes]] = {
    "text": [
        b"i feel glad\nso lonely\n",
        b"one\r\ntwo\rthree",
        b"\xef\xbb\xbfglad\n\n\nsad\n",
        b"a\x00b\n\x0c\x1c\x85\n",
    ],
    "csv": [
        b"text,id\ni feel glad,1\nso lonely,2\n",
        b'text,id\r\n"a ""quoted"" text",1\r\n"two\nlines",2\r\n',
        b"id,text\n1,a,b\n2\n3,c\n",
        b"\xef\xbb\xbfsep=;\ntext;id\nglad;1\n",
    ],
    "tsv": [b"text\tid\ni feel glad\t1\nso lonely\t2\n", b'text\tid\n"a\tb"\t1\n'],
    "jsonl": [
        b'{"text": "i feel glad", "id": 1}\n{"text": "so lonely", "id": [1, {"a": null}]}\n',
        b'{"text": "\\ud83d", "n": 1e400}\n\n{"text": null}\n{"id": 2}\n[1]\n',
        b'{"text": 12345678901234567890.123, "text": "twice"}\n{"text": "x", "prediction": 1}\n',
    ],
    "yaml": [
        b"training:\n  epochs: 2\ndata: {text: text}\n",
        b"a: &a [*a]\n",
        b"model: {cell: lstm, hidden_size: 1}\n",
    ],
    "vectors": [b"2 3\nglad 1 2 3\nsad 1 2 3\n", b"glad 1.0 2.0\nsad 0.5 nan\n", b"</s> 0 0\n1 2 3\n"],
    "parquet": [],
}

PIECES = [
    b"",
    b"\n",
    b"\r",
    b"\r\n",
    b'"',
    b'""',
    b"'",
    b",",
    b";",
    b"\t",
    b"|",
    b"\\",
    b"\0",
    b"\xff",
    b"\xfe\xff",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xe2\x80\xa8",
    b"\xc2\x85",
    b"\x1a",
    b"\x1b[2J",
    b"=1+1",
    b"NaN",
    b"null",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"- ",
    b"&a ",
    b"*a",
    b"!!python/name:os.system ",
    b"text",
    b"label",
    b"prediction",
    b"id",
    b"joy",
    b"error",
    b"1e400",
    b"-1",
    b"9" * 400,
    b"a" * 5_000,
    b"[" * 2_000,
    b'{"text":' * 500,
    "😂e\u0301ẞİ\u202e".encode(),
    b"\x1f\x8b\x08",
    b"PAR1",
]


def parquet_seed() -> bytes:
    import io

    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({"text": ["glad", None, "sad"], "id": [1, 2, 3], "tags": [["a"], [], None]})
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer)
    return buffer.getvalue()


def mutated(content: bytes, draw: random.Random) -> bytes:
    """Return `content` after up to eight changes."""
    data = bytearray(content)
    for _ in range(draw.randint(0, 8)):
        start = draw.randint(0, len(data))
        end = min(len(data), start + draw.choice([0, 1, 1, 2, 5, 20]))
        change = draw.randrange(4)
        if change == 0:
            data[start:end] = draw.choice(PIECES)
        elif change == 1:
            data[start:end] = draw.randbytes(draw.randint(0, 4))
        elif change == 2:
            data[start:start] = data[draw.randint(0, len(data)) :][:50]
        elif data:
            data[min(start, len(data) - 1)] ^= 1 << draw.randrange(8)
    return bytes(data)


COUNTS: dict[str, Callable[[bytes], int | None]] = {
    "text": count_lines,
    "jsonl": count_json_lines,
    "csv": count_csv,
    "tsv": partial(count_csv, delimiter="\t"),
}

EXTENSIONS = {"text": ".txt", "yaml": ".yaml", "vectors": ".vec"}


def attacks(material: Material, count: int, seed: int) -> Iterator[Attack]:
    """Yield mutated inputs; most are predicted, since nothing reads more kinds of files."""
    SEEDS["parquet"] = SEEDS["parquet"] or [parquet_seed()]
    kinds = ["text", "csv", "jsonl", "tsv", "csv", "jsonl", "parquet", "yaml", "vectors", "gz"]
    for number in range(count):
        yield Attack(
            f"input {seed}.{number}", partial(_attack, material, kinds[number % len(kinds)], f"{seed} {number}")
        )


def _attack(material: Material, kind: str, seed: str, folder: Path) -> list[Result]:
    draw = random.Random(seed)
    inner = draw.choice(["text", "csv", "jsonl"]) if kind == "gz" else kind
    content = mutated(draw.choice(SEEDS[inner]), draw)
    path = folder / f"in{EXTENSIONS.get(inner, f'.{inner}')}"
    if kind == "gz":
        path = path.with_name(path.name + ".gz")
        data = gzip.compress(content, mtime=0)
        path.write_bytes(data if draw.random() < 0.5 else mutated(data, draw))
    else:
        path.write_bytes(content)
    command = _command(material, kind, path, draw)
    outcome = forked(*command)
    name = f"{' '.join(map(str, command[:1]))} {path.name} {content[:200]!r}"
    counted = COUNTS.get(kind, lambda _: None)(content) if command[0] == "predict" and "skip" not in command else None
    return [_judge(name, outcome, content, counted, "jsonl" in command)]


def _command(material: Material, kind: str, path: Path, draw: random.Random) -> list[Any]:
    if kind == "yaml":
        return [*material.train(), "--config", path, "--run-dir", path.parent / "r"]
    if kind == "vectors":
        own = ("pretraining.own_texts=false", "training.epochs=1", "evaluation.baselines=false", "embedding.size=null")
        return [*material.train(*own, f"embedding.vectors={path}"), "--run-dir", path.parent / "r"]
    chosen = draw.random()
    if chosen < 0.1:
        return ["evaluate", material.run, path]
    if chosen < 0.15:
        return [*material.train(f"data.train={path}"), "--run-dir", path.parent / "r"]
    options = draw.choice(
        [[], ["-p"], ["--on-error", "skip"], ["--on-error", "stop"], ["-k", "2"], ["--threshold", ".5"]]
    )
    # What JSON Lines write is counted line by line; CSV may hold line breaks.
    return ["predict", material.run, path, *options, "--output-format", "jsonl", "--quiet"]


def _judge(name: str, outcome: Outcome, content: bytes, counted: int | None, is_json: bool) -> Result:
    code = outcome.exit_code
    if code is None or code == -signal.SIGXCPU:
        return result(name, Verdict.HANG, outcome)
    if outcome.cpu_seconds > MAX_SECONDS or outcome.megabytes > MAX_MEGABYTES:
        return result(name, Verdict.HANG, outcome, f"{outcome.cpu_seconds:.1f} s, {outcome.megabytes:.0f} MB")
    if "Traceback" in outcome.stderr or code < 0:
        return result(name, Verdict.TRACEBACK, outcome)
    if code in (1, 2):
        is_silent = not outcome.stderr.strip()
        return result(name, Verdict.OTHER if is_silent else Verdict.REFUSED, outcome, "fails without a word")
    if code not in (0, 3):
        return result(name, Verdict.OTHER, outcome, f"exit code {code}")
    # What Python writes for numbers that JSON lacks is written back as it was read.
    constants: Callable[[str], object] = str if b"NaN" in content or b"Infinity" in content else int
    return _judge_rows(name, outcome, counted, constants) if is_json else result(name, Verdict.UNAFFECTED, outcome)


def _judge_rows(name: str, outcome: Outcome, counted: int | None, constants: Callable[[str], object]) -> Result:
    rows = outcome.stdout.split(b"\n")[:-1]
    try:
        for row in rows:
            json.loads(row, parse_constant=constants)  # int refuses NaN
    except ValueError as error:
        return result(name, Verdict.OTHER, outcome, f"an answer is no JSON: {error}")
    if counted is not None and len(rows) != counted:
        return result(name, Verdict.CHANGED, outcome, f"{len(rows)} rows for {counted} records")
    return result(name, Verdict.UNAFFECTED, outcome)
