"""`lstmcli evaluate --folds`: every row once, by a model that never saw it; and its arithmetic."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from lstmcli.config.model_settings import DataSettings
from lstmcli.config.settings import EvaluationSettings
from lstmcli.corpus.examples import read_examples
from lstmcli.corpus.folds import deal_folds, fold_corpora
from lstmcli.data.sealed import seal
from lstmcli.errors import DataError
from lstmcli.metrics.evaluation import System, evaluate
from lstmcli.metrics.folds import mean_of_folds, with_folds
from tests.conftest import FAST, corpus_options, feeling_rows, interrupt, invoke, set_options, write_csv

SHORT = set_options("training.epochs=3")


@pytest.fixture(scope="module")
def folds(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three folds of the training and validation rows. Tests must not change it."""
    path = tmp_path_factory.mktemp("folds") / "run"
    result = invoke("evaluate", "--folds", 3, *corpus_options(corpus), *SHORT, "--output", path)
    assert result.exit_code == 0, result.stderr
    assert "fold     3 of 3: 52 test rows" in result.stderr
    assert "Macro-F1 per fold" in result.stdout
    assert "156 rows" in result.stdout
    return path


def test_folds_are_pooled_and_averaged(folds: Path) -> None:
    (evaluation,) = json.loads((folds / "metrics.json").read_text())["evaluations"].values()
    assert evaluation["num_rows"] == 120 + 36
    names = [fold["system"] for fold in evaluation["folds"]]
    assert names == ["this model", "majority class", "TF-IDF + logistic regression", "n-grams alone"]
    assert evaluation["comparisons"][-1]["added_to_ngrams"] == "network"
    assert "The network adds " in (folds / "report.md").read_text()
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
    fold = deal_folds(rows, num_folds=4, seed=1)
    for part, tested_rows in fold_corpora(rows, fold, settings, seed=1):
        assert part.test is not None
        assert part.test.table.equals(tested_rows.table)
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
    fold = deal_folds(rows, num_folds=4, seed=1)
    for part, _ in fold_corpora(rows, fold, settings, seed=1):
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
    assert (other.exit_code, "different rows, groups or --folds" in other.stderr) == (1, True)
    resumed = invoke("evaluate", "--folds", 3, *options, "--resume")
    assert resumed.exit_code == 0, resumed.stderr
    assert resumed.stderr.count("epoch    3 of 3") == 1
    assert (run / "metrics.json").read_text() == (folds / "metrics.json").read_text()


def test_folds_of_an_older_release_are_compared_in_what_all_folds_have(
    folds: Path, corpus: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(folds, tmp_path / "run"))
    (run / "metrics.json").unlink()
    older = run / "folds" / "2" / "baselines"
    for name in ("ngrams.json", "checksums.json"):
        (older / name).unlink()
    seal(older)
    resumed = invoke("evaluate", "--folds", 3, *corpus_options(corpus), *SHORT, "--output", run, "--resume")
    assert resumed.exit_code == 0, resumed.stderr
    found, complete = (
        next(iter(json.loads((path / "metrics.json").read_text())["evaluations"].values())) for path in (run, folds)
    )
    assert [fold["system"] for fold in found["folds"]] == [fold["system"] for fold in complete["folds"][:-1]]
    assert found["comparisons"] == complete["comparisons"][:-1]


@pytest.mark.parametrize(
    ("command", "option"),
    [(["evaluate", "--folds", "3"], "--output"), (["cross-validate", "--folds", "3"], "--run-dir")],
)
def test_a_stop_names_the_command_that_was_typed(command: list[str], option: str, corpus: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    arguments = [*command, *corpus_options(corpus), *SHORT, option, run]
    stderr = interrupt(*arguments, when=run / "folds" / "2" / "history.jsonl")
    resume = f"lstmcli {command[0]} --resume {option} {run} --folds 3"
    assert stderr.endswith(f"Resume with: {resume}\n")
    assert invoke(*resume.split()[1:]).exit_code == 0


def test_folds_are_scored_over_authors_and_not_resumed_with_others(tmp_path: Path) -> None:
    """A test file counts for nothing here, not even a missing one."""

    def write_rows(num_authors: int) -> None:
        rows = [[*row, f"author {number % num_authors}"] for number, row in enumerate(feeling_rows(5))]
        write_csv(tmp_path / "rows.csv", ["text", "label", "author"], rows)

    options = set_options(*FAST, f"data.train={tmp_path}/rows.csv", "data.group=author", "training.epochs=1")
    options += [*set_options("data.test=gone.csv"), "--no-baselines", "--output", tmp_path / "run"]
    write_rows(7)
    result = invoke("evaluate", "--folds", 2, *options)
    assert result.exit_code == 0, result.stderr
    assert "over 60 rows in 7 groups, resampled as whole groups" in result.stdout
    (tmp_path / "run" / "metrics.json").unlink()
    write_rows(11)
    resumed = invoke("evaluate", "--folds", 2, *options, "--resume")
    assert (resumed.exit_code, "different rows, groups or --folds" in resumed.stderr) == (1, True)
    (tmp_path / "run" / "folds.json").write_bytes(b"\xff")
    resumed = invoke("evaluate", "--folds", 2, *options, "--resume")
    assert (resumed.exit_code, "different rows, groups or --folds" in resumed.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a RUN and a FILE"),
        (["RUN"], "name a RUN and a FILE"),
        (["RUN", "FILE", "--set", "training.epochs=3"], "require --folds"),
        (["RUN", "FILE", "--folds", 3], "leave out the RUN (RUN)"),
        (["x.csv", "--folds", 3, "--set", "data.train=y.csv"], "--set data.train=y.csv contradicts FILE x.csv"),
        (["x.csv", "--folds", 3, "--label", "a", "--set", "data.label=b"], "data.label=b contradicts --label a"),
        (["--folds", 3, "--resume", "--overwrite", "--set", "data.train=x.csv"], "can't be combined"),
    ],
)
def test_arguments_that_do_not_go_together(arguments: list[object], message: str) -> None:
    result = invoke("evaluate", *arguments)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize(
    "command", [["evaluate", "--folds", 3, "--output"], ["cross-validate", "--folds", 3, "--run-dir"]]
)
def test_the_file_and_its_columns_may_be_arguments(
    folds: Path, corpus: Path, tmp_path: Path, command: list[object]
) -> None:
    rows = (corpus / "train.csv").read_text().splitlines() + (corpus / "validation.csv").read_text().splitlines()[1:]
    (tmp_path / "rows.data").write_text("\n".join(["words;mood", *(";".join(row.rsplit(",", 1)) for row in rows[1:])]))
    columns = ["--text", "words", "--label", "mood", "--format", "csv-semicolon", "--encoding", "latin-1"]
    result = invoke(
        *command, tmp_path / "run", tmp_path / "rows.data", *columns, *set_options(*FAST), *SHORT, "--quiet"
    )
    assert (result.exit_code, result.stderr) == (0, "")
    (found,), (expected,) = (
        json.loads((run / "metrics.json").read_text())["evaluations"].values() for run in (tmp_path / "run", folds)
    )
    assert found["scores"] == expected["scores"]


def test_folds_are_ten_unless_said(tmp_path: Path) -> None:
    write_csv(tmp_path / "few.csv", ["text", "label"], [("a b", "x"), ("c d", "y"), ("e f", "x")])
    result = invoke("cross-validate", tmp_path / "few.csv", "--run-dir", tmp_path / "run")
    assert result.exit_code == 1
    assert "10" in result.stderr


def test_too_few_rows_for_the_folds(tmp_path: Path) -> None:
    write_csv(tmp_path / "few.csv", ["text", "label"], [("a b", "x"), ("c d", "y"), ("e f", "x")])
    options = ["--set", f"data.train={tmp_path}/few.csv", "--output", tmp_path / "run"]
    result = invoke("evaluate", "--folds", 5, *options)
    assert (result.exit_code, "3 rows can't be split into 5 folds" in result.stderr) == (1, True)
    assert "use --folds 3 or fewer" in result.stderr
    assert not (tmp_path / "run").exists()


def test_folds_of_rows_name_themselves_and_leave_out_labels_that_training_lacks(tmp_path: Path) -> None:
    rows = [(f"text {n}", "xy"[n % 2], f"author {n % 20}") for n in range(40)] + [("alone", "rare", "author rare")]
    path = str(write_csv(tmp_path / "a.csv", ["text", "label", "author"], [*rows, ("", "x", "none")]))
    settings = DataSettings(group="author")
    examples = read_examples(path, settings)
    assert (len(examples.table), len(examples.findings)) == (41, 1)
    fold = deal_folds(examples, num_folds=3, seed=1)
    found = list(fold_corpora(examples, fold, settings, seed=1))
    assert [tested.name for _, tested in found] == [f"{path} (fold {number} of 3)" for number in (1, 2, 3)]
    for number, (part, tested) in enumerate(found):
        assert part.test is not None
        is_test = fold == number
        assert tested.table["text"].tolist() == examples.table["text"][is_test].tolist()
        assert (tested.num_rows, list(tested.findings)) == (is_test.sum(), [])
        assert len(part.test.table) == is_test.sum() - is_test[-1]
        assert part.labels.names == (("x", "y") if is_test[-1] else part.labels.names)
        assert len(part.train.table) + len(part.validation.table) <= 41 - is_test.sum()
        again = next(
            other for other, rows_of in fold_corpora(examples, fold, settings, seed=1) if rows_of.name == tested.name
        )
        assert again.validation.table["text"].tolist() == part.validation.table["text"].tolist()


def test_rows_that_all_belong_together_can_not_be_split(tmp_path: Path) -> None:
    rows = [(f"text {n}", "xy"[n % 2], "me") for n in range(9)]
    path = str(write_csv(tmp_path / "a.csv", ["text", "label", "author"], rows))
    with pytest.raises(DataError) as caught:
        deal_folds(read_examples(path, DataSettings(group="author")), num_folds=2, seed=1)
    assert str(caught.value) == f"{path}: all rows have the same text or group, so they can't be split into folds."
    pairs = [(f"text {n}", "xy"[n % 2], f"me {n % 2}") for n in range(9)]
    path = str(write_csv(tmp_path / "b.csv", ["text", "label", "author"], pairs))
    with pytest.raises(DataError) as caught:
        deal_folds(read_examples(path, DataSettings(group="author")), num_folds=3, seed=1)
    assert str(caught.value) == (
        f"{path}: 9 rows can't be split into 3 folds, since rows with the same text or group stay together; use "
        "--folds 2 or fewer."
    )


def test_a_row_whose_label_its_model_never_saw_counts_as_wrong(tmp_path: Path) -> None:
    rows = [*feeling_rows(4), ("one of a kind", "rare")]
    write_csv(tmp_path / "rows.csv", ["text", "label"], rows)
    options = set_options(*FAST, f"data.train={tmp_path}/rows.csv", "training.epochs=2")
    result = invoke("evaluate", "--folds", 3, *options, "--no-baselines", "--output", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    (evaluation,) = json.loads((tmp_path / "run" / "metrics.json").read_text())["evaluations"].values()
    assert evaluation["num_rows"] == len(rows)
    (rare,) = [label for label in evaluation["labels"]["this model"] if label["label"] == "rare"]
    assert (rare["support"], rare["f1"]["value"]) == (1, 0.0)
    assert list(evaluation["scores"]) == ["this model"]
    predict = invoke("predict", tmp_path / "run", tmp_path / "rows.csv")
    assert (predict.exit_code, "holds a cross-validation" in predict.stderr) == (1, True)


def test_systems_are_compared_by_their_differences_on_each_fold() -> None:
    """Three folds in which one system is right 3, 2 and 3 times of 4, the other twice each time."""
    targets = np.eye(2, dtype=bool)[[0, 1] * 6]
    right = np.array([1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0], dtype=bool)
    half = np.array([1, 1, 0, 0] * 3, dtype=bool)
    systems = []
    for name, is_right in (("a", right), ("b", half)):
        decisions = np.where(is_right[:, None], targets, ~targets)
        systems.append(System(name, decisions, decisions.astype(float)))
    fold = np.repeat([0, 1, 2], 4)
    evaluation = evaluate("rows", systems, targets, ("x", "y"), "single", EvaluationSettings(bootstrap_samples=100))
    found = with_folds(evaluation, systems, targets, fold)
    (comparison,) = found.comparisons
    for number, one in enumerate(found.folds):
        actual, picked = targets.argmax(axis=1), systems[number].decisions.argmax(axis=1)
        expected = [f1_score(actual[fold == n], picked[fold == n], average="macro") for n in range(3)]
        assert (one.system, one.values) == ("ab"[number], pytest.approx(expected))
        assert one.mean.value == pytest.approx(np.mean(expected))
    assert (comparison.other, comparison.score) == ("b", "macro_f1")
    differences = [a - b for a, b in zip(found.folds[0].values, found.folds[1].values, strict=True)]
    assert comparison.difference == mean_of_folds(differences, confidence=0.95)
    assert comparison.verdict == "not distinguishable"
    own = mean_of_folds(found.folds[0].values, confidence=0.95)
    assert own.high > 1.0
    assert (found.folds[0].mean.low, found.folds[0].mean.high) == (own.low, 1.0)
    unsure = with_folds(replace(evaluation, confidence=0.9999), systems, targets, fold)
    assert (unsure.folds[0].mean.low, unsure.folds[0].mean.high) == (0.0, 1.0)


def test_the_interval_of_the_mean_is_that_of_a_hand_made_table() -> None:
    """Values 1, 2, 3: variance 1, factor 1/3 + 1/2, quantile .975 of t with 2 degrees of freedom 4.303."""
    mean = mean_of_folds([1.0, 2.0, 3.0], confidence=0.95)
    assert mean.value == pytest.approx(2.0)
    assert mean.high - mean.value == pytest.approx(4.3027 * (5 / 6) ** 0.5, rel=1e-4)
    assert mean.value - mean.low == pytest.approx(mean.high - mean.value)
