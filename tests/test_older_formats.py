"""Runs that older releases wrote are read as they were: tests/fixtures/README.md."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import PROJECT, invoke, set_options

FIXTURES = PROJECT / "tests" / "fixtures"

# The first release computed in float64, so the seventh digit may be rounded otherwise.
LARGEST_DIFFERENCE = {"model-v1": 2e-7, "model-v2": 0.0, "model-v3": 0.0, "model-v4": 0.0}
SEALED = {"model-v4"}


def rows_of(table: str) -> tuple[list[str], np.ndarray]:
    rows = list(csv.reader(table.splitlines(), delimiter="\t"))
    return [row[0] for row in rows], np.array([row[1:] for row in rows], dtype=np.float64)


@pytest.mark.parametrize("name", LARGEST_DIFFERENCE)
def test_a_model_of_an_older_release_predicts_what_it_did(name: str) -> None:
    result = invoke("predict", FIXTURES / name, FIXTURES / "texts.txt", "--probabilities")
    assert result.exit_code == 0, result.stderr
    labels, numbers = rows_of(result.stdout)
    expected_labels, expected = rows_of((FIXTURES / name / "predictions.tsv").read_text(encoding="utf-8"))
    assert labels == expected_labels
    assert np.abs(numbers - expected).max() <= LARGEST_DIFFERENCE[name] + 1e-12


@pytest.mark.parametrize("name", LARGEST_DIFFERENCE)
def test_a_run_of_an_older_release_can_be_evaluated_and_verified(name: str) -> None:
    evaluated = invoke("evaluate", FIXTURES / name, FIXTURES / "validation.csv")
    assert evaluated.exit_code == 0, evaluated.stderr
    assert "TF-IDF + logistic regression" in evaluated.stdout
    assert "n-grams alone" not in evaluated.stdout  # for which these runs have no temperature
    verified = invoke("verify", FIXTURES / name)
    assert (verified.exit_code, verified.stderr) == (0, "")
    assert verified.stdout.count("no checksums (older release)") == (0 if name in SEALED else 2)


@pytest.mark.parametrize(("name", "rules"), [("language-model-v1", 1), ("language-model-v2", 2)])
def test_a_language_model_of_an_older_release_can_be_started_from(name: str, rules: int, tmp_path: Path) -> None:
    assert invoke("verify", FIXTURES / name).exit_code == 0
    own = shutil.copytree(FIXTURES / name, tmp_path / "language-model")
    options = set_options(
        f"data.train={FIXTURES}/train.csv",
        f"data.validation={FIXTURES}/validation.csv",
        f"model.pretrained={own}",
        f"tokenizer.rules={rules}",
        "embedding.size=4",
        "model.hidden_size=2",
        "training.epochs=1",
        "vocabulary.min_frequency=1",
        "ngrams.bucket_bits=8",
        "evaluation.bootstrap_samples=100",
    )
    trained = invoke("train", *options, "--run-dir", tmp_path / "run")
    assert trained.exit_code == 0, trained.stderr
    assert f"{own}: " in trained.stderr


def test_fixtures_are_small() -> None:
    sizes = [sum(path.stat().st_size for path in folder.rglob("*")) for folder in FIXTURES.iterdir() if folder.is_dir()]
    assert len(sizes) == 6
    assert max(sizes) < 100_000
