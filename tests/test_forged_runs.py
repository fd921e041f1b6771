"""Runs whose checksums are right and whose content is not what any training writes: the file is named in one line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lstmcli.data.sealed import seal
from tests.conftest import invoke

Values = dict[str, Any]
Change = Callable[[Values], object]


def forged(run_directory: Path, place: Path, name: str, change: Callable[[Path], object]) -> Path:
    """Return a copy of a run in which a file is changed and sealed again."""
    run = Path(shutil.copytree(run_directory, place / "run"))
    path = run / name
    change(path)
    (path.parent / "checksums.json").unlink()
    seal(path.parent)
    return run


def json_change(change: Change) -> Callable[[Path], object]:
    def changed(path: Path) -> None:
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")

    return changed


def set_to(value: Any, *keys: str) -> Change:
    def change(content: Values) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


def assert_refused(result: Any, path: Path) -> None:
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].startswith(f"error: {path}: is damaged"), result.stderr
    assert result.stderr.count("error: ") == 1


MODEL = {
    "label_kind": set_to("many", "label_kind"),
    "at_least_one": set_to(1, "at_least_one"),
    "members": set_to(0, "members"),
    "members that are true": set_to(True, "members"),
    "labels that are no list": set_to("abc", "labels"),
    "no labels": set_to([], "labels"),
    "a label that is a number": set_to(["anger", "joy", 3], "labels"),
    "a blank label": set_to(["anger", "joy", " "], "labels"),
    "a label twice": set_to(["anger", "joy", "joy"], "labels"),
    "a label with an escape": set_to(["anger", "joy", "\x1b[31m"], "labels"),
    "a label of half a pair": set_to(["anger", "joy", "\ud800"], "labels"),
    "a threshold that is text": set_to(["0", 0.0, 0.0], "thresholds"),
    "a format": set_to("xlsx", "columns", "format"),
    "an encoding": set_to(5, "columns", "encoding"),
    "columns that are no list": set_to("joy", "columns", "labels"),
    "a column that is a number": set_to([1], "columns", "labels"),
    "a text column of half a pair": set_to("\udc00", "columns", "text"),
    "a separator": set_to("", "columns", "label_separator"),
    "sizes that are no list": set_to(3, "ngrams", "sizes"),
    "sizes of three": set_to([3, 4, 5], "ngrams", "sizes"),
    "sizes that are not whole": set_to([3.0, 7], "ngrams", "sizes"),
    "reversed sizes": set_to([7, 3], "ngrams", "sizes"),
    "huge sizes": set_to([3, 10**9], "ngrams", "sizes"),
    "unknown pairs": set_to(9, "ngrams", "pairs"),
    "pairs that are no number": set_to("2", "ngrams", "pairs"),
    "pairs that are a yes": set_to(True, "ngrams", "pairs"),
    "pairs that are a list": set_to([2], "ngrams", "pairs"),
    "a share above 1": set_to(1.5, "ngrams", "share"),
    "intercepts of other labels": set_to([0.0], "ngrams", "intercepts"),
}


@pytest.mark.parametrize("change", MODEL.values(), ids=MODEL)
def test_a_forged_description_is_refused(run_directory: Path, tmp_path: Path, folder: Path, change: Change) -> None:
    run = forged(run_directory, tmp_path, "model/model.json", json_change(change))
    path = run / "model" / "model.json"
    assert_refused(invoke("predict", run, folder / "in.txt"), path)
    verified = invoke("verify", run)
    assert (verified.exit_code, str(path) in verified.output) == (1, True)


BASELINES = {
    "kind": ("rule.json", set_to("traits", "kind")),
    "at_least_one": ("rule.json", set_to(None, "at_least_one")),
    "temperature": ("rule.json", set_to(0.0, "temperature")),
    "thresholds": ("rule.json", set_to([0.0], "thresholds")),
    "kind of n-grams": ("ngrams.json", set_to("traits", "kind")),
    "temperature of n-grams": ("ngrams.json", set_to(0.0, "temperature")),
    "thresholds of n-grams": ("ngrams.json", set_to([0.0], "thresholds")),
    "shares": ("majority.json", set_to([0.5], "shares")),
    "shares above 1": ("majority.json", set_to([2.0, 0.0, 0.0], "shares")),
}


@pytest.mark.parametrize(("name", "change"), BASELINES.values(), ids=BASELINES)
def test_forged_baselines_are_refused(
    run_directory: Path, corpus: Path, tmp_path: Path, name: str, change: Change
) -> None:
    run = forged(run_directory, tmp_path, f"baselines/{name}", json_change(change))
    assert_refused(invoke("evaluate", run, corpus / "test.csv"), run / "baselines" / name)


TERMS = {
    "not UTF-8": lambda content: content[:-2] + b"\xff\n",
    "a term twice": lambda content: content.splitlines(keepends=True)[1] + content[content.index(b"\n") + 1 :],
    "a term less": lambda content: content[content.index(b"\n") + 1 :],
}


@pytest.mark.parametrize("change", TERMS.values(), ids=TERMS)
def test_forged_terms_are_refused(
    run_directory: Path, corpus: Path, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    run = forged(
        run_directory, tmp_path, "baselines/terms.txt", lambda path: path.write_bytes(change(path.read_bytes()))
    )
    assert_refused(invoke("evaluate", run, corpus / "test.csv"), run / "baselines" / "terms.txt")


def test_weights_of_other_shapes_are_refused(run_directory: Path, corpus: Path, tmp_path: Path) -> None:
    def change(path: Path) -> None:
        weights = load_file(path)
        save_file(weights | {"intercepts": np.zeros(7)}, path)

    run = forged(run_directory, tmp_path, "baselines/weights.safetensors", change)
    assert_refused(invoke("evaluate", run, corpus / "test.csv"), run / "baselines" / "weights.safetensors")
