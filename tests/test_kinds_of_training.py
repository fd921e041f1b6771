"""What trainings of every kind promise: going on where they were stopped, and an engine that computes as torch does."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from lstmcli.config.loading import load_config
from lstmcli.data.row_text import joined_texts
from lstmcli.errors import InterruptedRunError
from lstmcli.events import EpochFinished, Event
from lstmcli.inference.predictor import Predictor
from lstmcli.models.classifier import Classifier
from lstmcli.recipes.train import train
from lstmcli.stopping import Stop
from lstmcli.store.run import OpenRun
from lstmcli.store.run_directory import RunDirectory
from lstmcli.text.vocabulary import PAD_ID
from lstmcli.training.batch import word_batch
from tests.conftest import FAST, feeling_rows, invoke, write_csv

ORDER = ("joy", "sadness", "anger")
COLUMNS = ["before", "text", "label", "mood", "second", "upset", "loud", "worth", "age", "place", "author"]


class Kind(NamedTuple):
    """A kind of training.

    Attributes:
        settings: of the config; FOLDER stands for the folder of the data.
        goes_on: whether it goes on from a finished training of the same kind.
    """

    settings: Sequence[str]
    goes_on: bool = False


KINDS = {
    "labels": Kind(["data.label=label"]),
    "an ensemble": Kind(["data.label=label", "training.ensemble=2"]),
    "yes/no columns": Kind(["data.labels=[upset, loud]"]),
    "groups": Kind(["data.labels=[upset, loud]", "data.group=author", "decision.level=group"]),
    "ordered labels with weights": Kind(
        ["data.label=label", f"data.ordered=[{', '.join(ORDER)}]", "data.weight=worth"]
    ),
    "scores": Kind(["data.scores=[mood, age]"]),
    "annotators": Kind(["data.annotators=[label, second]"]),
    "merged labels": Kind(["data.label=label", "data.label_map=FOLDER/map.csv"]),
    "features, lexicons and joined columns": Kind(
        [
            "data.label=label",
            "data.text=[before, text]",
            "data.features=[age, place]",
            "data.lexicons=[FOLDER/mood.csv]",
            "data.weight=worth",
        ]
    ),
    "a continued training": Kind(["data.label=label"], goes_on=True),
}


def rows_of(repeats: int, offset: int) -> list[tuple[object, ...]]:
    found = []
    for number, (text, label) in enumerate(feeling_rows(repeats, offset)):
        at = ORDER.index(label)
        second = label if number % 3 else ORDER[(at + 1) % 3]
        sign = (f"then {number % 5}", text, label, 2.0 * at + number % 2, second, int(at > 0), int(at == 2))
        found.append((*sign, 1 + number % 2, 20 + 5 * at + number % 3, f"P{number % 2}", f"{label}{number // 24}"))
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.csv, validation.csv, test.csv, a label map and a lexicon."""
    folder = tmp_path_factory.mktemp("kinds")
    for name, repeats, offset in (("train", 6, 0), ("validation", 3, 100), ("test", 3, 200)):
        rows = [[str(cell) for cell in row] for row in rows_of(repeats, offset)]
        write_csv(folder / f"{name}.csv", COLUMNS, rows)
    write_csv(folder / "map.csv", ["label", "group"], [("joy", "good"), ("sadness", "bad"), ("anger", "bad")])
    write_csv(folder / "mood.csv", ["word", "valence"], [("happy", "0.9"), ("glad", "0.8"), ("sad", "0.1")])
    return folder


def run_of(name: str, place: Path, run: Path, *, stop_after: int | None = None, resume: bool = False) -> Path:
    """Train in `run`, as far as the end of epoch `stop_after`."""
    kind = KINDS[name]
    settings = [*FAST, "model.pretrained=none", "training.epochs=2", "evaluation.bootstrap_samples=100"]
    settings += [f"data.{split}={place}/{split}.csv" for split in ("train", "validation", "test")]
    settings += [each.replace("FOLDER", str(place)) for each in kind.settings]
    if kind.goes_on:
        start = place / "start"
        if not start.exists():
            train(load_config(None, settings), OpenRun(RunDirectory(start)))
        settings.append(f"model.pretrained={start}")
    stop = StopAfter(stop_after)
    run.parent.mkdir(exist_ok=True)
    with contextlib.chdir(run.parent):  # so that reports, which name the run, can be compared
        train(
            load_config(None, settings), OpenRun(RunDirectory(Path(run.name)), resume=resume), tell=stop.tell, stop=stop
        )
    return run


class StopAfter(Stop):
    """Asks to stop when an epoch is finished."""

    def __init__(self, epoch: int | None) -> None:
        self._epoch = epoch
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def tell(self, event: Event) -> None:
        if isinstance(event, EpochFinished) and event.epoch == self._epoch:
            self._is_set = True


def results(run: Path) -> dict[str, bytes]:
    """Return the bytes of all files but those with times."""
    files = sorted(path for path in run.rglob("*") if path.is_file() and "checkpoints" not in path.parts)
    return {str(path.relative_to(run)): path.read_bytes() for path in files if path.name != "history.jsonl"}


@pytest.fixture(scope="module", params=KINDS)
def whole(request: pytest.FixtureRequest, place: Path) -> tuple[str, Path]:
    """The name of a kind, and a run of it."""
    name = str(request.param)
    return name, run_of(name, place, place / f"kind-{list(KINDS).index(name)}" / "run")


def test_a_training_that_was_stopped_goes_on_to_the_same_bytes(
    whole: tuple[str, Path], place: Path, tmp_path: Path
) -> None:
    name, run = whole
    with pytest.raises(InterruptedRunError):
        run_of(name, place, tmp_path / "run", stop_after=1)
    assert not (tmp_path / "run" / "metrics.json").exists()
    run_of(name, place, tmp_path / "run", resume=True)
    found, expected = results(tmp_path / "run"), results(run)
    assert {"metrics.json", "report.html", "model/model.json"} < expected.keys()
    assert found.keys() == expected.keys()
    assert [name for name, content in expected.items() if found[name] != content] == []


def test_the_engine_that_predicts_computes_the_network_as_torch_does(whole: tuple[str, Path]) -> None:
    _, run = whole
    predictor = Predictor.open(run)
    texts = [joined_texts([str(row[0]), str(row[1])]) for row in rows_of(3, 300)]
    with predictor.turn():
        token_ids = predictor.tokens.encode(texts)
        found = predictor.part_logits(token_ids).network
        words = predictor.tokens.word_ids(token_ids)
    expected = []
    for member in predictor.model.members:
        network = Classifier.from_saved(predictor.model.network, member, pad_id=PAD_ID)
        with torch.no_grad():
            expected.append(network(*word_batch(words, np.arange(len(texts)), torch.device("cpu"))).numpy())
    np.testing.assert_allclose(found, np.mean(expected, axis=0), atol=1e-5)


def test_reports_are_about_what_the_engine_predicts(whole: tuple[str, Path], place: Path) -> None:
    """The figures of the test file are those of a new evaluation."""
    _, run = whole
    result = invoke("evaluate", run, place / "test.csv", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)["evaluations"]
    stored = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["evaluations"]
    at = f"{place}/test.csv"
    assert found[at]["scores"]["this model"] == stored[at]["scores"]["this model"]
