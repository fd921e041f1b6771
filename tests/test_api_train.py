"""lstmcli.train: the model of `lstmcli train`, from files or from memory, told of as it goes, stopped and resumed."""

import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import lstmcli
from lstmcli.events import EpochFinished, Event, LabelsFound, StepFinished, TrainingFinished, TrainingResumed
from tests.conftest import FAST, feeling_rows, history, invoke, write_csv
from tests.test_architecture import loaded_modules
from tests.test_sklearn import process_state

TEXTS, LABELS = (list(column) for column in zip(*feeling_rows(3), strict=True))
SETS = [{"joy": {"joy", "calm"}, "sadness": {"calm"}, "anger": set()}[label] for label in LABELS]

SETTINGS: dict[str, Any] = {
    "embedding.size": 8,
    "model.hidden_size": 5,
    "training.epochs": 3,
    "training.batch_size": 8,
    "ngrams.enabled": False,
    "pretraining.own_texts": False,
    "evaluation.baselines": False,
    "evaluation.bootstrap_samples": 100,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with mood.csv and fresh.csv: `text,label`."""
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "mood.csv", ["text", "label"], feeling_rows(3))
    write_csv(tmp_path / "fresh.csv", ["text", "label"], feeling_rows(1, offset=50))
    return tmp_path


def nested(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for dotted, value in settings.items():
        section, key = dotted.split(".")
        found.setdefault(section, {})[key] = value
    return found


def model_bytes(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run / "model").iterdir()}


def stop_at(epoch: int, error: type[BaseException] = KeyboardInterrupt) -> Callable[[Event], None]:
    """Return a callback that raises when an epoch is over."""

    def callback(event: Event) -> None:
        if isinstance(event, EpochFinished) and event.epoch == epoch:
            raise error

    return callback


# What it makes


@pytest.mark.parametrize("form", ["dotted", "nested", "mixed"])
def test_a_file_makes_the_model_of_the_command_line(form: str, folder: Path) -> None:
    wanted = {"data.train": "mood.csv", "training.epochs": 2, "evaluation.bootstrap_samples": 100}
    fast = dict(setting.split("=") for setting in FAST)
    settings = fast | wanted
    if form == "nested":
        settings = nested(settings)
    elif form == "mixed":
        settings = {**nested(fast), **wanted}
    result = lstmcli.train(settings, run_dir=folder / "here")
    options = [part for key, value in (fast | wanted).items() for part in ("--set", f"{key}={value}")]
    assert invoke("train", *options, "--run-dir", folder / "there").exit_code == 0
    assert model_bytes(folder / "here") == model_bytes(folder / "there")
    assert {path.name for path in (folder / "here").iterdir()} == {path.name for path in (folder / "there").iterdir()}
    assert result.run_dir == folder / "here"
    assert result.model.predict(TEXTS[:3]) == lstmcli.load(folder / "there").predict(TEXTS[:3])


@pytest.mark.usefixtures("folder")
def test_scores_are_of_test_rows_where_there_are_some() -> None:
    settings = {**SETTINGS, "data.train": "mood.csv", "data.validation": "fresh.csv"}
    without = lstmcli.train(settings, run_dir="a")
    assert without.test is None
    assert without.scores == {name: each.value for name, each in without.validation.scores["this model"].items()}
    assert repr(without) == f"<lstmcli.TrainingResult a: macro_f1 {without.scores['macro_f1']:.3f} on fresh.csv>"
    tested = lstmcli.train({**settings, "data.test": "mood.csv"}, run_dir="b")
    assert tested.test is not None
    assert tested.scores == {name: each.value for name, each in tested.test.scores["this model"].items()}
    expected = [label == guess for label, guess in zip(LABELS, tested.model.predict(TEXTS), strict=True)]
    assert tested.scores["accuracy"] == pytest.approx(np.mean(expected))


def test_paths_may_be_path_objects_everywhere(folder: Path) -> None:
    settings = {
        **SETTINGS,
        "data": {"train": folder / "mood.csv", "validation": Path("fresh.csv")},
        "pretraining.texts": [Path("fresh.csv")],
        "training.seed": np.int64(3),
        "model.cell": np.array(["rnn"])[0],
    }
    result = lstmcli.train(settings, run_dir=Path("runs/a"))
    assert result.run_dir == Path("runs/a")
    assert "  cell: rnn\n" in (folder / "runs" / "a" / "config.yaml").read_text()


def test_a_run_is_named_after_its_file_unless_it_is_told_where_to_be(folder: Path) -> None:
    settings = {**SETTINGS, "training.epochs": 1, "data.train": folder / "mood.csv"}
    assert lstmcli.train(settings).run_dir == Path("runs/mood")
    assert lstmcli.train({**settings, "output.run_dir": "there"}).run_dir == Path("there")
    assert lstmcli.train({**settings, "output.run_dir": "there"}, run_dir="here").run_dir == Path("here")
    assert all(lstmcli.load(run).kind == "single" for run in ("runs/mood", "there", "here"))


@pytest.mark.parametrize("kind", [list, tuple, iter, np.array, pd.Series], ids=lambda kind: kind.__name__)
def test_texts_and_names_may_be_any_column(kind: Any, tmp_path: Path) -> None:
    expected = lstmcli.train(SETTINGS, texts=TEXTS, labels=LABELS, run_dir=tmp_path / "expected")
    assert expected.model.labels == ("anger", "joy", "sadness")
    assert expected.model.kind == "single"
    lstmcli.train(SETTINGS, texts=kind(TEXTS), labels=kind(LABELS), run_dir=tmp_path / "found")
    assert model_bytes(tmp_path / "found") == model_bytes(tmp_path / "expected")


def test_texts_in_memory_make_the_model_of_the_same_texts_in_a_file(folder: Path) -> None:
    lstmcli.train({**SETTINGS, "data.train": "mood.csv"}, run_dir="file")
    lstmcli.train(SETTINGS, texts=TEXTS, labels=LABELS, run_dir="memory")
    models = [model_bytes(folder / name) for name in ("file", "memory")]
    cards = [model.pop("README.md").decode() for model in models]
    assert ["mood.csv" in card for card in cards] == [True, False]
    assert all(model.pop("checksums.json") for model in models)  # with those of the cards
    assert models[0] == models[1]


def test_sets_of_names_make_a_model_with_several_labels_per_text(folder: Path) -> None:
    joined = ["|".join(sorted(names)) for names in SETS]
    write_csv(folder / "sets.csv", ["text", "label"], list(zip(TEXTS, joined, strict=True)))
    expected = lstmcli.train(
        {**SETTINGS, "data.train": "sets.csv", "data.label_separator": "|", "data.unlabelled": "keep"}
    )
    for number, kind in enumerate((set, list, tuple, frozenset)):
        run = folder / str(number)
        result = lstmcli.train(SETTINGS, texts=TEXTS, labels=[kind(names) for names in SETS], run_dir=run)
        assert (result.model.labels, result.model.kind) == (("calm", "joy"), "multi")
        assert result.model.predict_proba(TEXTS).tobytes() == expected.model.predict_proba(TEXTS).tobytes()


def test_a_run_is_replaced_only_where_that_is_asked_for(tmp_path: Path) -> None:
    run = tmp_path / "run"
    lstmcli.train(SETTINGS, texts=TEXTS, labels=LABELS, run_dir=run)
    before = model_bytes(run)
    other = {**SETTINGS, "training.seed": 9}
    with pytest.raises(
        lstmcli.LstmcliError, match=r"holds a finished run\. Choose .*, or replace it with overwrite=True"
    ):
        lstmcli.train(other, texts=TEXTS, labels=LABELS, run_dir=run)
    assert model_bytes(run) == before
    lstmcli.train(other, texts=TEXTS, labels=LABELS, run_dir=run, overwrite=True)
    assert model_bytes(run) != before


def test_a_folder_with_other_files_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(lstmcli.LstmcliError, match="exists and is not a run directory"):
        lstmcli.train(SETTINGS, texts=TEXTS, labels=LABELS, run_dir=tmp_path, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


# What it tells, and how it goes on


def test_the_callback_is_told_of_labels_steps_and_epochs(tmp_path: Path) -> None:
    events: list[Event] = []
    lstmcli.train(SETTINGS, texts=TEXTS, labels=LABELS, run_dir=tmp_path / "run", progress=events.append)
    (found,) = [event for event in events if isinstance(event, LabelsFound)]
    assert found.names == ("anger", "joy", "sadness")
    epochs = [event for event in events if isinstance(event, EpochFinished)]
    assert [event.epoch for event in epochs] == [1, 2, 3]
    assert [event.validation for event in epochs] == [record["validation"] for record in history(tmp_path / "run")]
    steps = [event for event in events if isinstance(event, StepFinished)]
    assert [(event.epoch, event.batch) for event in steps] == [
        (epoch, batch) for epoch in (1, 2, 3) for batch in range(1, steps[0].num_batches + 1)
    ]
    assert isinstance(events[-1], Event)
    assert any(isinstance(event, TrainingFinished) for event in events)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("from_file", [False, True], ids=["memory", "file"])
def test_what_the_callback_raises_leaves_a_run_to_resume(
    error: type[BaseException], from_file: bool, folder: Path
) -> None:
    settings = {**SETTINGS, "data.train": "mood.csv"} if from_file else SETTINGS
    given: dict[str, Any] = {} if from_file else {"texts": TEXTS, "labels": LABELS}
    lstmcli.train(settings, **given, run_dir="whole")
    with pytest.raises(error):
        lstmcli.train(settings, **given, run_dir="parts", progress=stop_at(2, error))
    assert [record["epoch"] for record in history(folder / "parts")] == [1, 2]
    with pytest.raises(lstmcli.LstmcliError, match=r"holds an unfinished run \(continue it with resume=True\)"):
        lstmcli.train(settings, **given, run_dir="parts")
    events: list[Event] = []
    result = lstmcli.train(settings, **given, run_dir="parts", resume=True, progress=events.append)
    assert [event.epoch for event in events if isinstance(event, TrainingResumed)] == [3]
    assert [event.epoch for event in events if isinstance(event, EpochFinished)] == [3]
    assert model_bytes(folder / "parts") == model_bytes(folder / "whole")
    assert result.scores == lstmcli.train(settings, **given, run_dir="whole", resume=True).scores


@pytest.mark.parametrize(("kind", "number"), [(StepFinished, 6), (LabelsFound, 1)])
def test_stopping_within_an_epoch_or_before_the_first_is_resumed_too(
    kind: type[Event], number: int, tmp_path: Path
) -> None:
    seen: list[Event] = []

    def stop(event: Event) -> None:
        seen.extend([event] if isinstance(event, kind) else [])
        if len(seen) == number:
            raise KeyboardInterrupt

    given: dict[str, Any] = {"texts": TEXTS, "labels": LABELS}
    lstmcli.train(SETTINGS, **given, run_dir=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        lstmcli.train(SETTINGS, **given, run_dir=tmp_path / "parts", progress=stop)
    lstmcli.train(SETTINGS, **given, run_dir=tmp_path / "parts", resume=True)
    assert model_bytes(tmp_path / "parts") == model_bytes(tmp_path / "whole")


def test_a_pretraining_on_the_texts_in_memory_is_resumed(tmp_path: Path) -> None:
    settings = {**SETTINGS, "pretraining.own_texts": True, "pretraining.epochs": 2}
    given: dict[str, Any] = {"texts": TEXTS, "labels": LABELS}
    lstmcli.train(settings, **given, run_dir=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        lstmcli.train(settings, **given, run_dir=tmp_path / "parts", progress=stop_at(1))
    assert (tmp_path / "parts" / "pretraining").is_dir()
    lstmcli.train(settings, **given, run_dir=tmp_path / "parts", resume=True)
    assert model_bytes(tmp_path / "parts") == model_bytes(tmp_path / "whole")


def test_a_finished_run_is_resumed_to_the_same_result(tmp_path: Path) -> None:
    first = lstmcli.train(SETTINGS, texts=TEXTS, labels=LABELS, run_dir=tmp_path / "run")
    before = model_bytes(tmp_path / "run")
    again = lstmcli.train(SETTINGS, texts=TEXTS, labels=LABELS, run_dir=tmp_path / "run", resume=True)
    assert (again.validation, model_bytes(tmp_path / "run")) == (first.validation, before)


def test_other_texts_labels_or_settings_are_not_resumed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        lstmcli.train(SETTINGS, texts=TEXTS, labels=LABELS, run_dir=run, progress=stop_at(1))
    for settings, texts, labels, words in (
        (SETTINGS, TEXTS[::-1], LABELS, "have changed since; start again with overwrite=True"),
        (SETTINGS, TEXTS, LABELS[::-1], "have changed since; start again with overwrite=True"),
        ({**SETTINGS, "training.epochs": 4}, TEXTS, LABELS, "a different config: training.epochs was 3, is now 4"),
    ):
        with pytest.raises(lstmcli.LstmcliError, match=re.escape(words)):
            lstmcli.train(settings, texts=texts, labels=labels, run_dir=run, resume=True)
    with pytest.raises(lstmcli.LstmcliError, match="there is no run to resume; omit resume=True"):
        lstmcli.train(SETTINGS, texts=TEXTS, labels=LABELS, run_dir=tmp_path / "none", resume=True)
    with pytest.raises(ValueError, match="expected resume or overwrite, got both"):
        lstmcli.train(SETTINGS, texts=TEXTS, labels=LABELS, run_dir=run, resume=True, overwrite=True)


def test_the_command_line_says_where_a_run_from_memory_can_be_resumed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        lstmcli.train(SETTINGS, texts=TEXTS, labels=LABELS, run_dir=run, progress=stop_at(1))
    result = invoke("train", "--resume", "--run-dir", run)
    assert result.exit_code == 1
    assert "was started from Python with texts in memory; resume it from Python" in result.stderr


# What is wrong, and what is left behind


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "data.train: no training file given; set it, or pass texts and labels."),
        ({"training.epoch": 3}, "training.epoch: unknown key. Did you mean 'training.epochs'?"),
        ({"training": {"epoch": 3}}, "training.epoch: unknown key. Did you mean 'training.epochs'?"),
        ({"trainig": {"epochs": 3}}, "trainig: unknown key. Did you mean 'training'?"),
        ({"epochs": 3}, "epochs: unknown key. Did you mean 'training.epochs'?"),
        ({"training.epochs": "many"}, "training.epochs: expected a whole number of at least 1, got 'many'."),
        ({"training": 3}, "training: expected keys with values below it, got 3."),
        ({"data.train": "mod.csv"}, "mod.csv: no such file. Did you mean 'mood.csv'?"),
        ({"data": {"train": "mood.csv", "label": "mood"}}, "Columns: text, label. The column is set by"),
        ({"data": {"train": "mood.csv", "text": "body"}}, "Columns: text, label. The column is set by"),
    ],
    ids=repr,
)
def test_a_wrong_setting_is_named_and_nothing_is_written(settings: Any, words: str, folder: Path) -> None:
    before = set(folder.iterdir())
    with pytest.raises(lstmcli.LstmcliError, match=re.escape(words)) as caught:
        lstmcli.train(settings)
    assert "--" not in str(caught.value)
    assert set(folder.iterdir()) == before


@pytest.mark.parametrize("settings", ["mood.csv", Path("mood.csv"), [("training.epochs", 3)], {3: 3}], ids=repr)
def test_settings_are_a_dict(settings: Any) -> None:
    with pytest.raises(TypeError, match=re.escape('expected settings by key, such as {"training.epochs": 5}, got ')):
        lstmcli.train(settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"data.train": "mood.csv"}, "data.train: only for rows in files, but texts and labels were given."),
        ({"data": {"validation": "v.csv", "test": "t.csv"}}, "data.validation, data.test: only for rows in files"),
        ({"data.group": "author"}, "data.group: only for rows in files"),
        ({"data.labels": ["joy", "anger"]}, "data.labels: only for rows in files"),
        ({"data.label_separator": "|"}, "data.label_separator: only for rows in files; give a set of names"),
    ],
    ids=repr,
)
def test_settings_of_files_are_refused_with_texts_in_memory(settings: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(lstmcli.LstmcliError, match=re.escape(words)):
        lstmcli.train({**SETTINGS, **settings}, texts=TEXTS, labels=LABELS, run_dir=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("texts", "labels", "kind", "words"),
    [
        (TEXTS, None, TypeError, "expected texts and labels together, got only texts"),
        (None, LABELS, TypeError, "expected texts and labels together, got only labels"),
        ("so glad", LABELS, TypeError, "expected a list of strings, got str; for one text, pass [text]"),
        ([None, *TEXTS[1:]], LABELS, TypeError, "expected a list of strings, but texts[0] is None; replace missing"),
        (pd.DataFrame({"text": TEXTS}), LABELS, TypeError, "got DataFrame; pass the column with the texts"),
        (TEXTS, "joy", TypeError, "expected a list of labels, got str"),
        (TEXTS, pd.DataFrame({"label": LABELS}), TypeError, "expected a list of labels, got DataFrame"),
        (TEXTS, dict(zip(TEXTS, LABELS, strict=True)), TypeError, "expected a list of labels, got dict"),
        (TEXTS, 3, TypeError, "expected a list of labels, got int"),
        (TEXTS, [3] * 36, TypeError, "expected names of labels, or sets of them, but labels[0] is 3"),
        (TEXTS, [*LABELS[:5], None], TypeError, "or sets of them, but labels[5] is None"),
        (TEXTS, [{3}, *SETS[1:]], TypeError, "or sets of them, but labels[0] is {3}"),
        (TEXTS, [{"joy"}, *LABELS[1:]], TypeError, "but labels[0] is ('joy',) and labels[1] is a name"),
        (TEXTS, [*LABELS[:5], {"joy"}], TypeError, "but labels[0] is 'joy' and labels[5] is a set of them"),
        (TEXTS, ["", *LABELS[1:]], ValueError, "but labels[0] is '', with an empty name"),
        (TEXTS, [{" "}, *SETS[1:]], ValueError, "but labels[0] is {' '}, with an empty name"),
        (TEXTS, LABELS[1:], ValueError, "expected as many labels as texts, got 36 texts and 35 labels"),
        ([], [], ValueError, "expected texts, got none"),
        (TEXTS, ["joy"] * 36, lstmcli.LstmcliError, "have only the label 'joy'; a classifier needs at least two."),
        (
            TEXTS[:2],
            LABELS[3:5],
            lstmcli.LstmcliError,
            "2 rows can't be split into training and validation; add more.",
        ),
        (TEXTS, [{"a|b"}, *SETS[1:]], lstmcli.LstmcliError, "which separates labels in predictions. Rename it."),
    ],
)
def test_wrong_texts_and_labels_are_refused(
    texts: Any, labels: Any, kind: type[Exception], words: str, tmp_path: Path
) -> None:
    with pytest.raises(kind) as caught:
        lstmcli.train(SETTINGS, texts=texts, labels=labels, run_dir=tmp_path / "run")
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_too_many_labels_are_pointed_out(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(240)]
    labels = [f"id{number // 2}" for number in range(240)]
    with pytest.raises(lstmcli.LstmcliError, match=r"120 different labels in \d+ rows; are these classes\?"):
        lstmcli.train(SETTINGS, texts=texts, labels=labels, run_dir=tmp_path / "run")


def test_texts_need_a_run_dir(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="expected run_dir with texts and labels"):
        lstmcli.train(SETTINGS, texts=TEXTS, labels=LABELS)
    settings = {**SETTINGS, "output.run_dir": tmp_path / "run"}
    assert lstmcli.train(settings, texts=TEXTS, labels=LABELS).run_dir == tmp_path / "run"


@pytest.mark.usefixtures("folder")
def test_training_prints_nothing_and_leaves_the_process_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    torch.set_num_threads(2)
    handler = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        before = process_state()
        lstmcli.train({**SETTINGS, "data.train": "mood.csv", "evaluation.baselines": True})
        with pytest.raises(KeyboardInterrupt):
            lstmcli.train(SETTINGS, texts=TEXTS, labels=LABELS, run_dir="b", progress=stop_at(1))
        assert process_state() == before
    finally:
        signal.signal(signal.SIGTERM, handler)
        torch.set_num_threads(1)
    assert capfd.readouterr() == ("", "")


def test_a_mistake_is_told_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    code = "import lstmcli\n    try: lstmcli.train({'data.train': sys.argv[1]})\n    except lstmcli.LstmcliError: pass"
    modules = loaded_modules(code, str(tmp_path / "gone.csv"))
    assert "lstmcli.recipes.run_setup" in modules
    assert not modules & {"torch", "pandas", "sklearn", "scipy"}
