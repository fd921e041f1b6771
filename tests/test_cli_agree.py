"""`lstmcli agree` as a shell user meets it."""

import json
from pathlib import Path
from typing import Any

import pytest

from lstmcli.data.reading import open_records
from lstmcli.recipes.agreement.reading import RatingColumns, read_ratings
from lstmcli.reports.inspection.cells import display_width
from tests.conftest import invoke, write_csv
from tests.test_architecture import loaded_modules

COLUMNS = ["text", "anna", "ben", "chris"]
ROWS = [
    ("glad", "joy", "joy", "joy"),
    ("so happy", "joy", "joy", ""),
    ("livid", "anger", "anger", "joy"),
    ("sad", "sadness", " sadness", "NA"),
    ("hm", "joy", "sadness", "sadness"),
    ("well", "", "", ""),
]


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "wide.csv", COLUMNS, ROWS)


@pytest.fixture
def long(tmp_path: Path) -> Path:
    rows = [[row[0], who, row[at]] for row in ROWS for at, who in enumerate(COLUMNS) if at and row[at]]
    file = tmp_path / "long.tsv"
    file.write_text("\n".join(map("\t".join, [["id", "rater", "emotion"], *rows])) + "\n", encoding="utf-8")
    return file


def agree(*arguments: object) -> dict[str, Any]:
    result = invoke("agree", *arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refused(*arguments: object) -> str:
    result = invoke("agree", *arguments)
    assert result.exit_code in {1, 2}
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


def test_a_column_and_a_row_for_each_rating_give_the_same(wide: Path, long: Path) -> None:
    found = agree(wide, "--labels", "anna,ben,chris")
    other = agree(long, "--item", "id", "--annotator", "rater", "--label", "emotion")
    assert found["num_spelt_missing"] == other["num_spelt_missing"] == 1
    assert found["name"] != other["name"]
    assert {**found, "name": ""} == {**other, "name": ""}
    assert found["categories"] == {"anger": 2, "joy": 7, "sadness": 4}
    assert (found["num_items"], found["num_compared"], found["num_complete"]) == (5, 5, 3)
    # Of 13 ratings, in items of 3, 2, 3, 2 and 3: 0, 0, 4 / 2, 0 and 4 / 2 disagreements; 13^2 - 4 - 49 - 16 expected.
    assert found["alpha"]["value"] == pytest.approx(1 - 4 / 100 * 12)


def test_tables_fit_the_screen_and_say_what_they_mean(wide: Path) -> None:
    result = invoke("agree", wide, "--labels", "anna,ben,chris")
    assert result.exit_code == 0
    assert all(display_width(line) <= 80 for line in result.stdout.splitlines())
    text = " ".join(result.stdout.split())
    assert "5 items, 3 annotators, 13 ratings on a nominal scale joy 7, sadness 4, anger 2" in text
    assert "1 cell with NA or the like: counted as missing" in text
    assert "Krippendorff's alpha 0.520 [" in text
    assert "below 0.667, Krippendorff's least for tentative conclusions" in text
    assert "Fleiss' kappa rests on the 3 items that all have rated" in text


@pytest.mark.parametrize(
    ("ratings", "verdict"),
    [
        (["aabbcca" * 9, "aabbcca" * 9], "is reliable by Krippendorff's rule (at least 0.8). "),
        (
            ["aabbccaabb" * 9, "aabbccaaba" * 9],
            "is reliable by Krippendorff's rule (at least 0.8). The interval leaves",
        ),
        (
            ["aabbccaabb" * 9, "aabbccabba" * 9],
            "enough for tentative conclusions by Krippendorff's rule (0.667 to 0.8). The interval leaves",
        ),
        (["aaa", "aaa"], "Alpha is undefined: no two ratings of an item, or all ratings are equal."),
    ],
)
def test_alpha_is_put_into_words(tmp_path: Path, ratings: list[str], verdict: str) -> None:
    file = write_csv(tmp_path / "two.csv", ["one", "two"], list(zip(*ratings, strict=True)))
    assert verdict in " ".join(invoke("agree", file, "--labels", "one,two").stdout.split()) + " "


def test_ordered_categories_weigh_large_disagreements_more(tmp_path: Path) -> None:
    rows = [("none", "mild"), ("mild", "mild"), ("severe", "severe"), ("none", "none"), ("mild", "severe")]
    near = write_csv(tmp_path / "near.csv", ["a", "b"], rows)
    far = write_csv(tmp_path / "far.csv", ["a", "b"], [("none", "severe"), *rows[1:]])
    order = "--scale", "ordinal", "--order", "none, mild, severe"
    values = [agree(file, "--labels", "a,b", *order)["alpha"]["value"] for file in (near, far)]
    assert values[0] > values[1] + 0.3
    shown = " ".join(invoke("agree", near, "--labels", "a,b", *order).stdout.split())
    assert "on an ordinal scale none 3, mild 4, severe 3" in shown
    assert "Kappas of pairs weigh disagreements by their squares" in shown


def test_numbers_may_have_decimal_commas(tmp_path: Path) -> None:
    rows = [("1,5", "1.5"), ("2", "2,0"), ("4", "5"), ("3", "3")]
    file = write_csv(tmp_path / "scores.csv", ["a", "b"], rows)
    found = agree(file, "--labels", "a,b", "--scale", "interval")
    values = [1.5, 1.5, 2, 2, 4, 5, 3, 3]
    mean = sum(values) / 8
    expected = 2 * sum((value - mean) ** 2 for value in values) / 7
    assert found["alpha"]["value"] == pytest.approx(1 - 1 / 4 / expected)


def test_a_model_stands_beside_the_annotators(run_directory: Path, wide: Path) -> None:
    found = agree(wide, "--labels", "anna,ben,chris", "--run", run_directory)
    assert [each["annotator"] for each in found["annotators"]] == ["anna", "ben", "chris", "model"]
    assert found["annotators"][-1]["num_items"] == 5
    assert found["alpha"] == agree(wide, "--labels", "anna,ben,chris")["alpha"]
    assert found["model"]["run"] == str(run_directory)
    shown = invoke("agree", wide, "--labels", "anna,ben,chris", "--run", run_directory).stdout
    assert "The model agrees with the annotators (mean kappa" in " ".join(shown.split())


def test_mistakes_are_told_in_one_message(wide: Path, tmp_path: Path) -> None:
    assert "Name the annotators' columns with --labels A,B, or with --item" in refused(wide)
    assert "at least two different columns" in refused(wide, "--labels", "anna,anna")
    assert "has no column 'bob'" in refused(wide, "--labels", "anna,bob")
    assert "--labels and --item can't be combined" in refused(wide, "--labels", "anna,ben", "--item", "text")
    assert "--text: only with --run" in refused(wide, "--labels", "anna,ben", "--text", "text")
    assert "--order: only with --scale ordinal" in refused(wide, "--labels", "anna,ben", "--order", "a,b")
    ordinal = wide, "--labels", "anna,ben", "--scale", "ordinal"
    assert "needs numbers, found 'anger' (2 times), 'joy' (5 times)" in refused(*ordinal)
    assert "--order lacks 'sadness' (3 times)." in refused(*ordinal, "--order", "anger,joy")
    assert "names 'joy' twice" in refused(*ordinal, "--order", "joy,joy")
    assert "no such file" in refused(tmp_path / "none.csv", "--labels", "a,b").lower()
    empty = write_csv(tmp_path / "empty.csv", ["a", "b"], [("", "NA"), ("", "")])
    assert "nobody has rated anything" in refused(empty, "--labels", "a,b")
    rows = [("1", "anna", "joy"), ("1", "anna", "anger")]
    by_row = "--item", "id", "--annotator", "rater", "--label", "emotion"
    twice = write_csv(tmp_path / "twice.csv", ["id", "rater", "emotion"], rows)
    assert "line 3: 'anna' has already rated the item '1'" in refused(twice, *by_row)
    nobody = write_csv(tmp_path / "nobody.csv", ["id", "rater", "emotion"], [("1", "", "joy")])
    assert "line 2: the cell of the annotator is empty" in refused(nobody, *by_row)
    nothing = write_csv(tmp_path / "nothing.csv", ["id", "rater", "emotion"], [("", "anna", "joy")])
    assert "line 2: the cell of the item is empty" in refused(nothing, *by_row)
    alone = write_csv(tmp_path / "alone.csv", ["id", "rater", "emotion"], [("1", "anna", "joy")])
    assert "has a single annotator" in refused(alone, *by_row)


def test_a_model_must_know_the_categories_and_a_column_must_not_be_called_model(
    run_directory: Path, tmp_path: Path
) -> None:
    strange = write_csv(tmp_path / "strange.csv", ["text", "a", "b"], [("glad", "p", "q"), ("sad", "p", "p")])
    assert "knows none of the annotators' categories" in refused(strange, "--labels", "a,b", "--run", run_directory)
    taken = write_csv(tmp_path / "taken.csv", ["text", "a", "model"], [("glad", "joy", "joy")])
    assert "already called 'model'" in refused(taken, "--labels", "a,model", "--run", run_directory)


def test_a_row_with_too_many_cells_is_named(tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("a,b\njoy,joy\njoy,joy,joy\n")
    assert "line 3: has 3 cells, but the header has 2" in refused(file, "--labels", "a,b")


def test_lines_of_json_may_lack_ratings(tmp_path: Path) -> None:
    file = tmp_path / "rated.jsonl"
    file.write_text('{"a": 1, "b": 1}\n{"a": 2}\n{"b": 2, "a": null}\n{"a": 3, "b": 3}\n')
    with open_records(str(file)) as source:
        items = read_ratings(source, RatingColumns(("a", "b")))
    assert items.ratings == [{"a": "1", "b": "1"}, {"a": "2", "b": ""}, {"a": "", "b": "2"}, {"a": "3", "b": "3"}]
    assert agree(file, "--labels", "a,b")["num_compared"] == 2


def test_agreement_loads_neither_torch_nor_pandas(wide: Path) -> None:
    loaded = loaded_modules("from lstmcli.cli.main import app; app()", "agree", str(wide), "--labels", "anna,ben")
    assert "lstmcli.metrics.agreement" in loaded
    assert not loaded & {"torch", "pandas", "sklearn", "scipy", "pydantic"}
