"""`lstmcli evaluate --predictions` and `--mistakes`: every row of the file, with its true and its predicted label."""

import csv
import gzip
import json
from pathlib import Path

import pytest

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.examples import read_examples
from lstmcli.corpus.rereading import read_again
from lstmcli.errors import DataError
from lstmcli.reports.inspection.cells import Style, display_width
from lstmcli.reports.mistakes import Mistake, mistakes_text
from tests.conftest import FAST, FEELINGS, Cli, corpus_options, feeling_rows, invoke, set_options, write_csv

ADDED = ["gold", "prediction", "correct", "score", "probability_anger", "probability_joy", "probability_sadness"]


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def evaluate(*arguments: object) -> None:
    result = invoke("evaluate", *arguments, "--no-baselines")
    assert result.exit_code == 0, result.stderr


def test_rows_keep_their_order_and_columns_and_have_the_digits_of_predict(
    run_directory: Path, corpus: Path, tmp_path: Path
) -> None:
    evaluate(run_directory, corpus / "test.csv", "--predictions", tmp_path / "rows.csv")
    predicted = invoke(
        "predict", run_directory, corpus / "test.csv", "--probabilities", "--output", tmp_path / "predicted.csv"
    )
    assert predicted.exit_code == 0, predicted.stderr
    rows, expected = read_csv(tmp_path / "rows.csv"), read_csv(tmp_path / "predicted.csv")
    assert list(rows[0]) == ["text", "label", *ADDED]
    assert [{name: row[name] for name in expected[0]} for row in rows] == expected
    assert [row["gold"] for row in rows] == [row["label"] for row in rows]
    assert [row["correct"] for row in rows] == [str(int(row["label"] == row["prediction"])) for row in rows]


def test_rows_that_are_not_scored_stay_in_their_place_with_empty_cells(run_directory: Path, tmp_path: Path) -> None:
    lines = ["text,label", "glad,joy", ",joy", "sad,", "hm,envy", "text,label", "a,b,c", "livid,anger"]
    (tmp_path / "odd.csv").write_text("\n".join(lines) + "\n")
    evaluate(run_directory, tmp_path / "odd.csv", "--predictions", tmp_path / "rows.csv")
    rows = read_csv(tmp_path / "rows.csv")
    assert [row["text"] for row in rows] == ["glad", "", "sad", "hm", "text", "a", "livid"]
    assert [row["label"] for row in rows] == ["joy", "joy", "", "envy", "label", "b,c", "anger"]
    assert [row["gold"] for row in rows] == ["joy", "", "", "", "", "", "anger"]
    assert [bool(row["correct"]) for row in rows] == [True, *[False] * 5, True]
    assert {row[name] for row in rows[1:6] for name in ADDED} == {""}


def test_json_lines_hold_numbers_and_an_extension_sets_the_format(run_directory: Path, tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text('{"text": "glad", "label": "joy", "age": 1.0}\n{"label": "anger", "text": "sad"}\n')
    evaluate(run_directory, path, "--predictions", tmp_path / "rows.jsonl.gz")
    first, second = gzip.decompress((tmp_path / "rows.jsonl.gz").read_bytes()).decode().splitlines()
    assert first.startswith(
        '{"text": "glad", "label": "joy", "age": 1.0, "gold": "joy", "prediction": "joy", "correct": 1'
    )
    assert json.loads(second)["correct"] == 0
    assert list(json.loads(second)) == ["label", "text", *ADDED]
    evaluate(run_directory, path, "--predictions", tmp_path / "rows")
    assert (tmp_path / "rows").read_text() == f"{first}\n{second}\n"


def test_a_table_for_keys_that_vary_is_refused_with_advice_of_this_command(run_directory: Path, tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text('{"text": "glad", "label": "joy"}\n{"label": "anger", "text": "sad", "age": 3}\n')
    result = invoke("evaluate", run_directory, path, "--predictions", tmp_path / "rows.tsv")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "key 'age' does not occur in the first row" in result.stderr
    assert result.stderr.endswith("Name a .jsonl file with --predictions.\n")
    assert names_in(tmp_path) == ["some.jsonl"]


@pytest.mark.parametrize(
    ("name", "exit_code", "message"),
    [
        ("rows.parquet", 2, "predictions can't be written as parquet; choose csv, tsv or jsonl."),
        ("rows.xlsx", 2, "spreadsheets can't be written"),
        ("rows.txt", 2, "plain text has no columns; choose .csv, .tsv or .jsonl."),
        ("-", 2, "expected the name of a file; standard output has the scores."),
        ("/dev/null", 2, "expected the name of a file"),
        (".", 1, "is a folder, expected the name of a file to write."),
        ("missing/rows.csv", 1, "can't be written: there is no folder "),
    ],
)
def test_a_file_that_can_t_be_written_is_refused_before_anything_is_computed(
    run_directory: Path, corpus: Path, tmp_path: Path, name: str, exit_code: int, message: str
) -> None:
    path = name if name.startswith(("-", "/")) else tmp_path / name
    result = invoke("evaluate", run_directory, corpus / "test.csv", "--predictions", path)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr
    assert names_in(tmp_path) == []


def test_a_pipe_can_t_be_read_twice(run_directory: Path, cli: Cli, tmp_path: Path) -> None:
    result = cli("evaluate", run_directory, "-", "--predictions", tmp_path / "rows.csv", stdin="text,label\nglad,joy\n")
    assert result.returncode == 2
    assert "--predictions: the rows are read twice, so they can't come through a pipe" in result.stderr


def test_the_columns_of_an_earlier_evaluation_are_never_written_twice(
    run_directory: Path, corpus: Path, tmp_path: Path
) -> None:
    evaluate(run_directory, corpus / "test.csv", "--predictions", tmp_path / "rows.csv")
    again = invoke("evaluate", run_directory, tmp_path / "rows.csv", "--predictions", tmp_path / "more.csv")
    assert again.exit_code == 1
    assert "rows.csv: already has a column 'gold', which the prediction would add" in again.stderr
    assert again.stderr.endswith("Rename or remove it.\n")
    assert not (tmp_path / "more.csv").exists()


def test_an_error_in_a_late_row_leaves_what_was_there_and_nothing_else(run_directory: Path, tmp_path: Path) -> None:
    good, bad = '{"text": "glad", "label": "joy"}\n', '{"text": "sad", "label": "anger", "score": 3}\n'
    (tmp_path / "late.jsonl").write_text(good * 3000 + bad)
    (tmp_path / "rows.jsonl").write_text("precious")
    result = invoke("evaluate", run_directory, tmp_path / "late.jsonl", "--predictions", tmp_path / "rows.jsonl")
    assert result.exit_code == 1
    assert "late.jsonl, line 3001: already has a column 'score'" in result.stderr
    assert (tmp_path / "rows.jsonl").read_text() == "precious"
    assert names_in(tmp_path) == ["late.jsonl", "rows.jsonl"]


def test_rows_of_several_files_are_told_apart_even_where_lines_and_texts_repeat(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ["text", "label"], [["x", "joy"], ["y", ""], ["z", "joy"]])
    write_csv(tmp_path / "b.csv", ["text", "label"], [["x", ""], ["y", "joy"], ["z", "anger"]])
    paths = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    examples = read_examples(paths, DataSettings())
    found = [
        (Path(source.name).name, record.cells[0], row)
        for source, record, row in read_again(examples, paths, DataSettings())
    ]
    expected = [("a.csv", "x", 0), ("a.csv", "y", None), ("a.csv", "z", 1)]
    assert found == [*expected, ("b.csv", "x", None), ("b.csv", "y", 2), ("b.csv", "z", 3)]


@pytest.mark.parametrize(
    "rows", [[["x", "joy"]], [["x", "joy"], ["other", "joy"]], [["x", "joy"], ["y", "joy"], ["z", ""]]]
)
def test_a_file_that_has_changed_since_is_noticed(tmp_path: Path, rows: list[list[str]]) -> None:
    path = write_csv(tmp_path / "a.csv", ["text", "label"], [["x", "joy"], ["y", "joy"]])
    examples = read_examples(str(path), DataSettings())
    write_csv(path, ["text", "label"], rows)
    with pytest.raises(DataError, match="has changed while it was read"):
        list(read_again(examples, [str(path)], DataSettings()))


def test_the_most_confident_mistakes_come_first_and_can_t_control_the_terminal(
    run_directory: Path, tmp_path: Path
) -> None:
    rows = [("i feel glad", "anger"), ("livid\x1b[2J and furious", "joy"), ("hm", "sadness"), ("i feel sad", "sadness")]
    path = write_csv(tmp_path / "few.csv", ["text", "label"], [*rows, ["x" * 300, "joy"]])
    evaluate(run_directory, path, "--predictions", tmp_path / "rows.csv")
    wrong = [row for row in read_csv(tmp_path / "rows.csv") if row["correct"] == "0"]
    wrong.sort(key=lambda row: -float(row["score"]))
    result = invoke("evaluate", run_directory, path, "--no-baselines", "--mistakes", 2)
    heading, _, *lines = result.stdout.partition("\n\nMost confident mistakes")[2].splitlines()
    assert heading == " (2)"
    assert [line.split()[1:3] for line in lines] == [[row["gold"], row["prediction"]] for row in wrong[:2]]
    assert "\x1b" not in result.stdout
    assert max(map(len, lines)) <= 80
    listed = json.loads(invoke("evaluate", run_directory, path, "--no-baselines", "--mistakes", 9, "--json").stdout)
    assert [each["text"] for each in listed["mistakes"]] == [row["text"] for row in wrong]
    assert "mistakes" not in json.loads(invoke("evaluate", run_directory, path, "--no-baselines", "--json").stdout)


def test_mistakes_fit_a_terminal_whatever_their_labels_and_texts_are() -> None:
    mistakes = [
        Mistake(None, 3, "うれしい" * 30, "a" * 60, "\x1b]0;title\x07", 0.9),
        Mistake(2, 123456, "two\nlines", "", "joy", 0.5),
    ]
    lines = mistakes_text(mistakes, Style(80)).splitlines()
    assert all(display_width(line) <= 80 and line.isprintable() for line in lines)
    assert "2:123456  -" in lines[3]
    assert lines[3].endswith("two lines")
    assert mistakes_text([], Style(80)) == "No mistakes.\n"


@pytest.fixture(scope="module")
def traits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run on two yes/no columns and rows to score."""
    folder = tmp_path_factory.mktemp("traits")
    for name, repeats, offset in (("train.csv", 6, 0), ("test.csv", 2, 100)):
        rows = [
            [text, str(int(label == "joy")), str(int(label != "anger"))]
            for text, label in feeling_rows(repeats, offset)
        ]
        write_csv(folder / name, ["text", "happy", "calm"], rows)
    options = set_options(f"data.train={folder}/train.csv", "data.labels=[happy, calm]", *FAST)
    result = invoke("train", *options, "--run-dir", folder / "run")
    assert result.exit_code == 0, result.stderr
    return folder


def test_each_label_has_a_column_of_ones_and_zeros_if_wanted(traits: Path, tmp_path: Path) -> None:
    run, file = traits / "run", traits / "test.csv"
    evaluate(run, file, "--predictions", tmp_path / "rows.csv", "--trait-columns")
    rows = read_csv(tmp_path / "rows.csv")
    assert list(rows[0])[3:11] == [
        *("gold", "prediction", "correct", "score", "gold_happy", "gold_calm", "predicted_happy", "predicted_calm"),
    ]
    for row in rows:
        for label in ("happy", "calm"):
            assert row[f"gold_{label}"] == row[label] == str(int(label in row["gold"].split("|")))
            assert row[f"predicted_{label}"] == str(int(label in row["prediction"].split("|")))
        assert row["correct"] == str(int(row["gold"] == row["prediction"]))
    assert {row["prediction"] for row in rows} > {"calm", "happy|calm"}
    predicted = invoke("predict", run, file, "--trait-columns", "--output", tmp_path / "predicted.csv")
    assert predicted.exit_code == 0, predicted.stderr
    names = ["prediction", "score", "predicted_happy", "predicted_calm"]
    assert [[row[name] for name in names] for row in read_csv(tmp_path / "predicted.csv")] == [
        [row[name] for name in names] for row in rows
    ]


def test_an_uncertain_prediction_leaves_the_columns_of_its_labels_empty(traits: Path, tmp_path: Path) -> None:
    result = invoke(
        *("predict", traits / "run", traits / "test.csv", "--trait-columns", "--min-confidence", "1"),
        *("--output", tmp_path / "predicted.csv"),
    )
    assert result.exit_code == 0, result.stderr
    assert {row["predicted_calm"] for row in read_csv(tmp_path / "predicted.csv")} == {""}


def test_columns_per_label_need_several_labels_and_a_file(run_directory: Path, corpus: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    for command in (("evaluate", "--predictions", file), ("predict", "--output", file)):
        result = invoke(command[0], run_directory, corpus / "test.csv", "--trait-columns", *command[1:])
        assert result.exit_code == 2
        assert "--trait-columns: each text has one label here" in result.stderr
        assert not file.exists()
    result = invoke("evaluate", run_directory, corpus / "test.csv", "--trait-columns")
    assert (result.exit_code, "name a file for them with --predictions" in result.stderr) == (2, True)


def test_rows_of_a_cross_validation_are_those_of_the_model_that_has_not_seen_them(tmp_path: Path) -> None:
    train = [[text, label, ""] for text, label in feeling_rows(5)] + [["hm", "", "no label"]]
    write_csv(tmp_path / "train.csv", ["text", "label", "note"], train)
    write_csv(tmp_path / "more.csv", ["text", "label"], feeling_rows(2, offset=100))
    options = set_options(*FAST, "training.epochs=3", f"data.validation={tmp_path}/more.csv")
    arguments = ("cross-validate", tmp_path / "train.csv", "--folds", 2, *options, "--run-dir", tmp_path / "run")
    result = invoke(*arguments, "--predictions", tmp_path / "rows.csv", "--mistakes", 1)
    assert result.exit_code == 0, result.stderr
    assert f"wrote    {tmp_path}/rows.csv\n" in result.stderr
    rows = read_csv(tmp_path / "rows.csv")
    assert list(rows[0]) == ["text", "label", "note", "fold", *ADDED]
    assert [row["text"] for row in rows] == [*(row[0] for row in train), *(text for text, _ in feeling_rows(2, 100))]
    assert rows[len(train) - 1]["fold"] == rows[len(train) - 1]["prediction"] == ""
    scored = [row for row in rows if row["fold"]]
    assert {row["fold"] for row in scored} == {"1", "2"}
    for fold in ("1", "2"):
        own = [row for row in scored if row["fold"] == fold]
        (tmp_path / "texts.txt").write_text("".join(f"{row['text']}\n" for row in own))
        predicted = invoke("predict", tmp_path / "run" / "folds" / fold, tmp_path / "texts.txt")
        assert predicted.stdout == "".join(f"{row['prediction']}\t{row['score']}\n" for row in own)
    (found,) = json.loads((tmp_path / "run" / "metrics.json").read_text())["evaluations"].values()
    right = sum(row["label"] == row["prediction"] for row in scored)
    assert found["scores"]["this model"]["accuracy"]["value"] == pytest.approx(right / len(scored))
    assert len(FEELINGS) == len(found["labels"]["this model"])


def test_a_cross_validation_checks_where_its_rows_go_before_it_trains(corpus: Path, tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", ["text", "label", "fold"], [[*row, "1"] for row in feeling_rows(3)])
    arguments = ("evaluate", "--folds", 2, *set_options(*FAST), "--output", tmp_path / "run")
    taken = invoke(*arguments, tmp_path / "train.csv", "--predictions", tmp_path / "rows.csv")
    assert taken.exit_code == 1
    assert "train.csv: already has a column 'fold'" in taken.stderr
    options = corpus_options(corpus)
    write_csv(tmp_path / "other.csv", ["text", "label", "author"], [[*row, "x"] for row in feeling_rows(3)])
    other = invoke(
        *arguments,
        *options,
        *set_options(f"data.validation={tmp_path}/other.csv"),
        "--predictions",
        tmp_path / "rows.csv",
    )
    assert other.exit_code == 1
    assert "other.csv: has a column 'author' that " in other.stderr
    assert names_in(tmp_path) == ["other.csv", "train.csv"]
