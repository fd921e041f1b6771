"""The scripts behind docs/accuracy.md, on a tiny corpus."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import runner, tables
from experiments.negation import read_test, shares_right
from tests.conftest import FAST, PROJECT, feeling_rows, write_csv


@pytest.fixture
def corpora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the corpus "tiny", and entries for it."""
    folder = tmp_path / "corpora" / "tiny"
    folder.mkdir(parents=True)
    for name, offset in (("train", 0), ("validation", 100), ("test", 200)):
        write_csv(folder / f"{name}.csv", ["text", "label"], feeling_rows(8, offset=offset))
    (tmp_path / "corpora.yaml").write_text("tiny: {settings: []}\n")
    settings = ", ".join(setting for setting in FAST if "epochs" not in setting)
    (tmp_path / "variants.yaml").write_text(
        f"default: {{settings: [{settings}, training.epochs=2]}}\n"
        f"student: {{settings: [{settings}, training.epochs=1, data.soft_labels=0.5], teacher: default}}\n"
    )
    monkeypatch.setattr(runner, "HERE", tmp_path)
    for module in (runner, tables):
        monkeypatch.setattr(module, "RESULTS", tmp_path / "results" / "results.csv")
    return tmp_path / "corpora"


def test_results_are_noted_once_and_tabulated(corpora: Path, tmp_path: Path) -> None:
    for seed in (1, 2, 1):
        runner.run(runner.Job("tiny", "default", seed, 40, corpora, tmp_path / "runs"))
    with (tmp_path / "results" / "results.csv").open(encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    keys = {tuple(line[key] for key in ("variant", "seed", "part", "system", "score")) for line in lines}
    assert len(keys) == len(lines)
    assert {line["seed"] for line in lines} == {"1", "2"}
    assert {line["part"] for line in lines} == {"validation", "test"}
    shown = tables.table("tiny", "40", "macro_f1", "test").splitlines()
    own = next(line for line in shown if line.startswith("| default"))
    wanted = ("test", "macro_f1", "this model")
    values = [float(line["value"]) for line in lines if (line["part"], line["score"], line["system"]) == wanted]
    assert own.split("|")[3].strip() == ", ".join(f"{value:.4f}" for value in values)
    assert own.split("|")[2].strip().startswith(f"{sum(values) / 2:.4f} ± ")
    assert any(line.startswith("| TF-IDF") for line in shown)


def test_a_student_is_taught_by_its_teacher(corpora: Path, tmp_path: Path) -> None:
    runner.run(runner.Job("tiny", "student", 1, None, corpora, tmp_path / "runs"))
    header = (tmp_path / "runs" / "tiny-all" / "taught-1.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "text,label,prediction,score,probability_anger,probability_joy,probability_sadness"


def test_an_unknown_variant_is_named() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "experiments", "run", "emotion", "defualt"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert (result.returncode, "no entry 'defualt' in variants.yaml" in result.stderr) == (1, True)


def test_an_answer_to_the_negation_test_is_right_if_it_is_among_the_accepted_ones() -> None:
    rows = [
        {"text": "a", "kind": "contrast", "label": "joy|love"},
        {"text": "b", "kind": "negated-joy", "label": "sadness"},
        {"text": "c", "kind": "contrast", "label": "joy"},
    ]
    counts = shares_right(rows, ["love", "joy", "joy"])
    assert counts == {"contrast": (2, 2), "negated-joy": (0, 1), "all": (2, 3)}
    assert list(counts)[-1] == "all"
    assert sum(total for _, total in shares_right(read_test(), ["joy"] * len(read_test())).values()) == 2 * 287
