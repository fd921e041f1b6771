"""What a model reads of a row beside one text: columns joined before it, numbers and categories."""

import csv
import io
import json
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lstmcli
from lstmcli.config.loading import config_from
from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.examples import read_examples
from lstmcli.corpus.feature_cells import BadFeatureError
from lstmcli.data import partial
from lstmcli.data.row_text import COLUMN_MARK, RowText, joined_texts
from lstmcli.errors import ConfigError, DataError, LstmcliError
from lstmcli.events import EpochFinished, Event, Note
from lstmcli.inference import rows
from lstmcli.inference.predictor import Answers, Predictor
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.ngrams.column_features import MAX_DEVIATIONS, ColumnFeatures, learn_columns
from lstmcli.store.description import Description
from lstmcli.store.model import read_model
from tests.conftest import FAST, feeling_rows, invoke, run_here, set_options, write_csv

COLUMNS = ["before", "text", "age", "place", "label"]
SETTINGS = {"data.text": ["before", "text"], "data.features": ["age", "place"]}
OPTIONS = set_options("data.text=[before, text]", "data.features=[age, place]", "model.pretrained=none", *FAST)


def rows_of(repeats: int, offset: int = 0) -> list[tuple[Any, ...]]:
    """Return rows in which age and place say the label, and the text only sometimes."""
    labels = sorted({label for _, label in feeling_rows(1)})
    found = []
    for number, (text, label) in enumerate(feeling_rows(repeats, offset)):
        place = labels.index(label)
        shown = text if number % 2 else f"well then number{offset + number}"
        age: Any = "" if number % 7 == 0 else 10 * place + number % 5
        found.append(("" if number % 3 == 0 else f"and now {number % 4}", shown, age, f"P{place}", label))
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that reads all columns; train.csv and new.csv are beside it."""
    folder = tmp_path_factory.mktemp("rows")
    file = write_csv(folder / "train.csv", COLUMNS, rows_of(6))
    write_csv(folder / "new.csv", COLUMNS, rows_of(2, offset=300))
    result = invoke("train", file, *OPTIONS, "--run-dir", folder / "run")
    assert result.exit_code == 0, result.stderr
    return folder / "run"


def predicted(output: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(output)))


# Texts with rows.


def test_a_text_with_a_row_is_a_text_and_equal_only_to_one_with_the_same_row() -> None:
    text = RowText("Hi", ["1", ""])
    assert (text.lower(), len(text), f"{text}!") == ("hi", 2, "Hi!")
    assert text == RowText("Hi", ["1", ""])
    assert text != RowText("Hi", ["2", ""])
    assert len({text: 1, "Hi": 2, RowText("Hi", ["2", ""]): 3}) == 3
    assert pickle.loads(pickle.dumps(text)) == text


def test_joined_columns_keep_their_places_and_no_cell_can_fake_a_mark() -> None:
    assert joined_texts(["", "b", "c"]) == f" {COLUMN_MARK} b {COLUMN_MARK} c"
    assert joined_texts([f"a{COLUMN_MARK}b", "c"]) == f"a b {COLUMN_MARK} c"
    assert joined_texts(["only"]) == "only"


def test_without_the_last_text_there_is_nothing_to_predict() -> None:
    assert joined_texts(["before", " "]) == " "


# Numbers from cells.


def test_numbers_are_standardised_and_categories_one_of_several() -> None:
    rows = [("1", "a"), ("3", "a"), ("", "b"), ("5", "b"), ("3", "c")]
    features = learn_columns([("age", None), ("place", None)], rows)
    assert features.names == ("age", "age (missing)", "place=a", "place=b", "place (other)")
    deviation = np.std([1, 3, 5, 3])
    texts = [RowText("", each) for each in [("5", "a"), ("", "c"), ("9e9", "new"), ("3", "")]]
    expected = [
        [2 / deviation, 0, 1, 0, 0],
        [0, 1, 0, 0, 1],
        [MAX_DEVIATIONS, 0, 0, 0, 1],
        [0, 0, *(features.averages[2:])],
    ]
    np.testing.assert_allclose(features.values([*texts[:2], RowText("", ("8e8", "new")), texts[3]]), expected)


def test_an_average_row_is_the_mean_of_the_training_rows() -> None:
    rows = [("1", "a"), ("4", "b"), ("", "a"), ("2", "")]
    features = learn_columns([("age", None), ("place", None)], rows * 2)
    np.testing.assert_allclose(
        features.values([RowText("", row) for row in rows]).mean(axis=0), features.averages, atol=1e-12
    )


def test_one_word_among_numbers_makes_a_category_unless_the_kind_is_set() -> None:
    rows = [("1",), ("2",), ("many",)]
    assert learn_columns([("age", None)], rows).settings == ("age=category",)
    assert learn_columns([("age", "category")], rows[:2]).settings == ("age=category",)
    assert learn_columns([("age", None)], rows[:2]).settings == ("age=number",)
    with pytest.raises(BadFeatureError, match="expected a number in column 'age', found 'many'"):
        learn_columns([("age", "number")], rows)


@pytest.mark.parametrize(
    ("key", "value"),
    [("deviation", 0.0), ("mean", float("nan")), ("missing", 2.0), ("name", 3), ("name", "a\nb")],
)
def test_what_is_stored_of_a_feature_is_checked(key: str, value: Any) -> None:
    features = learn_columns([("age", None)], [("1",), ("2",), ("",)])
    stored = features.to_dict()
    assert ColumnFeatures.from_dict(stored) == features
    stored["columns"][0][key] = value
    with pytest.raises(ValueError, match="features"):
        ColumnFeatures.from_dict(stored)


# Settings and files.


def test_a_list_in_data_text_names_what_is_joined() -> None:
    data = config_from({"data.train": "a.csv", "data.text": ["one", "two", "three"]}).data
    assert (data.text_before, data.text) == (("one", "two"), "three")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"data.text": ["a", "a"]}, "data.text, data.text_before: duplicate column"),
        ({"data.text": ["label", "a"]}, "data.text_before: a column is also what is learned"),
        ({"data.features": ["x", "x=number"]}, "data.features: duplicate column"),
        ({"data.features": ["text"]}, "data.features: column 'text' is also that of the texts"),
        ({"data.features": ["label"]}, "or of what is learned"),
        ({"data.features": ["x"], "ngrams.enabled": False}, "data.features requires ngrams.enabled"),
    ],
)
def test_columns_that_can_not_be_meant_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace(".", r"\.")):
        config_from({"data.train": "a.csv", **settings})


def test_a_cell_that_is_no_number_is_told_with_its_line(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", COLUMNS, [("", "x y", "3", "p", "joy"), ("", "z", "three", "p", "joy")])
    with pytest.raises(DataError, match="invalid features in 1 row: line 3: expected a number in column 'age'"):
        read_examples(str(file), DataSettings(features=("age=number",)))


def test_rows_with_other_cells_are_other_rows(tmp_path: Path) -> None:
    digests = set()
    for cell in ("1", "2", ""):
        file = write_csv(tmp_path / "a.csv", COLUMNS, [("", "x", cell, "p", "joy"), ("", "y", "1", "p", "love")])
        digests.add(read_examples(str(file), DataSettings(features=("age",))).digest())
    assert len(digests) == 3


# A model.


def test_the_linear_part_is_that_of_its_ngrams_and_its_features(run: Path) -> None:
    model = read_model(run)
    predictor = Predictor(model)
    features = model.features
    assert features is not None
    text = RowText(f"and now 1 {COLUMN_MARK} i feel glad", ["12", "P1"])
    with predictor.turn():
        token_ids = predictor.tokens.encode([text])
        alone, whole = (predictor.part_logits(token_ids, each) for each in (None, predictor.row_outputs([text])))
    assert alone.ngrams is not None
    assert whole.ngrams is not None
    added = features.coefficients @ features.sources[0].values([text])[0]
    np.testing.assert_allclose(whole.ngrams, alone.ngrams + added, rtol=1e-12)
    logits = (1 - model.ngram_share) * whole.network + model.ngram_share * whole.ngrams
    expected = probabilities_from_logits(logits, "single", temperature=model.temperature)
    np.testing.assert_allclose(predictor.probabilities([text]), expected, atol=1e-9)


def test_the_prediction_engine_agrees_with_what_was_tuned_in_training(run: Path) -> None:
    """The best epoch's log loss is of torch's logits and of the linear part as it was fitted."""
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    history = [json.loads(line) for line in (run / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    (best,) = [each for each in history if each["epoch"] == metrics["best_epoch"]]
    (evaluation,) = metrics["evaluations"].values()
    own = evaluation["scores"]["this model"]["log_loss"]["value"]
    assert own == pytest.approx(best["validation"]["log_loss"], abs=2e-3)  # word vectors are stored in float16


def test_reports_and_the_model_card_say_what_features_bring(run: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["ngrams_without_features"] < metrics["ngrams_alone"]
    assert set(metrics["without_feature"]) == {"age", "place"}
    assert "- without feature: " in (run / "report.md").read_text(encoding="utf-8")
    assert "The linear model also reads columns beside the text." in (run / "report.html").read_text(encoding="utf-8")
    card = (run / "model" / "README.md").read_text(encoding="utf-8")
    assert 'Before each text, it reads "before", which may be empty.' in card
    assert "- age (number: mean " in card
    assert "- place (category: P" in card


def test_a_model_that_reads_more_has_a_newer_format_and_others_keep_theirs(run: Path, run_directory: Path) -> None:
    stored = {
        each: json.loads((each / "model" / "model.json").read_text(encoding="utf-8")) for each in (run, run_directory)
    }
    assert [each["format_version"] for each in stored.values()] == [8, 5]
    assert "features" not in stored[run_directory]
    assert "text_before" not in stored[run_directory]["columns"]
    assert read_model(run).columns.features == ("age=number", "place=category")


@pytest.mark.parametrize("change", ["coefficients", "sources"])
def test_a_damaged_description_of_features_is_refused(change: str, run: Path) -> None:
    stored = json.loads((run / "model" / "model.json").read_text(encoding="utf-8"))
    stored["features"][change] = stored["features"][change][:-1]
    with pytest.raises(ValueError, match="coefficients of features"):
        Description.from_dict(stored)


def test_all_ways_to_predict_a_row_give_the_same_answer(run: Path, tmp_path: Path) -> None:
    new = run.parent / "new.csv"
    result = invoke("predict", run, new)
    assert result.exit_code == 0, result.stderr
    expected = predicted(result.stdout)
    assert [list(row)[:5] for row in expected] == [COLUMNS] * len(expected)
    lines = "".join(json.dumps({key: row[key] for key in COLUMNS if row[key]}) + "\n" for row in expected)
    (tmp_path / "new.jsonl").write_text(lines, encoding="utf-8")
    found = invoke("predict", run, tmp_path / "new.jsonl")
    answers = [json.loads(line) for line in found.stdout.splitlines()]
    assert [(each["prediction"], f"{each['score']:.7f}") for each in answers] == [
        (row["prediction"], row["score"]) for row in expected
    ]
    assert invoke("predict", run, new, "--jobs", "2").stdout == result.stdout
    model = lstmcli.load(run)
    texts = [(row["before"] or None, row["text"]) for row in expected]
    features = {name: [row[name] or None for row in expected] for name in ("age", "place")}
    assert model.predict(texts, features=features) == [row["prediction"] for row in expected]


def test_equal_texts_of_different_rows_get_different_answers(run: Path) -> None:
    found = lstmcli.load(run).predict_proba(
        ["well then"] * 3, features={"age": [1, 51, 1], "place": ["P0", "P5", "P0"]}
    )
    np.testing.assert_array_equal(found[0], found[2])
    assert np.abs(found[0] - found[1]).max() > 0.1


def test_a_prediction_that_was_interrupted_goes_on_with_the_same_rows(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, whole, part = run.parent / "new.csv", tmp_path / "whole.csv", tmp_path / "part.csv"
    assert invoke("predict", run, new, "--output", whole).exit_code == 0
    monkeypatch.setattr(rows, "BLOCK_ROWS", 7)
    monkeypatch.setattr(partial, "MARK_SECONDS", 0.0)
    answer, blocks = Predictor.answer, list[int]()

    def failing(self: Predictor, texts: Sequence[str]) -> Answers:
        blocks.append(len(texts))
        if len(blocks) == 3:
            raise LstmcliError("the power is out")
        return answer(self, texts)

    monkeypatch.setattr(Predictor, "answer", failing)
    assert "the power is out" in invoke("predict", run, new, "--output", part).stderr
    assert not part.exists()
    result = invoke("predict", run, new, "--output", part, "--resume")
    assert result.exit_code == 0, result.stderr
    assert part.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("missing", ["before", "age"])
def test_a_missing_column_is_named_with_its_setting(missing: str, run: Path, tmp_path: Path) -> None:
    kept = [name for name in COLUMNS if name != missing]
    file = write_csv(tmp_path / "a.csv", kept, [["x"] * len(kept)])
    for command in ("predict", "evaluate", "explain"):
        result = invoke(command, run, file)
        assert result.exit_code == 1
        assert f"has no column '{missing}'" in result.stderr
        assert "data.text_before" in result.stderr or "data.features" in result.stderr


def test_a_row_whose_number_is_none_is_flagged_like_one_that_can_not_be_read(run: Path, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", COLUMNS, [("", "glad", "old", "P1", ""), ("", "glad", "", "P1", "")])
    result = invoke("predict", run, file)
    assert [bool(row["prediction"]) for row in predicted(result.stdout)] == [False, True]
    assert "line 2: expected a number in column 'age', found 'old'." in result.stderr


def test_lines_of_text_are_the_last_column_and_the_rest_is_missing(run: Path) -> None:
    result = run_here("predict", run, stdin="i feel glad\n")
    assert "lines of text have no age, place, which counts as missing" in result.stderr
    assert result.stdout.split("\t")[0] == lstmcli.load(run).predict(["i feel glad"])[0]
    assert lstmcli.load(run).predict([("", "i feel glad")]) == lstmcli.load(run).predict(["i feel glad"])


def test_explanations_name_the_column_of_each_word_and_list_features(run: Path, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", COLUMNS, [("and  now", "i feel glad", "11", "P1", "")])
    result = invoke("explain", run, file, "--output-format", "jsonl")
    (found,) = [json.loads(line) for line in result.stdout.splitlines()]
    cells = {"before": "and  now", "text": "i feel glad"}
    for word in found["words"]:
        if word["column"] is None:
            assert word["word"] == COLUMN_MARK
        else:
            assert cells[word["column"]][word["start"] : word["end"]] == word["word"]
    assert [word["column"] for word in found["words"]] == ["before"] * 2 + [None] + ["text"] * 3
    assert [(each["feature"], each["value"]) for each in found["features"]] == [("age", "11"), ("place", "P1")]
    shown = invoke("explain", run, file).stdout
    assert "features" in shown


def test_a_feature_is_worth_what_the_answer_loses_without_it(run: Path) -> None:
    model = lstmcli.load(run)
    (explained,) = model.explain(["i feel glad"], features={"age": [None], "place": ["P3"]})
    assert explained is not None
    (place,) = [each for each in explained.features if each.feature == "place"]
    place_of_label = model.labels.index(explained.label)
    with_it = model.predict_proba(["i feel glad"], features={"age": [None], "place": ["P3"]})[0, place_of_label]
    without = model.predict_proba(["i feel glad"], features={"age": [None], "place": [None]})[0, place_of_label]
    odds = np.log(with_it / (1 - with_it)) - np.log(without / (1 - without))
    assert place.share == pytest.approx(odds, abs=1e-6)


def test_a_page_of_such_a_model_is_refused(run: Path, tmp_path: Path) -> None:
    result = invoke("page", run, "--output", tmp_path / "page.html")
    assert result.exit_code != 0
    assert "reads more than one column of a row" in " ".join(result.stderr.split())


def test_the_rows_of_an_evaluation_can_be_written_with_their_predictions(run: Path, tmp_path: Path) -> None:
    new, out = run.parent / "new.csv", tmp_path / "rows.csv"
    result = invoke("evaluate", run, new, "--predictions", out, "--variants")
    assert result.exit_code == 0, result.stderr
    written = predicted(out.read_text(encoding="utf-8"))
    answers = [row["prediction"] for row in predicted(invoke("predict", run, new).stdout)]
    assert [row["prediction"] for row in written] == answers


def test_models_that_read_more_and_less_of_a_row_are_compared_on_the_same_rows(run: Path, run_directory: Path) -> None:
    result = invoke("compare", run, run_directory, run.parent / "new.csv")
    assert result.exit_code == 0, result.stderr


# Python.


def given(repeats: int = 4) -> dict[str, Any]:
    rows = rows_of(repeats)
    return {
        "texts": [(row[0] or None, row[1]) for row in rows],
        "labels": [row[4] for row in rows],
        "features": {"age": [row[2] or None for row in rows], "place": [row[3] for row in rows]},
    }


PYTHON = {
    "data.text": ["before", "text"],
    "embedding.size": 16,
    "model.hidden_size": 8,
    "model.pretrained": "none",
    "training.epochs": 2,
    "vocabulary.min_frequency": 1,
    "evaluation.bootstrap_samples": 100,
    "evaluation.baselines": False,
    "pretraining.own_texts": False,
}


def stop_at_first(event: Event) -> None:
    if isinstance(event, EpochFinished):
        raise KeyboardInterrupt


def test_rows_of_python_make_a_model_that_is_resumed_byte_for_byte(tmp_path: Path) -> None:
    events: list[Event] = []
    weights = [1.0 + number % 2 for number in range(len(given()["labels"]))]
    whole = lstmcli.train(PYTHON, **given(), weights=weights, run_dir=tmp_path / "whole", progress=events.append)
    with pytest.raises(KeyboardInterrupt):
        lstmcli.train(PYTHON, **given(), weights=weights, run_dir=tmp_path / "parts", progress=stop_at_first)
    parts = lstmcli.train(PYTHON, **given(), weights=weights, run_dir=tmp_path / "parts", resume=True)
    for file in sorted((whole.run_dir / "model").iterdir()):
        assert file.read_bytes() == (parts.run_dir / "model" / file.name).read_bytes(), file.name
    notes = [event.text for event in events if isinstance(event, Note)]
    assert any(note.startswith("beside the text: age (number: mean ") for note in notes)
    assert any("of n-grams and features" in note and " without place" in note for note in notes)


def test_scores_learn_from_features_too(tmp_path: Path) -> None:
    rows = rows_of(4)
    ages = [number % 10 for number in range(len(rows))]
    result = lstmcli.train(
        {key: value for key, value in PYTHON.items() if key != "data.text"},
        texts=[row[1] for row in rows],
        scores={"years": [2.0 * age + 1.0 for age in ages]},
        features={"age": ages},
        run_dir=tmp_path / "run",
    )
    low, high = result.model.predict(["well then", "well then"], features={"age": [1, 8]})
    assert high[0] - low[0] > 5.0
    (explained,) = result.model.explain(["well then"], features={"age": [8]})
    assert explained is not None
    assert explained.features[0].share > 1.0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda model: model.predict(["a"], features={"age": [1]}), ValueError, "there is no 'place'"),
        (
            lambda model: model.predict(["a"], features={"age": [1, 2], "place": ["P", "P"]}),
            ValueError,
            "1 texts and 2",
        ),
        (lambda model: model.predict(["a"], features={"age": ["x"], "place": ["P"]}), ValueError, "number 0 is 'x'"),
        (lambda model: model.predict([("a", "b", "c")]), TypeError, "a tuple of 2 texts"),
    ],
)
def test_rows_of_python_that_do_not_fit_are_told(
    call: Callable[[Any], Any], error: type[Exception], words: str, run: Path
) -> None:
    with pytest.raises(error, match=words):
        call(lstmcli.load(run))


def test_features_for_a_model_without_are_refused(run_directory: Path) -> None:
    with pytest.raises(TypeError, match="reads nothing beside the text"):
        lstmcli.load(run_directory).predict(["a"], features={"age": [1]})
