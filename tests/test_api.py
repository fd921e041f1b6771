"""The Python interface: the answers of `lstmcli predict`, in any thread, and messages where no texts are passed."""

import ast
import copy
import csv
import io
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import lstmcli
from lstmcli.config.model_settings import ModelSettings
from lstmcli.data.formats.base import format_cell
from lstmcli.data.sealed import seal
from lstmcli.inference.given_texts import BLOCK_TEXTS
from lstmcli.inference.one_thread import numpys_libraries
from lstmcli.store.model import write_model
from tests.conftest import PROJECT, TEXTS, Cli, write_csv
from tests.test_architecture import HEAVY, loaded_modules
from tests.test_inference import WORDS, classifier, saved

ODD_TEXTS = ["", "  ", "\x00", "a\nb", '"quoted", yes', "שלום", "😂", "glad " * 3000, "unseen " * 400, TEXTS[0]]


@pytest.fixture(scope="module")
def model(run_directory: Path) -> lstmcli.Model:
    return lstmcli.load(run_directory)


@pytest.fixture(scope="module", params=["single", "multi", "traits"])
def run(request: pytest.FixtureRequest, run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained model, as if it had been told that a text has several labels."""
    folder: Path = tmp_path_factory.mktemp("model") / request.param
    shutil.copytree(run_directory / "model", folder)
    description = json.loads((folder / "model.json").read_text())
    description["label_kind"] = request.param
    if request.param != "single":
        description |= {"thresholds": [0.6, 0.3, 0.7], "at_least_one": request.param == "multi"}
    (folder / "model.json").write_text(json.dumps(description))
    (folder / "checksums.json").unlink()
    seal(folder)
    return folder


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with matrices so large that several threads share a product."""
    folder = tmp_path_factory.mktemp("wide")
    settings = ModelSettings(hidden_size=64, bidirectional=True, pooling="attention")
    write_model(folder, saved(classifier(settings), settings))
    return folder


def drawn_texts(number: int, seed: int) -> list[str]:
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice([*WORDS, f"new{seed}"], size=generator.integers(1, 30))) for _ in range(number)]


def digits(probabilities: NDArray[np.float64]) -> list[list[str]]:
    return [["" if np.isnan(value) else format_cell(value) for value in row] for row in probabilities.tolist()]


def test_answers_are_those_of_the_command_line(run: Path, cli: Cli, tmp_path: Path) -> None:
    texts = [*TEXTS, *ODD_TEXTS]
    write_csv(tmp_path / "in.csv", ["text"], [[text] for text in texts])
    model = lstmcli.load(run)
    for options, threshold in ([], None), (["--threshold", "0.7"], 0.7):
        output = cli("predict", run, tmp_path / "in.csv", "--probabilities", *options).stdout
        rows = list(csv.DictReader(io.StringIO(output, newline="")))
        assert digits(model.predict_proba(texts)) == [
            [row[f"probability_{label}"] for label in model.labels] for row in rows
        ]
        predictions = model.predict(texts, threshold=threshold)
        joined = ["|".join(each) if isinstance(each, tuple) else each or "" for each in predictions]
        assert joined == [row["prediction"] for row in rows]


def test_half_an_emoji_is_answered_as_on_the_command_line(model: lstmcli.Model, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "cut.jsonl").write_text('{"text": "so glad \\ud83d"}\n')
    row = json.loads(cli("predict", model._path, tmp_path / "cut.jsonl", "-p").stdout)
    expected = [[format_cell(row[f"probability_{label}"]) for label in model.labels]]
    assert digits(model.predict_proba(["so glad \ud83d"])) == expected


def test_one_label_is_a_name_and_several_are_a_tuple(run: Path) -> None:
    model = lstmcli.load(run)
    assert model.labels == ("anger", "joy", "sadness")
    assert model.kind == run.name
    if model.kind == "single":
        assert model.predict(["so glad", "so lonely"]) == ["joy", "sadness"]
        assert model.predict(["so glad", "nothing"], threshold=1.0) == [None, None]
        assert model.thresholds == dict.fromkeys(model.labels, 0.0)
    else:
        assert all(isinstance(each, tuple) and set(each) <= set(model.labels) for each in model.predict(TEXTS))
        assert model.predict(["so glad"], threshold=0.0) == [model.labels]
        assert model.predict(["so glad"], threshold=1.0) == [()]
        assert model.thresholds == {"anger": 0.6, "joy": 0.3, "sadness": 0.7}


def test_blank_texts_have_no_answer_unless_one_is_asked_for(run: Path) -> None:
    model = lstmcli.load(run)
    texts = ["so glad", "", " \u200b\n", "so sad"]
    answers, all_answers = model.predict(texts), model.predict(texts, answer_blank=True)
    assert answers == [all_answers[0], None, None, all_answers[3]]
    assert None not in all_answers
    assert np.isnan(model.predict_proba(texts)).tolist() == [[is_blank] * 3 for is_blank in (False, True, True, False)]
    assert np.isfinite(model.predict_proba(texts, answer_blank=True)).all()


def test_any_iterable_of_strings_will_do(model: lstmcli.Model) -> None:
    expected = model.predict_proba(TEXTS)
    index = range(10, 10 + len(TEXTS))
    for texts in (
        tuple(TEXTS),
        iter(TEXTS),
        (text for text in TEXTS),
        dict.fromkeys(TEXTS).keys(),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        pd.Series(TEXTS, index=index),
        pd.Series(TEXTS, dtype="string"),
        pd.Series(TEXTS, dtype="category"),
    ):
        found = model.predict_proba(texts)
        assert (found.dtype, digits(found)) == (np.float64, digits(expected))


def test_blocks_and_neighbours_change_no_digit(model: lstmcli.Model) -> None:
    texts = [f"{TEXTS[number % 5]} number{number % 997}" for number in range(2 * BLOCK_TEXTS + 3)]
    expected = digits(model.predict_proba(texts))
    assert digits(lstmcli.load(model._path).predict_proba(reversed(texts))) == expected[::-1]
    for number in (0, 1, BLOCK_TEXTS, len(texts) - 1):
        assert digits(model.predict_proba([texts[number]])) == [expected[number]]
    assert model.predict(texts) == [
        name for start in range(0, len(texts), 500) for name in model.predict(texts[start : start + 500])
    ]


def test_texts_are_read_as_they_are_needed(model: lstmcli.Model) -> None:
    computed: list[int] = []
    original = model._predictor.probabilities

    def texts() -> Iterator[str]:
        for number in range(3 * BLOCK_TEXTS):
            assert number - sum(computed) <= BLOCK_TEXTS
            yield "so glad"

    def watched(block: Any) -> NDArray[np.float64]:
        computed.append(len(block))
        return original(block)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model._predictor, "probabilities", watched)
        model.predict(texts())
    assert computed == 3 * [BLOCK_TEXTS]


def test_no_texts_give_no_answers(run: Path) -> None:
    model = lstmcli.load(run)
    for texts in ([], iter([]), pd.Series([], dtype=str), np.array([], dtype=str)):
        assert model.predict(texts) == []
        found = model.predict_proba(texts)
        assert (found.shape, found.dtype) == ((0, 3), np.float64)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ("so glad", "expected a list of strings, got str; for one text, pass [text]"),
        (b"so glad", "expected a list of strings, got bytes; decode it and pass [text]"),
        ({"a": "so glad"}, "got dict; if the texts are its values, pass list(texts.values())"),
        (pd.DataFrame({"text": ["so glad"]}), "got DataFrame; pass the column with the texts, such as frame['text']"),
        (np.array("so glad"), "got ndarray of shape (); pass a one-dimensional array, such as texts.ravel()"),
        (np.array([["so glad"]]), "got ndarray of shape (1, 1); pass a one-dimensional array"),
        (None, "expected a list of strings, got None"),
        (3, "expected a list of strings, got int"),
        (["so glad", None], "but texts[1] is None; replace missing values first, for example with series.fillna('')"),
        (["so glad", 3], "expected a list of strings, but texts[1] is of type int"),
        ([["so glad"]], "but texts[0] is of type list"),
        ([b"so glad"], "but texts[0] is bytes; decode it first"),
        (np.array([1.5, 2.5]), "but texts[0] is of type float64"),
        (["so glad"] * 5000 + [None], "but texts[5000] is None"),
        (pd.Series(["so glad", float("nan")], dtype=object), "but texts[1] is nan; replace missing values first"),
        (pd.Series(["so glad", pd.NA], dtype="string"), "but texts[1] is <NA>; replace missing values first"),
    ],
)
@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_what_is_no_list_of_strings_is_refused(model: lstmcli.Model, method: str, texts: Any, words: str) -> None:
    with pytest.raises(TypeError, match=re.escape(words)):
        getattr(model, method)(texts)


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_a_threshold_is_a_probability(model: lstmcli.Model, threshold: float) -> None:
    with pytest.raises(ValueError, match=f"expected a threshold from 0 to 1, got {threshold}"):
        model.predict(["so glad"], threshold=threshold)


def test_a_folder_without_a_model_is_refused_as_on_the_command_line(tmp_path: Path, cli: Cli) -> None:
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(lstmcli.LstmcliError) as caught:
            lstmcli.load(folder)
        assert cli("predict", folder, stdin="glad").stderr == f"error: {caught.value}\n"


def test_a_run_is_named_by_str_or_path_or_its_model_folder(run_directory: Path) -> None:
    for run in (str(run_directory), run_directory, run_directory / "model"):
        assert lstmcli.load(run).predict(["so glad"]) == ["joy"]


def test_a_model_shows_what_it_is(run_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run_directory.parent)
    assert repr(lstmcli.load(run_directory.name)) == "<lstmcli.Model feelings: lstm, 3 labels>"


def test_copies_and_pickles_open_the_model_again_wherever_the_process_is(
    run_directory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(run_directory.parent)
    model = lstmcli.load(run_directory.name)
    monkeypatch.chdir(tmp_path)
    for other in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other is not model
        assert other.predict(["so glad"]) == ["joy"]


def test_threads_may_share_a_model(wide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstmcli.api.model.BLOCK_TEXTS", 40)  # so that they take many turns
    texts = [drawn_texts(200, seed) for seed in range(4)]
    expected = [lstmcli.load(wide).predict_proba(each).tobytes() for each in texts]
    shared = lstmcli.load(wide)
    before, interval = [library.get() for library in numpys_libraries()], sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as pool:
            for _ in range(10):
                found = pool.map(lambda each: shared.predict_proba(each).tobytes(), texts)
                assert list(found) == expected
    finally:
        sys.setswitchinterval(interval)
    assert [library.get() for library in numpys_libraries()] == before


@pytest.mark.skipif(not numpys_libraries(), reason="numpy's matrix library can't be told its number of threads")
def test_threads_of_the_matrix_library_change_no_byte_and_are_given_back(wide: Path) -> None:
    code = (
        "import sys, hashlib, json, lstmcli\n"
        "texts = json.load(sys.stdin); model = lstmcli.load(sys.argv[1])\n"
        "from lstmcli.inference.one_thread import numpys_libraries\n"
        "print(hashlib.sha256(model.predict_proba(texts).tobytes()).hexdigest())\n"
        "print([library.get() for library in numpys_libraries()])"
    )
    found = {}
    for threads in ("1", "2"):
        result = subprocess.run(
            [sys.executable, "-c", code, str(wide)],
            input=json.dumps(drawn_texts(600, 0)),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads, "PYTHONPATH": str(PROJECT)},
        )
        found[threads] = result.stdout.split("\n")
    assert found["1"][0] == found["2"][0]
    num_processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if num_processors != 1:  # OpenBLAS starts no more threads than there are processors for it
        assert found["2"][1] == "[2]"


def test_an_interrupted_prediction_leaves_no_trace(wide: Path) -> None:
    class Interrupted(list[str]):
        def append(self, word: str) -> None:
            if word == "w3":
                raise KeyboardInterrupt
            super().append(word)

    model = lstmcli.load(wide)
    growing = model._predictor._tokens._growing
    growing.words = Interrupted(growing.words)
    with pytest.raises(KeyboardInterrupt):
        model.predict(["w1 w2 w3 w4"])
    assert digits(model.predict_proba(["w3 w4 w5"])) == digits(lstmcli.load(wide).predict_proba(["w3 w4 w5"]))


def test_predicting_prints_nothing_and_changes_nothing_outside(run_directory: Path) -> None:
    code = (
        "import os, signal, sys, threading, warnings; import numpy as np; import lstmcli\n"
        "def state(): return (dict(os.environ), [signal.getsignal(n) for n in signal.valid_signals()], os.getcwd(),\n"
        "    np.geterr(), threading.active_count(), sys.getswitchinterval(), list(warnings.filters))\n"
        "before = state()\n"
        "model = lstmcli.load(sys.argv[1]); model.predict(['so glad']); model.predict_proba(['so glad'])\n"
        "assert state() == before\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(run_directory)], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_package_loads_what_is_asked_for(run_directory: Path) -> None:
    assert "numpy" not in loaded_modules("import lstmcli; lstmcli.__version__; dir(lstmcli); lstmcli.LstmcliError")
    modules = loaded_modules("import lstmcli; lstmcli.load(sys.argv[1]).predict(['so glad'])", str(run_directory))
    assert "numpy" in modules
    assert not modules & (HEAVY | {"typer", "rich", "yaml", "jinja2", "numpy.random", "threadpoolctl"})


def test_the_package_names_what_it_has() -> None:
    assert {"load", "Model", "LstmcliError", "__version__"} <= set(dir(lstmcli))
    assert all(hasattr(lstmcli, name) for name in lstmcli.__all__)
    with pytest.raises(AttributeError, match="module 'lstmcli' has no attribute 'lode'"):
        lstmcli.lode  # noqa: B018


def test_the_version_can_be_read_without_running_the_package() -> None:
    tree = ast.parse(Path(lstmcli.__file__).read_text(encoding="utf-8"))
    values = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"
    ]
    assert [ast.literal_eval(value) for value in values] == [lstmcli.__version__]
