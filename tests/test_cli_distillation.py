"""`lstmcli pretrain` with a teacher as users start it, and trainings that start from it."""

import json
import shutil
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from safetensors.numpy import load_file

from lstmcli.config.loading import load_config
from lstmcli.config.model_settings import CellName
from lstmcli.errors import InterruptedRunError
from lstmcli.events import Event, TextsEncoded
from lstmcli.recipes.pretraining import pretrain
from lstmcli.stopping import Stop
from lstmcli.store.run import OpenRun
from lstmcli.store.run_directory import RunDirectory
from lstmcli.store.teacher_vectors import VectorBlocks
from lstmcli.training.teacher import SentenceEncoder
from tests.conftest import (
    FAST,
    FEELINGS,
    Cli,
    corpus_options,
    feeling_rows,
    interrupt,
    invoke,
    losses,
    set_options,
    write_csv,
)
from tests.test_missing_packages import without
from tests.tiny_teacher import SIZE, write_teacher

pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")

WORDS = [word for words in FEELINGS.values() for word in words]
SETTINGS = [*FAST, "embedding.size=null", "pretraining.epochs=3", "pretraining.learning_rate=0.02"]
SETTINGS += ["pretraining.batch_tokens=150"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `tiny/`, a teacher, and `all.txt`, texts."""
    folder = tmp_path_factory.mktemp("place")
    write_teacher(folder / "tiny", [*WORDS, "i", "feel", "about", "it", "today"])
    texts = [text for text, _ in feeling_rows(10, offset=300)]
    (folder / "all.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return folder


def settings(place: Path) -> list[str]:
    return [*SETTINGS, f"pretraining.teacher={place}/tiny", f"pretraining.texts={place}/all.txt"]


@pytest.fixture(scope="module")
def start(place: Path) -> Path:
    """A finished distillation. Tests must not change it."""
    run = place / "start"
    result = invoke("pretrain", *set_options(*settings(place)), "--run-dir", run)
    assert result.exit_code == 0, result.stderr
    for line in (
        f"teacher  tiny: vectors of {SIZE} numbers, reads up to 128 tokens of a text",
        "encoded  120 texts, ",
        "validation cosine ",
        "result   mean cosine ",
        f"(next: lstmcli train --set model.pretrained={run} ...)",
    ):
        assert line in result.stderr
    return run


def result_of(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run / "language_model").iterdir()}


def test_the_run_says_what_was_learned_and_how_well(start: Path) -> None:
    facts = json.loads((start / "metrics.json").read_text())
    assert facts["cosine"] == round(max(scores["cosine"] for _, scores in losses(start)), 4)
    assert (facts["teacher"], facts["teacher_size"], facts["texts"], facts["epochs"]) == ("tiny", SIZE, 114, 3)
    assert "probe" not in facts
    learned = json.loads((start / "language_model" / "language_model.json").read_text())["learned"]
    assert learned["cosine"] == pytest.approx(facts["cosine"], abs=1e-4)
    assert (learned["objective"], learned["teacher"], learned["teacher_size"]) == ("sentence-vectors", "tiny", SIZE)
    weights = load_file(start / "language_model" / "weights.safetensors")
    assert {name.split(".")[0] for name in weights} == {"embedding", "recurrent", "pooling"}
    assert weights["embedding.weight"].shape[1] == SIZE  # no more principal components than that
    assert losses(start)[-1][1]["cosine"] > losses(start)[0][1]["cosine"] > 0.0
    verified = invoke("verify", start)
    assert (verified.exit_code, f"{start}/teacher: 3 files" in verified.stdout) == (0, True)


def test_a_training_starts_from_words_layers_and_pooling(start: Path, corpus: Path, tmp_path: Path) -> None:
    options = set_options(
        "embedding.size=null", "training.epochs=1", "training.learning_rate=1e-9", f"model.pretrained={start}"
    )
    result = invoke("train", *corpus_options(corpus), *options, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    found = load_file(tmp_path / "run" / "model" / "weights.safetensors")
    expected = load_file(start / "language_model" / "weights.safetensors")
    copied = [name for name in expected if not name.startswith("embedding.")]
    assert len(copied) == 6 + 3
    for name in copied:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-6)
    facts = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert facts["pretraining_teacher"] == "tiny"
    assert facts["pretraining_cosine"] == json.loads((start / "metrics.json").read_text())["cosine"]
    assert "starts anew" not in result.stderr


def test_another_pooling_is_a_note(start: Path, corpus: Path, tmp_path: Path) -> None:
    options = set_options("embedding.size=null", "model.pooling=max", f"model.pretrained={start}")
    result = invoke("train", *corpus_options(corpus), *options, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert "pretrained with model.pooling=attention; max pooling starts anew" in result.stderr


def test_a_teacher_is_not_used_by_a_training(place: Path, corpus: Path, tmp_path: Path) -> None:
    option = set_options(f"pretraining.teacher={place}/tiny")
    result = invoke("train", *corpus_options(corpus), *option, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert "pretraining.teacher is ignored here" in result.stderr


@pytest.mark.parametrize("cell", get_args(CellName))
def test_all_layers_of_every_cell_are_pretrained(cell: str, place: Path, corpus: Path, tmp_path: Path) -> None:
    network = ["model.layers=2", f"model.cell={cell}", "pretraining.epochs=1"]
    run = tmp_path / "start"
    result = invoke("pretrain", *set_options(*settings(place), *network), "--run-dir", run)
    assert result.exit_code == 0, result.stderr
    names = set(load_file(run / "language_model" / "weights.safetensors"))
    assert {name.split(".")[2] for name in names if name.startswith("recurrent.layers.")} == {"0", "1"}
    options = set_options(*network[:2], f"model.pretrained={run}", "embedding.size=null", "training.epochs=1")
    trained = invoke("train", *corpus_options(corpus), *options, "--run-dir", tmp_path / "run")
    assert (trained.exit_code, "random weights" in trained.stderr) == (0, False), trained.stderr


class StopAfter(Stop):
    """Is set when it is asked for the `number`-th time, from 1."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.num_asked = 0

    def is_set(self) -> bool:
        self.num_asked += 1
        return self.num_asked == self.number


def distil(place: Path, run: Path, stop: Stop, *, resume: bool = False, more: tuple[str, ...] = ()) -> list[Event]:
    told: list[Event] = []
    config = load_config(None, [*settings(place), *more], needs_labels=False)
    pretrain(config, OpenRun(RunDirectory(run), resume=resume), tell=told.append, stop=stop)
    return told


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VectorBlocks, "block_texts", 50)


@pytest.mark.usefixtures("small_blocks")
def test_a_run_that_was_stopped_anywhere_ends_as_if_it_was_not(place: Path, tmp_path: Path) -> None:
    never = StopAfter(0)
    distil(place, tmp_path / "whole", never)
    expected = result_of(tmp_path / "whole")
    assert never.num_asked > 20
    for number in (1, 2, 3, 4, 5, never.num_asked // 2, never.num_asked - 1, never.num_asked):
        run = tmp_path / f"stopped-{number}"
        with pytest.raises(InterruptedRunError, match="stopped"):
            distil(place, run, StopAfter(number))
        told = distil(place, run, StopAfter(0), resume=True)
        assert result_of(run) == expected
        assert losses(run) == losses(tmp_path / "whole")
        blocks = {path.name: path.read_bytes() for path in (run / "teacher").iterdir()}
        assert blocks == {path.name: path.read_bytes() for path in (tmp_path / "whole" / "teacher").iterdir()}
        before = {event.num_before for event in told if isinstance(event, TextsEncoded) and event.kind == "texts"}
        assert before == ({50 * (number - 1)} if number <= 3 else set())  # one batch per block


def test_ctrl_c_while_the_teacher_encodes_says_how_to_resume(place: Path, tmp_path: Path) -> None:
    rows = [f"{text} again{number}" for number in range(35) for text, _ in feeling_rows(10)]
    (tmp_path / "many.txt").write_text("".join(f"{row}\n" for row in rows))
    run = tmp_path / "run"
    options = set_options(*settings(place), f"pretraining.texts={tmp_path}/many.txt", "pretraining.epochs=1")
    stderr = interrupt("pretrain", *options, "--run-dir", run, when=run / "teacher")
    assert f" of 4,200 texts are saved. Resume with: lstmcli pretrain --resume --run-dir {run}\n" in stderr
    assert not (run / "checkpoints").exists()
    resumed = invoke("pretrain", "--resume", "--run-dir", run)
    assert (resumed.exit_code, (run / "metrics.json").exists()) == (0, True), resumed.stderr


def test_nothing_is_encoded_twice(start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = shutil.copytree(start, tmp_path / "run")
    monkeypatch.setattr(SentenceEncoder, "encode", None)
    options = set_options(*settings(start.parent), "pretraining.epochs=2", "model.cell=rnn")
    repeated = invoke("pretrain", *options, "--run-dir", run, "--overwrite")
    assert repeated.exit_code == 0, repeated.stderr
    assert "encoded " not in repeated.stderr
    monkeypatch.undo()
    (start.parent / "fewer.txt").write_text("".join((start.parent / "all.txt").read_text().splitlines(True)[1:]))
    options += set_options(f"pretraining.texts={start.parent}/fewer.txt")
    other = invoke("pretrain", *options, "--run-dir", run, "--overwrite")
    assert (other.exit_code, "encoded  119 texts" in other.stderr) == (0, True), other.stderr
    without_teacher = invoke("pretrain", *options, "--set", "pretraining.teacher=null", "--run-dir", run, "--overwrite")
    assert (without_teacher.exit_code, (run / "teacher").exists()) == (0, False), without_teacher.stderr


def test_labelled_files_are_probed(start: Path, corpus: Path, tmp_path: Path) -> None:
    options = set_options(
        *settings(start.parent), f"data.train={corpus}/train.csv", f"data.validation={corpus}/validation.csv"
    )
    result = invoke("pretrain", *options, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert "probe    validation macro-F1 of a logistic regression on vectors: student 0." in result.stderr
    probe = json.loads((tmp_path / "run" / "metrics.json").read_text())["probe"]
    assert list(probe) == ["student", "teacher", "majority class"]
    assert probe["teacher"]["accuracy"] > 0.8 > probe["majority class"]["accuracy"]
    assert probe["student"]["accuracy"] > probe["majority class"]["accuracy"]
    assert result_of(tmp_path / "run") == result_of(start)
    write_csv(tmp_path / "b.csv", ["text", "mood"], [("good", "x"), ("bad", "y")])
    options += set_options(f"data.train={tmp_path}/b.csv")
    wrong = invoke("pretrain", *options, "--run-dir", tmp_path / "other")
    assert (wrong.exit_code, "b.csv" in wrong.stderr, (tmp_path / "other").exists()) == (1, True, False)


def test_a_vector_file_takes_precedence_and_all_its_words_stay_usable(place: Path, tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("happy 1 2 3\njoyful 3 -4 5\nsad -5 6 7\n")
    options = set_options(*settings(place), f"embedding.vectors={tmp_path}/v.txt", "pretraining.epochs=1")
    result = invoke("pretrain", *options, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    words = (tmp_path / "run" / "language_model" / "vocabulary.txt").read_text().split()
    table = load_file(tmp_path / "run" / "language_model" / "weights.safetensors")["embedding.weight"]
    row = table[words.index("joyful")]
    np.testing.assert_allclose(row / row[0], [1.0, -4 / 3, 5 / 3], rtol=1e-5)
    assert not list((tmp_path / "run" / "teacher").glob("words-*"))


def test_changed_texts_are_not_resumed(place: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    (tmp_path / "a.txt").write_text((place / "all.txt").read_text())
    more = (f"pretraining.texts={tmp_path}/a.txt",)
    with pytest.raises(InterruptedRunError):
        distil(place, run, StopAfter(12), more=more)
    assert (run / "checkpoints").exists()
    with (tmp_path / "a.txt").open("a") as stream:
        stream.write("today i feel good about it again\n")
    result = invoke("pretrain", "--resume", "--run-dir", run)
    assert (result.exit_code, "texts, labels or word vectors have changed" in result.stderr) == (1, True)


def test_a_mistake_leaves_no_run(place: Path, tmp_path: Path) -> None:
    for teacher, message in (
        (f"{place}/gone", "gone is not a folder"),
        (str(place), "has no model.onnx or onnx/model.onnx and no tokenizer.json."),
    ):
        options = set_options(*settings(place), f"pretraining.teacher={teacher}")
        result = invoke("pretrain", *options, "--run-dir", tmp_path / "run")
        assert (result.exit_code, message in result.stderr, result.stderr.count("\n")) == (1, True, 1), result.stderr
    broken = shutil.copytree(place / "tiny", tmp_path / "broken")
    (broken / "model.onnx").write_bytes(b"no network")
    options = set_options(*settings(place), f"pretraining.teacher={broken}")
    result = invoke("pretrain", *options, "--run-dir", tmp_path / "run")
    assert (result.exit_code, "can't be opened as an ONNX network" in result.stderr) == (1, True)
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_missing_package_is_one_line_before_anything_is_written(place: Path, tmp_path: Path) -> None:
    result = without(["tokenizers"], "pretrain", *set_options(*settings(place)), "--run-dir", tmp_path / "run")
    assert result.returncode == 1
    assert result.stderr == (
        "error: pretraining.teacher needs tokenizers; install what is missing with: pip install 'lstmcli[teacher]'\n"
    )
    assert not (tmp_path / "run").exists()


def test_prediction_needs_neither_package(start: Path, corpus: Path, tmp_path: Path, cli: Cli) -> None:
    options = set_options(f"model.pretrained={start}", "embedding.size=null", "training.epochs=1")
    arguments = ["train", *corpus_options(corpus), *options, "--run-dir", tmp_path / "run"]
    result = without(["onnxruntime", "tokenizers"], *arguments)
    assert result.returncode == 0, result.stderr
    predicted = without(["onnxruntime", "tokenizers"], "predict", tmp_path / "run", stdin="so glad\n")
    assert (predicted.returncode, predicted.stdout) == (0, cli("predict", tmp_path / "run", stdin="so glad\n").stdout)
