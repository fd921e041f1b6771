"""`lstmcli compare` as a shell user meets it."""

import json
from pathlib import Path
from typing import Any

import pytest

from lstmcli.reports.comparison import p_value_text, points
from lstmcli.reports.inspection.cells import display_width
from tests.conftest import FAST, corpus_options, invoke, set_options, write_csv
from tests.test_architecture import loaded_modules

# Text, true label, what A and B say, author.
ROWS = [
    ("glad", "joy", "joy", "joy", "x"),
    ("happy", "joy", "joy", "anger", "x"),
    ("livid", "anger", "anger", "joy", "y"),
    ("sad", "sadness", "sadness", "joy", ""),
    ("hm", "joy", "sadness", "joy", "y"),
    ("well", "sadness", "joy", "anger", ""),
]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """The files of A and B."""
    columns = ["text", "gold", "prediction", "author"]
    return [
        write_csv(tmp_path / f"{name}.csv", columns, [[row[0], row[1], row[at], row[4]] for row in ROWS])
        for name, at in (("a", 2), ("b", 3))
    ]


def compare(*arguments: object) -> dict[str, Any]:
    result = invoke("compare", *arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_files_are_compared_row_by_row(files: list[Path]) -> None:
    found = compare(*files, "--flips", 2)
    assert found["scores"]["accuracy"]["a"] == pytest.approx(4 / 6)
    assert found["scores"]["accuracy"]["b"] == pytest.approx(2 / 6)
    assert found["scores"]["accuracy"]["difference"]["value"] == pytest.approx(-2 / 6)
    assert found["mcnemar"].pop("p_value") == pytest.approx(10 / 16)
    assert found["mcnemar"] == {"only_a_right": 3, "only_b_right": 1, "both_right": 1, "both_wrong": 1}
    assert found["flips"]["only_a_right"] == [
        {"line": 3, "text": "happy", "gold": "joy", "a": "joy", "b": "anger"},
        {"line": 4, "text": "livid", "gold": "anger", "a": "anger", "b": "joy"},
    ]
    assert [flip["line"] for flip in found["flips"]["only_b_right"]] == [6]
    assert (found["num_rows"], found["num_groups"], found["margin"]) == (6, None, None)


def test_the_text_fits_80_columns_and_says_what_the_json_does(files: list[Path], tmp_path: Path) -> None:
    long = [[f"\x1b[2J{'long ' * 40}{number}", "joy", ("joy", "sadness")[number % 2]] for number in range(30)]
    write_csv(tmp_path / "long.csv", ["text", "gold", "prediction"], long)
    write_csv(tmp_path / "right.csv", ["text", "gold", "prediction"], [[text, "joy", "joy"] for text, *_ in long])
    result = invoke("compare", tmp_path / "long.csv", tmp_path / "right.csv", "--flips", 3, "--margin", "5%")
    assert result.exit_code == 0, result.stderr
    assert max(map(display_width, result.stdout.splitlines())) <= 80
    assert "\x1b" not in result.stdout
    one_line = " ".join(result.stdout.split())
    assert "B is better than A in accuracy and macro-F1." in one_line
    assert "p < 0.0001; only A is right in 0 rows, only B in 15, both in 15, neither in 0." in one_line
    assert "Equivalence within 5 points is NOT shown in accuracy and macro-F1" in one_line
    assert "Only B is right (3 of 15 rows)" in one_line
    assert "Only A is right" not in one_line
    few = invoke("compare", *files, "--margin", "1%")
    assert "6 rows: too few for a verdict or for reliable intervals." in few.stdout
    same = invoke("compare", tmp_path / "right.csv", tmp_path / "right.csv", "--margin", "0.01")
    assert "equivalent within 1 point in accuracy and macro-F1" in " ".join(same.stdout.split())


def test_rows_of_a_group_are_drawn_together_if_asked(files: list[Path]) -> None:
    assert compare(*files, "--group", "author")["num_groups"] == 4  # two authors, and two rows without one
    result = invoke("compare", *files, "--group", "author")
    assert "in 4 groups, resampled as whole groups" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[::-1], "They have the same rows in another order: sort both in the same way."),
        (lambda rows: [*rows[:2], ["other", "joy", "joy"], *rows[3:]], "the texts 'livid' and 'other'"),
        (lambda rows: [*rows[:2], ["other", "joy", "joy"], *rows[3:]], "They share 5 rows."),
        (lambda rows: [[rows[0][0], "anger", "joy"], *rows[1:]], "the true labels 'joy' and 'anger'."),
        (lambda rows: rows[:4], "has 6 rows to compare, "),
        (lambda rows: rows[:4], "The first that is missing is line 6 of "),
        (lambda rows: [*rows, ["more", "joy", "joy"]], "The first that is missing is line 8 of "),
    ],
)
def test_files_of_different_rows_are_refused(files: list[Path], tmp_path: Path, change, message: str) -> None:  # type: ignore[no-untyped-def]
    rows = change([[row[0], row[1], row[3]] for row in ROWS])
    other = write_csv(tmp_path / "other.csv", ["text", "gold", "prediction"], rows)
    result = invoke("compare", files[0], other)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "A and B have different rows: " in result.stderr
    assert message in result.stderr


def test_columns_may_have_other_names(files: list[Path], tmp_path: Path) -> None:
    renamed = []
    for file in files:
        path = tmp_path / f"renamed-{file.name}"
        path.write_text(file.read_text().replace("text,gold,prediction", "answer,mood,guess"))
        renamed.append(path)
    missing = invoke("compare", *renamed)
    assert missing.exit_code == 1
    assert "has no column 'text'. Columns: answer, mood, guess, author." in missing.stderr
    options = ("--text", "answer", "--label", "mood", "--prediction", "guess")
    assert compare(*renamed, *options)["scores"] == compare(*files)["scores"]


def test_several_labels_are_told_from_one_by_the_columns_of_probabilities(tmp_path: Path) -> None:
    rows = [("a", "joy|love", "joy"), ("b", "joy", "joy|love"), ("c", "", "")]
    plain = write_csv(tmp_path / "plain.csv", ["text", "gold", "prediction"], rows)
    found = compare(plain, plain)
    assert set(found["scores"]) == {"accuracy", "macro_f1", "kappa", "mcc"}
    assert found["num_rows"] == 2
    assert found["notes"] == [
        f"{plain}: 1 row without a true label not compared.",
        "Some labels contain |; if it separates several, add --label-separator '|'.",
    ]
    columns = ["text", "gold", "prediction", "probability_joy", "probability_love"]
    full = write_csv(tmp_path / "full.csv", columns, [[*row, "0.5", "0.5"] for row in rows])
    for found in (compare(full, full), compare(plain, plain, "--label-separator", "|")):
        assert found["num_rows"] == 3
        assert found["notes"] == []
        jaccard = found["scores"]["jaccard"]
        assert (jaccard["a"], jaccard["difference"]["high"]) == (pytest.approx((0.5 + 0.5 + 1) / 3), 0.0)
        assert found["scores"]["micro_f1"]["a"] == pytest.approx(2 * 2 / (3 + 3))


def test_an_empty_label_is_none_only_where_the_row_was_scored(tmp_path: Path) -> None:
    columns = ["text", "gold", "prediction", "probability_joy", "probability_calm"]
    rows = [["a", "joy", "joy", "0.5", "0.5"], ["b", "", "joy", "0.5", "0.5"], ["c", "calm", "", "0.5", "0.5"]]
    unscored = write_csv(tmp_path / "unscored.csv", columns, rows)
    found = compare(unscored, unscored)
    assert (found["num_rows"], set(found["scores"])) == (2, {"accuracy", "macro_f1", "kappa", "mcc"})
    assert found["scores"]["accuracy"]["a"] == 0.5  # a row without a prediction is wrong
    scored = write_csv(tmp_path / "scored.csv", [*columns, "correct"], [[*row, "0"] for row in rows] + [[*rows[0], ""]])
    found = compare(scored, scored)
    assert found["num_rows"] == 3
    assert "jaccard" in found["scores"]
    assert found["notes"] == [f"{scored}: 1 row without a true label not compared."]


def test_lists_of_labels_need_the_option(tmp_path: Path) -> None:
    path = tmp_path / "lists.jsonl"
    path.write_text('{"text": "a", "gold": ["joy", "love"], "prediction": ["love"], "correct": [1]}\n')
    refused = invoke("compare", path, path)
    assert refused.exit_code == 1
    assert "some labels are lists; for several labels per text, add --label-separator '|'." in refused.stderr
    found = compare(path, path, "--label-separator", "|")
    assert found["scores"]["jaccard"]["a"] == 0.5


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["A", "gone.csv"], 1, "gone.csv: no such file or run directory."),
        (["A", "RUN"], 2, "RUN is a folder, but the other is a file."),
        (["A", "-"], 2, "standard input can't be one."),
        (["A", "A", "A"], 2, "which have their rows; omit "),
        (["RUN", "RUN"], 2, "name a FILE of labelled rows to compare them on."),
        (["RUN", "RUN", "-"], 2, "can't come through a pipe; name a file."),
        (["RUN", "RUN", "A", "--prediction", "x"], 2, "only for files of predictions."),
        (["A", "A", "--margin", "0"], 2, "expected a difference of scores, such as 0.01 or 1%, got '0'."),
        (["A", "A", "--margin", "one"], 2, "got 'one'."),
        (["EMPTY", "A"], 1, "empty.csv: there is no row to compare."),
        (["UNLABELLED", "A"], 1, "unlabelled.csv: no row has a true label (--label)."),
    ],
)
def test_mistakes_get_one_message(
    files: list[Path], run_directory: Path, tmp_path: Path, arguments: list[str], exit_code: int, message: str
) -> None:
    columns = ["text", "gold", "prediction"]
    places = {
        "A": files[0],
        "RUN": run_directory,
        "EMPTY": write_csv(tmp_path / "empty.csv", columns, []),
        "UNLABELLED": write_csv(tmp_path / "unlabelled.csv", columns, [["x", "", "joy"]]),
    }
    result = invoke("compare", *(places.get(argument, argument) for argument in arguments))
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message.replace("RUN", str(run_directory)) in result.stderr
    assert "Traceback" not in result.stderr


@pytest.fixture(scope="module")
def other_run(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A worse run on the same corpus."""
    path = tmp_path_factory.mktemp("other") / "run"
    options = [*corpus_options(corpus), *set_options("training.epochs=1", "ngrams.enabled=false")]
    result = invoke("train", *options, "--run-dir", path)
    assert result.exit_code == 0, result.stderr
    return path


def test_runs_are_compared_as_their_rows_would_be(
    run_directory: Path, other_run: Path, corpus: Path, tmp_path: Path
) -> None:
    for run, name in ((run_directory, "a.csv"), (other_run, "b.csv")):
        result = invoke("evaluate", run, corpus / "test.csv", "--no-baselines", "--predictions", tmp_path / name)
        assert result.exit_code == 0, result.stderr
    by_run = compare(run_directory, other_run, corpus / "test.csv", "--flips", 3, "--margin", "0.02")
    by_file = compare(tmp_path / "a.csv", tmp_path / "b.csv", "--flips", 3, "--margin", "0.02")
    assert by_run["a"] == str(run_directory)
    assert {**by_run, "a": 0, "b": 0, "rows": 0} == {**by_file, "a": 0, "b": 0, "rows": 0}
    seen = compare(run_directory, other_run, corpus / "validation.csv")
    assert seen["notes"] == [
        f"36 texts in both the model's validation rows and {corpus}/validation.csv; scores on them are inflated."
    ]


def test_models_of_different_labels_are_not_compared(run_directory: Path, tmp_path: Path, corpus: Path) -> None:
    rows = [
        [f"i feel {word} {number}", label]
        for number in range(12)
        for word, label in (("glad", "joy"), ("well", "calm"))
    ]
    write_csv(tmp_path / "train.csv", ["text", "label"], rows)
    options = set_options(*FAST, "training.epochs=1", f"data.train={tmp_path}/train.csv")
    trained = invoke("train", *options, "--run-dir", tmp_path / "run")
    assert trained.exit_code == 0, trained.stderr
    result = invoke("compare", run_directory, tmp_path / "run", corpus / "test.csv")
    assert result.exit_code == 1
    assert f"know different labels; only {run_directory} knows anger, sadness." in result.stderr


def test_differences_and_p_values_read_well() -> None:
    assert [points(value) for value in (0.0123, -0.0004, 0.0, -0.5)] == ["+1.2", "0.0", "0.0", "-50.0"]
    values = (1.0, 0.5, 0.0312, 0.00034, 3e-9)
    assert [p_value_text(value) for value in values] == ["= 1", "= 0.50", "= 0.031", "= 0.00034", "< 0.0001"]


def test_files_of_predictions_are_compared_without_pandas(files: list[Path]) -> None:
    modules = loaded_modules("from lstmcli.cli.main import app; app()", "compare", *map(str, files))
    assert "lstmcli.metrics.paired" in modules
    assert not modules & {"torch", "pandas", "sklearn", "pydantic"}
