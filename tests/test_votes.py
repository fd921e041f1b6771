"""Labels from several annotators, from the file to the report."""

from pathlib import Path

import numpy as np
import pytest

from lstmcli.config.loading import config_from
from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.corpus import load_corpus
from lstmcli.corpus.examples import read_examples
from lstmcli.corpus.label_cells import majority, parse_votes
from lstmcli.corpus.votes import MISSING, VotedLabels
from lstmcli.errors import ConfigError, DataError
from lstmcli.store.model import read_model
from tests.conftest import FAST, feeling_rows, invoke, set_options, write_csv

COLUMNS = ["text", "anna", "ben", "chris"]
SETTINGS = DataSettings(annotators=("anna", "ben", "chris"))


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        (["joy", "joy", "anger"], "joy"),
        (["anger", "joy", "joy"], "joy"),
        (["sad", "joy", "anger"], "sad"),
        (["", "joy", "anger"], "joy"),
        (["", "", "anger"], "anger"),
        (["none", "none", "joy"], "none"),
    ],
)
def test_a_row_has_the_label_of_most_and_of_several_the_first(votes: list[str], expected: str) -> None:
    assert majority(votes) == (expected,)


def test_cells_without_a_vote_do_not_count() -> None:
    assert parse_votes(["NA", None, float("nan")], DataSettings(annotators=("a", "b", "c"))) == ["", "", ""]
    assert majority(["", "", ""]) is None


def test_the_shares_of_votes_are_the_targets(tmp_path: Path) -> None:
    rows = [("glad", "joy", "joy", "love"), ("livid", "anger", "NA", ""), ("hm", "", "", ""), ("sad", "sad", "joy", "")]
    file = write_csv(tmp_path / "train.csv", COLUMNS, rows)
    examples = read_examples(str(file), SETTINGS)
    assert examples.labels == [("joy",), ("anger",), ("sad",)]
    assert isinstance(examples.soft, VotedLabels)
    assert examples.soft.names == ("anger", "joy", "love", "sad")
    np.testing.assert_allclose(examples.soft.values, [[0, 2 / 3, 1 / 3, 0], [1, 0, 0, 0], [0, 0.5, 0, 0.5]], atol=1e-7)
    assert examples.soft.votes.tolist() == [[1, 1, 2], [0, MISSING, MISSING], [3, 1, MISSING]]
    assert "1 row without a label" not in str(examples.report)
    assert [(finding.description, finding.lines) for finding in examples.findings] == [("no label", (4,))]


def test_a_label_that_never_wins_is_learned_too(tmp_path: Path) -> None:
    rows = [
        (text, label, label, "rare" if number % 3 else label) for number, (text, label) in enumerate(feeling_rows(4))
    ]
    file = write_csv(tmp_path / "train.csv", COLUMNS, rows)
    corpus = load_corpus(DataSettings(train=str(file), annotators=("anna", "ben", "chris")), seed=1)
    assert "rare" in corpus.labels.names
    place = corpus.labels.names.index("rare")
    assert not corpus.train_targets[:, place].any()
    assert corpus.fitted_targets[:, place].max() == pytest.approx(1 / 3)
    np.testing.assert_allclose(corpus.fitted_targets.sum(axis=1), 1.0, atol=1e-6)


def test_rows_with_other_votes_are_other_rows(tmp_path: Path) -> None:
    digests = set()
    for votes in (("joy", "joy", "joy"), ("joy", "joy", "love"), ("joy", "", "love")):
        file = write_csv(tmp_path / "train.csv", COLUMNS, [("glad", *votes), ("livid", "anger", "anger", "love")])
        digests.add(read_examples(str(file), SETTINGS).digest())
    assert len(digests) == 3


@pytest.mark.parametrize("other", ["labels=[joy]", "soft_labels=0.5", "annotators=[a, a]"])
def test_votes_and_other_kinds_of_labels_are_not_mixed(other: str, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "train.csv", COLUMNS, [])
    result = invoke("train", file, *set_options("data.annotators=[anna, ben]", f"data.{other}"))
    assert result.exit_code in {1, 2}
    assert "data.annotators" in result.stderr


def test_a_missing_annotator_is_named_with_the_setting(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "train.csv", COLUMNS[:3], [("glad", "joy", "joy")])
    with pytest.raises(DataError, match=r"no column 'chris'\..*data\.annotators"):
        read_examples(str(file), SETTINGS)


@pytest.fixture(scope="module")
def voted_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on rows with three annotators, of whom the third is often of another opinion; rated.csv is beside it."""
    folder = tmp_path_factory.mktemp("votes")
    rows = [
        (text, label, label, "joy" if number % 2 else label) for number, (text, label) in enumerate(feeling_rows(10))
    ]
    file = write_csv(folder / "rated.csv", COLUMNS, rows)
    options = set_options("data.annotators=[anna, ben, chris]", *FAST)
    result = invoke("train", file, *options, "--run-dir", folder / "run")
    assert result.exit_code == 0, result.stderr
    return folder / "run"


def test_reports_say_how_far_annotators_and_model_agree(voted_run: Path) -> None:
    report = " ".join((voted_run / "report.md").read_text(encoding="utf-8").split())
    assert "have 3 annotators; the label of a row is that of most. Krippendorff's alpha: 0." in report
    assert "The model agrees with the annotators (mean kappa" in report
    result = invoke("evaluate", voted_run, voted_run.parent / "rated.csv")
    assert "have 3 annotators" in result.stdout
    columns = ["text", "label"]
    other = write_csv(voted_run.parent / "single.csv", columns, [(text, label) for text, label in feeling_rows(2)])
    result = invoke("evaluate", voted_run, other, "--label", "label")
    assert result.exit_code == 0, result.stderr
    assert "annotators" not in result.stdout


def test_a_model_remembers_its_annotators_and_others_have_none(voted_run: Path, run_directory: Path) -> None:
    assert read_model(voted_run).columns.annotators == ("anna", "ben", "chris")
    assert "annotators" not in (run_directory / "model" / "model.json").read_text(encoding="utf-8")


def test_out_of_fold_rows_are_compared_with_annotators_too(voted_run: Path, tmp_path: Path) -> None:
    options = set_options("data.annotators=[anna, ben, chris]", *FAST)
    rated = voted_run.parent / "rated.csv"
    result = invoke("cross-validate", rated, "--folds", "2", *options, "--run-dir", tmp_path / "folds")
    assert result.exit_code == 0, result.stderr
    assert "have 3 annotators" in result.stdout


def test_settings_of_python_may_name_annotators() -> None:
    config = config_from({"data.train": "x.csv", "data.annotators": ["a", "b"]})
    assert config.data.annotators == ("a", "b")
    with pytest.raises(ConfigError):
        config_from({"data.train": "x.csv", "data.annotators": ["a", "b"], "data.labels": ["c"]})
