"""`lstmcli evaluate --folds`: every row once, by a model that never saw it; and its arithmetic."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from lstmcli.config.settings import DataSettings
from lstmcli.data.examples import read_examples
from lstmcli.metrics.folds import mean_of_folds
from lstmcli.recipes.corpus import fold_corpora
from tests.conftest import corpus_options, invoke, set_options, write_csv

SHORT = set_options("training.epochs=3")


@pytest.fixture(scope="module")
def folds(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three folds of the training and validation rows. Tests must not change it."""
    path = tmp_path_factory.mktemp("folds") / "run"
    result = invoke("evaluate", "--folds", 3, *corpus_options(corpus), *SHORT, "--output", path)
    assert result.exit_code == 0, result.stderr
    assert "fold     3 of 3: 52 test rows" in result.stderr
    assert "Macro-F1, fold by fold" in result.stdout
    assert "156 rows" in result.stdout
    return path


def test_folds_are_pooled_and_averaged(folds: Path) -> None:
    (evaluation,) = json.loads((folds / "metrics.json").read_text())["evaluations"].values()
    assert evaluation["num_rows"] == 120 + 36
    names = [fold["system"] for fold in evaluation["folds"]]
    assert names == ["this model", "majority class", "TF-IDF + logistic regression"]
    own = evaluation["folds"][0]
    assert own["mean"]["value"] == pytest.approx(np.mean(own["values"]))
    for number, value in enumerate(own["values"], start=1):
        of_fold = json.loads((folds / "folds" / str(number) / "metrics.json").read_text())["evaluations"]
        (test,) = [found for name, found in of_fold.items() if "fold" in name and "part" not in name]
        assert test["scores"]["this model"]["macro_f1"]["value"] == pytest.approx(value)
        assert test["num_rows"] == 52


def test_each_row_is_tested_once_and_never_learned_from_there(corpus: Path) -> None:
    settings = DataSettings()
    rows = read_examples([f"{corpus}/train.csv", f"{corpus}/validation.csv"], settings)
    assert len(rows.table) == 156
    tested = []
    for part in fold_corpora(rows, settings, num_folds=4, seed=1):
        assert part.test is not None
        keys = [set(split.table["text_key"]) for split in (part.train, part.validation, part.test)]
        assert not keys[0] & keys[1]
        assert not (keys[0] | keys[1]) & keys[2]
        assert sum(map(len, keys)) == 156
        tested += part.test.table["text"].tolist()
    assert sorted(tested) == list(range(156))


def test_an_author_is_in_one_fold_also_across_files(tmp_path: Path) -> None:
    for name, start in (("a", 0), ("b", 40)):
        texts = [(f"text {start + n}", "xy"[n % 2], f"author{n % 8}") for n in range(40)]
        write_csv(tmp_path / f"{name}.csv", ["text", "label", "author"], texts)
    settings = DataSettings(group="author")
    rows = read_examples([f"{tmp_path}/a.csv", f"{tmp_path}/b.csv"], settings)
    for part in fold_corpora(rows, settings, num_folds=4, seed=1):
        assert part.test is not None
        authors = [set(split.table["group"]) for split in (part.train, part.validation, part.test)]
        assert not authors[0] & authors[1]
        assert not (authors[0] | authors[1]) & authors[2]
        assert len(authors[2]) == 2


def test_an_interrupted_evaluation_goes_on_with_the_folds_that_are_missing(
    folds: Path, corpus: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(folds, run)
    (run / "metrics.json").unlink()
    shutil.rmtree(run / "folds" / "3")
    options = [*corpus_options(corpus), *SHORT, "--output", run]
    refused = invoke("evaluate", "--folds", 3, *options)
    assert (refused.exit_code, "an unfinished run" in refused.stderr) == (1, True)
    other = invoke("evaluate", "--folds", 4, *options, "--resume")
    assert (other.exit_code, "other rows or another --folds" in other.stderr) == (1, True)
    resumed = invoke("evaluate", "--folds", 3, *options, "--resume")
    assert resumed.exit_code == 0, resumed.stderr
    assert resumed.stderr.count("epoch    3 of 3") == 1
    assert (run / "metrics.json").read_text() == (folds / "metrics.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a RUN and a FILE"),
        (["RUN"], "name a RUN and a FILE"),
        (["RUN", "FILE", "--set", "training.epochs=3"], "belong to --folds"),
        (["RUN", "--folds", 3], "no RUN, FILE or columns"),
        (["--folds", 3, "--resume", "--overwrite", "--set", "data.train=x.csv"], "exclude each other"),
    ],
)
def test_arguments_that_do_not_go_together(arguments: list[object], message: str) -> None:
    result = invoke("evaluate", *arguments)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


def test_too_few_rows_for_the_folds(tmp_path: Path) -> None:
    write_csv(tmp_path / "few.csv", ["text", "label"], [("a b", "x"), ("c d", "y"), ("e f", "x")])
    options = ["--set", f"data.train={tmp_path}/few.csv", "--output", tmp_path / "run"]
    result = invoke("evaluate", "--folds", 5, *options)
    assert (result.exit_code, "3 rows can't be parted into 5 folds" in result.stderr) == (1, True)


def test_the_interval_of_the_mean_is_that_of_a_hand_made_table() -> None:
    """Values 1, 2, 3: variance 1, factor 1/3 + 1/2, quantile .975 of t with 2 degrees of freedom 4.303."""
    mean = mean_of_folds([1.0, 2.0, 3.0], confidence=0.95)
    assert mean.value == pytest.approx(2.0)
    assert mean.high - mean.value == pytest.approx(4.3027 * (5 / 6) ** 0.5, rel=1e-4)
    assert mean.value - mean.low == pytest.approx(mean.high - mean.value)
