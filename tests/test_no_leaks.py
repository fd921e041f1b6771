"""Nothing of a model comes from a test row: vocabulary, share, temperature, thresholds, weights."""

import json
from pathlib import Path

import pytest

from tests.conftest import corpus_options, feeling_rows, invoke, set_options, write_csv


@pytest.mark.parametrize("separator", [None, "|"])
def test_the_test_file_changes_no_byte_of_the_model(corpus: Path, tmp_path: Path, separator: str | None) -> None:
    """Whatever the test rows say, and if there are none at all, model, baselines and language model are the same."""
    one = [(f"{text} xenial", "joy") for text, _ in feeling_rows(2, offset=500)]
    other = [("quixotic zymurgy " * 9, label) for _, label in feeling_rows(3)]
    files = {"one": write_csv(tmp_path / "one.csv", ["text", "label"], one), "none": None}
    files["other"] = write_csv(tmp_path / "other.csv", ["text", "label"], other)
    pretraining = ["pretraining.own_texts=true", "pretraining.epochs=1"]
    options = [*corpus_options(corpus), *set_options("training.epochs=2", *pretraining)]
    if separator:
        options += set_options(f"data.label_separator={separator}")
    contents = []
    for name, path in files.items():
        test = set_options(f"data.test={path}") if path else []
        result = invoke("train", *options, *test, "--run-dir", tmp_path / name)
        assert result.exit_code == 0, result.stderr
        content = {
            str(file.relative_to(tmp_path / name)): file.read_bytes()
            for folder in ("model", "baselines", "pretraining/language_model")
            for file in sorted((tmp_path / name / folder).iterdir())
        }
        card = content.pop("model/README.md")  # quotes the scores of the test file
        assert b"xenial" not in card
        assert b"zymurgy" not in card
        checksums = json.loads(content.pop("model/checksums.json"))
        del checksums["files"]["README.md"]
        contents.append(content | {"checksums": json.dumps(checksums).encode()})
    assert len(contents[0]) > 5
    assert contents[0] == contents[1] == contents[2]


def test_validation_words_get_no_row_of_the_tables(corpus: Path, tmp_path: Path) -> None:
    """Not of the classifier's, nor of the language model's from which it starts."""
    rows = [(f"{text} xenial xenial", label) for text, label in feeling_rows(2)]
    validation = write_csv(tmp_path / "v.csv", ["text", "label"], rows)
    pretraining = ["pretraining.own_texts=true", "pretraining.epochs=1"]
    options = [
        *corpus_options(corpus),
        *set_options("training.epochs=1", f"data.validation={validation}", *pretraining),
    ]
    result = invoke("train", *options, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    for folder in ("model", "pretraining/language_model"):
        words = (tmp_path / "run" / folder / "vocabulary.txt").read_text().split("\n")
        assert "happy" in words
        assert "xenial" not in words
