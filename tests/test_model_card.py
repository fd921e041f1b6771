"""The model card: what it says, from the same figures as the reports, and that it is part of the model."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lstmcli.config.model_settings import DataSettings, LabelKind
from lstmcli.config.settings import EvaluationSettings
from lstmcli.data.sealed import SealedFolder
from lstmcli.metrics.evaluation import Evaluation, System, evaluate
from lstmcli.reports.model_card import ModelCard, to_model_card
from lstmcli.store.model import write_card
from tests.conftest import invoke

SECTIONS = ["Intended use", "What it predicts", "Data", "Figures", "Limits", "How to use it"]


def headings(card: str) -> list[str]:
    return [line.removeprefix("## ") for line in card.splitlines() if line.startswith("## ")]


def test_a_training_writes_the_card_of_its_model(run_directory: Path, corpus: Path) -> None:
    card = (run_directory / "model" / "README.md").read_text(encoding="utf-8")
    assert headings(card) == SECTIONS
    assert card.startswith("# A text classifier with 3 labels\n")
    assert "exactly one of anger, joy and sadness" in card
    assert "Trained on 120 rows of train.csv." in card
    assert str(corpus) not in card.replace("\\", "")
    metrics = json.loads((run_directory / "metrics.json").read_text())
    for evaluation in metrics["evaluations"].values():
        for system, scores in evaluation["scores"].items():
            value = "{value:.3f} [{low:.3f}, {high:.3f}]".format(**scores["macro_f1"])
            assert [line for line in card.splitlines() if line.startswith(f"| {system} |") and value in line]
    assert "were chosen on the rows of validation.csv, so" in card
    assert str(run_directory) not in card


def test_the_card_is_sealed_and_a_changed_one_is_named_by_verify(run_directory: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(run_directory, tmp_path / "run"))
    assert "README.md" in SealedFolder(run / "model").names
    assert invoke("verify", run).exit_code == 0
    (run / "model" / "README.md").write_text("better than all others\n")
    result = invoke("verify", run)
    assert result.exit_code == 1
    assert "README.md" in result.stdout + result.stderr
    before, after = (invoke("predict", each, "-", "--format", "text") for each in (run_directory, run))
    assert (before.exit_code, after.exit_code) == (0, 0)  # it is for people


def test_adding_a_card_leaves_the_other_checksums_as_they_are(run_directory: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(run_directory / "model", tmp_path / "model"))
    before = SealedFolder(model).sums
    write_card(model, (run_directory / "model" / "README.md").read_text(encoding="utf-8"))
    assert {name: sums for name, sums in SealedFolder(model).sums.items() if name != "README.md"} == {
        name: sums for name, sums in before.items() if name != "README.md"
    }


def test_a_new_card_replaces_the_checksum_of_the_old_one(run_directory: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(run_directory / "model", tmp_path / "model"))
    write_card(model, "another\n")
    SealedFolder(model).check("README.md")


def evaluation(kind: LabelKind, names: tuple[str, ...]) -> Evaluation:
    """Label 0 is found in all of 30 rows, label 1 in none of 30, label 2 in its only row; label 3 is absent."""
    actual = np.zeros((61, len(names)), dtype=bool)
    actual[:30, 0], actual[30:60, 1], actual[60, 2] = True, True, True
    picked = actual.copy()
    picked[30:60] = [True, *[False] * (len(names) - 1)]
    systems = [System("this model", picked, np.where(picked, 0.9, 0.1 / (len(names) - 1)))]
    found = evaluate("test.csv", systems, actual, names, kind, EvaluationSettings(bootstrap_samples=20))
    return replace(found, is_tuned_on=True)


def card_of(kind: LabelKind, names: tuple[str, ...] = ("a", "b", "c", "d")) -> str:
    columns = DataSettings(train="train.csv", text="words")
    return to_model_card(ModelCard("an LSTM", columns, 1234, True, [evaluation(kind, names)], "lstmcli 0"))


def test_weak_and_untested_labels_are_named_with_the_reason() -> None:
    card = card_of("single")
    (weak,) = (line for line in card.splitlines() if line.startswith("- **Weak labels**"))
    assert weak.endswith("or fewer than 20 rows: b (F1 0.00, 30 rows), c (F1 1.00, 1 row).")
    assert "- **Labels that were never tested**, since no row has them: d." in card
    assert "pretrained on English" in card
    assert 'in the column "words"' in card


@pytest.mark.parametrize(
    ("kind", "words"),
    [("multi", "any number of a, b, c and d, perhaps none"), ("traits", "yes or no to each of a, b, c and d")],
)
def test_it_says_what_an_answer_is(kind: LabelKind, words: str) -> None:
    assert words in card_of(kind)


def test_names_can_t_break_out_of_the_text() -> None:
    card = card_of("single", ("a|b", "<script>", "[x](http://y.z)", "## d\n"))
    assert headings(card) == SECTIONS
    assert "<script>" not in card
    assert re.search(r"(?<!\\)\]\(", card) is None
    rows = [line for line in card.splitlines() if line.startswith("| a")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 3 for row in rows[:1])
