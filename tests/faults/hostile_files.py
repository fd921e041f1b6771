"""Changes to a run by which its texts, config and kinds of files become what no honest run has."""

import os
import socket
import stat
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.faults.hostile_values import SEALED_JSON, TENSORS, Change, write
from tests.faults.runs import Material

TEXT_FILES = ["model/vocabulary.txt", "pretraining/language_model/vocabulary.txt", "baselines/terms.txt"]

SPECIAL_PLACES = [
    *TEXT_FILES, *SEALED_JSON, *TENSORS, "model/embedding.npy", "model/ngrams.npy", "model/vocabulary.npy",
    "config.yaml", "model", "baselines", "pretraining", "checkpoints", "checkpoints/last", "checkpoints/best",
    "history.jsonl",
]  # fmt: skip


FOLD_PLACES = [
    "folds.json", "folds", "folds/1", "folds/2", "folds/2/model", "folds/1/config.yaml", "folds/2/checkpoints",
    "folds/1/baselines", "folds/2/metrics.json",
]  # fmt: skip


def text_changes(material: Material) -> Iterator[tuple[str, Change]]:
    for name in TEXT_FILES:
        content = (material.run / name).read_bytes()
        words = content.splitlines(keepends=True)
        for title, data in {
            "reversed": b"".join(words[::-1]),
            "a word twice": b"".join([words[0], *words[:-1]]),
            "one word less": b"".join(words[:-1]),
            "one more": content + b"more\n",
            "no last line break": content.rstrip(b"\n"),
            "not UTF-8": content[:-2] + b"\xff\n",
            "NUL": b"\0" * len(content),
            "one line": content.replace(b"\n", b"x"),
            "empty lines": b"\n" * len(words),
            "CRLF": content.replace(b"\n", b"\r\n"),
            "empty": b"",
        }.items():
            yield f"{name} {title}", partial(write, name=name, content=data)
    aliases = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (97 + n, 97 + n, b",".join([b"*%c" % (96 + n)] * 9)) for n in range(1, 9)
    )
    config = (material.run / "config.yaml").read_bytes().partition(b"\n")[2]
    mark = b"# The resolved config of this lstmcli run.\n"
    for title, data in {
        "alias bomb": aliases,
        "alias bomb in data.train": aliases + b"data: {train: *i}\n",
        "many keys": b"".join(b"k%d: 1\n" % n for n in range(50_000)),
        "deep": b"[" * 20_000,
        "bootstrap_samples": config.replace(b"bootstrap_samples: 100", b"bootstrap_samples: 1000000000"),
        "hidden_size": config.replace(b"hidden_size: 4", b"hidden_size: 1000000000"),
        "date": config.replace(b"seed: 1", b"seed: 2024-13-45"),
        "int": config.replace(b"seed: 1", b"seed: !!int abc"),
        "python": config.replace(b"seed: 1", b"seed: !!python/object/apply:os.system [true]"),
    }.items():
        yield f"config.yaml {title}", partial(write, name="config.yaml", content=mark + data)


def fold_changes(material: Material) -> Iterator[tuple[str, Change]]:
    yield from special_changes(FOLD_PLACES)
    content = (material.folds / "folds.json").read_bytes()
    for title, data in {
        "one fold more": content.replace(b'"folds": 2', b'"folds": 3'),
        "other folds": content[:-4] + b'0"}\n',
        "not UTF-8": content[:-4] + b'\xff"}\n',
        "deep": b"[" * 20_000,
        "large": content * 200_000,
        "no line break": content.rstrip(b"\n"),
        "CRLF": content.replace(b"\n", b"\r\n"),
        "NUL": b"\0" * len(content),
        "empty": b"",
    }.items():
        yield f"folds.json {title}", partial(write, name="folds.json", content=data)


def special_changes(places: Sequence[str]) -> Iterator[tuple[str, Change]]:
    for name in places:
        for kind in ("fifo", "socket", "device", "folder", "link out", "link to itself", "sparse"):
            yield f"{name} is a {kind}", partial(_replace, name=name, kind=kind)


def _replace(run: Path, *, name: str, kind: str) -> None:
    path, outside = run / name, run.parent / "outside"
    was_folder = path.is_dir()
    path.rename(outside)
    if kind == "sparse" and not was_folder:
        with path.open("wb") as stream:
            stream.truncate(1 << 40)
    else:
        MAKE[kind](path, outside)


def _socket(path: Path, _outside: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    os.chdir(path.parent)  # the path may be too long
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.fchdir(here)
    os.close(here)


def _device(path: Path, _outside: Path) -> None:
    """Make a device of our own: a command that runs as root could replace the machine's through a link."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except OSError:  # takes root
        os.mkfifo(path)


MAKE: dict[str, Callable[[Path, Path], None]] = {
    "fifo": lambda path, _: os.mkfifo(path),
    "socket": _socket,
    "device": _device,
    "folder": lambda path, _: path.mkdir(),
    "link out": lambda path, outside: path.symlink_to(outside),
    "link to itself": lambda path, _: path.symlink_to(path.name),
    "sparse": lambda path, _: path.touch(),
}
