"""`lstmcli distill`: what the small network learns, what it changes, and what is left when it fails."""

import csv
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from typer.testing import CliRunner

from lstmcli.cli.main import app
from lstmcli.data import sealed
from lstmcli.data.atomic import atomic_path
from lstmcli.data.sealed import CHECKSUMS_FILE, SealedFolder, reseal
from lstmcli.errors import LstmcliError
from lstmcli.inference import cascade
from lstmcli.inference.first_logits import FirstLogits
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.first_stage import FirstStage
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.models.pooling import AttentionPooling
from lstmcli.recipes.cascade.distill import DistillOptions, distill
from lstmcli.recipes.cascade.student import NO_DROPOUT
from lstmcli.store import first_network
from lstmcli.store.first_network import read_first_network
from lstmcli.store.lock import RunLock
from lstmcli.store.model import EMBEDDING, read_model
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.tokenizer import Tokenizer
from lstmcli.text.vocabulary import PAD_ID, UNKNOWN_ID
from lstmcli.training.batch import word_batch
from tests.conftest import FAST, TEXTS, feeling_rows, interrupt, invoke, set_options, write_csv
from tests.test_forged_runs import Change, assert_refused, forged, json_change, set_to

FIRST = {"first_network.json", "first_network.safetensors"}


@pytest.fixture(scope="session")
def texts_to_learn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of texts without labels: some like those of the training, some made of halves of two."""
    rows = feeling_rows(20, offset=300)
    mixed = [f"{one} but {other}" for (one, _), (other, _) in zip(rows, rows[5:], strict=False)]
    path = tmp_path_factory.mktemp("texts") / "texts.csv"
    return write_csv(path, ["text"], [[text] for text in [*(text for text, _ in rows), *mixed]])


@pytest.fixture(scope="session")
def distilled(run_directory: Path, texts_to_learn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the run with a first network. Tests must not change it."""
    run = Path(shutil.copytree(run_directory, tmp_path_factory.mktemp("distilled") / "run"))
    result = invoke("distill", run, texts_to_learn)
    assert result.exit_code == 0, result.stderr
    return run


@pytest.fixture
def copied(run_directory: Path, tmp_path: Path) -> Path:
    """A copy of the run without a first network."""
    return Path(shutil.copytree(run_directory, tmp_path / "copied"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def predicted(run: Path, file: Path, *arguments: str) -> list[dict[str, str]]:
    result = invoke("predict", run, file, *arguments)
    assert result.exit_code == 0, result.stderr
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_the_network_predicts_what_the_model_predicts(distilled: Path) -> None:
    predictor = Predictor.open(distilled)
    first = read_first_network(distilled, predictor.model)
    assert first is not None
    assert first.imitation.agreement > 0.9
    assert first.ngram_weight == 0.0 or first.imitation.agreement > 0.95
    unseen = [text for text, _ in feeling_rows(5, offset=900)]
    logits = FirstLogits(predictor, first).of_texts(unseen)
    assert (logits.argmax(axis=1) == predictor.probabilities(unseen).argmax(axis=1)).mean() > 0.9


def test_nothing_of_the_model_changes(run_directory: Path, distilled: Path, texts_to_learn: Path) -> None:
    before, after = contents(run_directory / "model"), contents(distilled / "model")
    assert set(after) == set(before) | FIRST
    assert {name for name in before if before[name] != after[name]} == {CHECKSUMS_FILE}
    options = [str(texts_to_learn), "--probabilities"]
    assert invoke("predict", distilled, *options).stdout == invoke("predict", run_directory, *options).stdout
    assert invoke("verify", distilled).exit_code == 0


def test_the_logits_are_those_of_torch(distilled: Path) -> None:
    predictor = Predictor.open(distilled)
    model = predictor.model
    first = read_first_network(distilled, model)
    assert first is not None
    vectors = model.members[0][EMBEDDING].astype(np.float32)
    sizes = Sizes(len(vectors), vectors.shape[1], len(model.labels.names), pad_id=PAD_ID)
    network = Classifier(sizes, first.network, NO_DROPOUT).eval()
    network.pooling = AttentionPooling(first.network.hidden_size, first.network.hidden_size)
    weights = {**first.weights, EMBEDDING: vectors}
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    tokenizer = Tokenizer(model.tokenizer)
    token_ids = TokenIds.from_texts(
        [[model.vocabulary.id_of(word) for word in tokenizer(text)] or [UNKNOWN_ID] for text in TEXTS]
    )
    with torch.no_grad():
        expected = network(*word_batch(token_ids, np.arange(len(TEXTS)), torch.device("cpu"))).double().numpy()
    found = FirstLogits(predictor, first)
    if found.has_ngrams:
        with predictor.turn():
            ngrams = predictor.ngram_logits(predictor.tokens.encode(TEXTS))
        expected = expected + first.ngram_weight * ngrams
    assert found.of_texts(TEXTS) == pytest.approx(expected, abs=1e-5)


def test_equal_commands_write_equal_bytes(copied: Path, distilled: Path, texts_to_learn: Path) -> None:
    def weights(*arguments: str) -> bytes:
        assert invoke("distill", copied, texts_to_learn, *arguments).exit_code == 0
        return (copied / "model" / "first_network.safetensors").read_bytes()

    assert weights() == (distilled / "model" / "first_network.safetensors").read_bytes()
    assert weights("--seed", "2") != weights()
    assert contents(copied / "model") == contents(distilled / "model")


FASTER = ["--fast", "0.95", "--answered-by", "--probabilities"]


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cascade, "CHECKED_SHARE", 8)
    texts = [text for text, _ in feeling_rows(20, offset=600)]
    return write_csv(tmp_path / "rows.csv", ["text"], [[text] for text in [*texts, *texts[:30], *TEXTS]])


def test_fast_predictions_come_from_the_network(distilled: Path, rows: Path) -> None:
    whole, fast = predicted(distilled, rows, "--probabilities"), predicted(distilled, rows, *FASTER)
    answered_by = [row.pop("answered_by") for row in fast]
    assert {"distilled", "model"} == set(answered_by)
    same = [row["prediction"] == other["prediction"] for row, other in zip(fast, whole, strict=True)]
    assert sum(same) / len(same) >= 0.95
    for row, other, who in zip(fast, whole, answered_by, strict=True):
        assert who == "distilled" or row == other
    notes = invoke("predict", distilled, rows, *FASTER).stderr
    assert "can be answered by the distilled network alone; on such rows, at least 0.95" in notes
    assert "answered by the distilled network alone; of" in notes
    assert "more that were checked with the whole model" in notes


@pytest.mark.parametrize("options", [["--jobs", "2"], ["--batch-size", "3"], ["--jobs", "2", "--batch-size", "7"]])
def test_neither_processes_nor_batches_change_a_byte(
    distilled: Path, rows: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cascade, "CHECKED_SHARE", 64)  # as in the workers
    assert predicted(distilled, rows, *FASTER, *options) == predicted(distilled, rows, *FASTER)


def test_joined_shards_are_the_same(
    distilled: Path, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lstmcli.data import shards

    monkeypatch.setattr(shards, "SHARD_ROWS", 16)
    for number in ("1", "2"):
        output = str(tmp_path / f"{number}.csv")
        assert invoke("predict", distilled, rows, *FASTER, "--shard", f"{number}/2", "-o", output).exit_code == 0
    joined = invoke("join", tmp_path / "1.csv", tmp_path / "2.csv").stdout
    assert joined == invoke("predict", distilled, rows, *FASTER).stdout


def test_ngrams_can_be_part_of_the_first_logits(distilled: Path, rows: Path, copied: Path) -> None:
    """With a weight, their logits are added, and processes agree on it."""
    with_ngrams = forged(distilled, copied, "model/first_network.json", json_change(set_to(0.5, "ngram_weight")))
    predictor = Predictor.open(with_ngrams)
    first, other = (read_first_network(run, predictor.model) for run in (with_ngrams, distilled))
    assert first is not None
    assert other is not None
    assert first.digest != other.digest
    with predictor.turn():
        ngrams = predictor.ngram_logits(predictor.tokens.encode(TEXTS))
    alone = FirstLogits(predictor, other).of_texts(TEXTS) - other.ngram_weight * ngrams
    assert FirstLogits(predictor, first).of_texts(TEXTS) == pytest.approx(alone + 0.5 * ngrams, abs=1e-12)
    assert predicted(with_ngrams, rows, *FASTER, "--batch-size", "5") == predicted(with_ngrams, rows, *FASTER)


def test_a_threshold_belongs_to_one_network(distilled: Path) -> None:
    predictor = Predictor.open(distilled)
    stage = FirstStage((1.0,), (0.0,), 2.0, network="0123456789abcdef")
    with pytest.raises(LstmcliError, match="the first network of the model has changed since --fast was calibrated"):
        cascade.Cascade(predictor, stage, read_first_network(distilled, predictor.model))


def test_it_learns_from_the_training_rows_if_no_file_is_named(copied: Path) -> None:
    result = invoke("distill", copied)
    assert result.exit_code == 0, result.stderr
    assert "108 texts to train on, 12 held out to measure agreement" in result.stderr
    assert "result   a small network, which predicts the same for" in result.stderr
    assert f"next     lstmcli predict {copied} FILE --fast 0.999" in result.stderr
    assert invoke("distill", copied, "--quiet").output == ""


def test_it_learns_from_several_files_and_from_a_pipe(copied: Path, texts_to_learn: Path, tmp_path: Path) -> None:
    texts = [row["text"] for row in csv.DictReader(io.StringIO(texts_to_learn.read_text()))]
    (tmp_path / "one.txt").write_text("\n".join(texts[:200]) + "\n\n")
    write_csv(tmp_path / "two.csv", ["post"], [[text] for text in [*texts[150:], "", texts[0]]])
    result = invoke("distill", copied, tmp_path / "one.txt", "--rows", "150", "--hidden-size", "5")
    assert "135 texts to train on, 15 held out" in result.stderr
    assert json.loads((copied / "model" / "first_network.json").read_text())["network"]["hidden_size"] == 5
    result = invoke("distill", copied, tmp_path / "two.csv", "--text", "post")
    num_texts = len(set(texts[150:]) | {texts[0]})
    assert f"{num_texts - round(0.1 * num_texts):,} texts to train on" in result.stderr
    piped = CliRunner().invoke(app, ["distill", str(copied), "-"], input="\n".join(texts[:200]))
    assert (piped.exit_code, "180 texts to train on" in piped.stderr) == (0, True)


def test_texts_that_it_learned_from_calibrate_nothing(
    copied: Path, run_directory: Path, texts_to_learn: Path, tmp_path: Path, corpus: Path
) -> None:
    """It agrees with the model more on these than on others, and so do the n-grams on those of the training."""
    others = write_csv(tmp_path / "others.csv", ["text"], [[text] for text, _ in feeling_rows(8, offset=700)])
    assert invoke("distill", copied, texts_to_learn).exit_code == 0
    num_texts = len(texts_to_learn.read_text().splitlines()) - 1
    few = f"{round(0.1 * num_texts)} rows that the model has not learned from are too few to be sure of that"
    for path in (copied, copied / "model"):
        assert few in invoke("predict", path, texts_to_learn, "--fast", "0.95").stderr
        assert "95 rows" not in invoke("predict", path, others, "--fast", "0.95").stderr
    message = "--fast 0.95: 0 rows that the model has not learned from are too few"
    assert message in invoke("predict", run_directory, corpus / "train.csv", "--fast", "0.95").stderr
    copy = Path(shutil.copytree(copied / "model", tmp_path / "copy"))
    assert "too few" not in invoke("predict", copy, texts_to_learn, "--fast", "0.95").stderr  # which knows no run
    assert invoke("verify", copied).exit_code == 0


def test_evaluations_do_not_count_what_it_learned_from(copied: Path, corpus: Path) -> None:
    def seen() -> str:
        result = invoke("evaluate", copied, corpus / "test.csv")
        assert result.exit_code == 0, result.stderr
        return "\n".join(line for line in result.output.splitlines() if "seen" in line or "trained on" in line)

    before = seen()
    assert invoke("distill", copied, corpus / "test.csv", corpus / "train.csv").exit_code == 0
    assert seen() == before


def test_a_run_that_does_not_say_what_it_was_trained_on_can_be_distilled(
    copied: Path, texts_to_learn: Path, corpus: Path
) -> None:
    """As runs of older releases don't."""
    shutil.rmtree(copied / "seen_texts")
    assert invoke("distill", copied, texts_to_learn).exit_code == 0
    for command in (["evaluate", copied, corpus / "test.csv"], ["verify", copied]):
        result = invoke(*command)
        assert result.exit_code == 0, result.stderr
    assert "that the model has not learned from" in invoke("predict", copied, texts_to_learn, "--fast", "0.99").stderr


def test_a_wider_network_does_not_change_with_its_batches(copied: Path, texts_to_learn: Path, rows: Path) -> None:
    """Its gates take several matrices."""
    assert invoke("distill", copied, texts_to_learn, "--hidden-size", "90").exit_code == 0
    assert predicted(copied, rows, *FASTER, "--batch-size", "2") == predicted(copied, rows, *FASTER)


def test_info_tells_of_it(distilled: Path, run_directory: Path) -> None:
    shown = " ".join(invoke("info", distilled).stdout.split())
    assert "for --fast a distilled network, which predicts the same for" in shown
    facts = json.loads(invoke("info", distilled, "--json").stdout)["classifier"]["first_network"]
    assert facts.keys() == {"agreement", "num_texts", "num_held_out"}
    assert "for --fast" not in invoke("info", run_directory).stdout
    assert "first_network" not in json.loads(invoke("info", run_directory, "--json").stdout)["classifier"]


def test_a_copied_model_folder_needs_a_file(copied: Path, texts_to_learn: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(copied / "model", tmp_path / "copy"))
    result = invoke("distill", copy)
    assert result.exit_code == 2
    assert "does not say which file it was trained on; name files of texts to learn from." in result.stderr
    assert invoke("distill", copy, texts_to_learn).exit_code == 0
    assert set(contents(copy)) == set(contents(copied / "model")) | FIRST
    assert invoke("distill", copied / "model").exit_code == 0  # of a run, which names one


def test_a_training_file_that_is_gone_is_named(tmp_path: Path) -> None:
    train = write_csv(tmp_path / "train.csv", ["text", "label"], feeling_rows(10))
    options = set_options(*FAST, "training.epochs=1", "evaluation.baselines=false")
    assert invoke("train", train, *options, "--run-dir", tmp_path / "run", "--quiet").exit_code == 0
    train.unlink()
    result = invoke("distill", tmp_path / "run")
    assert result.exit_code == 2
    assert f"was trained on {train}, which is not there; name files of texts to learn from." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["few.txt"], 1, "few.txt: 6 different texts are too few to learn from; at least 50 are needed"),
        (["none.csv"], 1, "none.csv: no such file"),
        (["what a lovely day"], 1, "no such file. To label a text"),
        (["few.csv", "--text", "post"], 1, "post"),
        (["few.txt", "--rows", "0"], 2, "0 is not in the range"),
        (["few.txt", "--hidden-size", "2000"], 2, "2000 is not in the range"),
    ],
)
def test_mistakes_get_one_message(copied: Path, folder: Path, arguments: list[str], code: int, message: str) -> None:
    (folder / "in.txt").rename(folder / "few.txt")
    (folder / "in.csv").rename(folder / "few.csv")
    before = contents(copied / "model")
    arguments = [str(folder / word) if "few" in word or "none" in word else word for word in arguments]
    result = invoke("distill", copied, *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in " ".join(result.stderr.split())
    assert contents(copied / "model") == before
    assert not (copied / ".lock").exists()


def test_a_run_in_use_is_not_changed(copied: Path, texts_to_learn: Path) -> None:
    lock = RunLock(copied)
    lock.acquire()
    try:
        result = invoke("distill", copied, texts_to_learn)
    finally:
        lock.release()
    assert (result.exit_code, "is in use by process" in result.stderr) == (1, True)


def test_a_model_without_checksums_is_left_alone(copied: Path, texts_to_learn: Path) -> None:
    description = copied / "model" / "model.json"
    json_change(set_to(3, "format_version"))(description)
    (copied / "model" / CHECKSUMS_FILE).unlink()
    before = contents(copied / "model")
    result = invoke("distill", copied, texts_to_learn)
    assert result.exit_code == 1
    assert "an older release wrote this model, without checksums, and nothing can be added to it." in result.stderr
    assert contents(copied / "model") == before


def replace_first_network(run: Path, found: first_network.FirstNetwork) -> None:
    first_network.remove_first_network(run)
    first_network.write_first_network(run, found)


@pytest.mark.parametrize("has_one", [False, True], ids=["first", "second"])
@pytest.mark.parametrize("failing", range(4))
def test_a_model_stays_whole_wherever_writing_ends(
    distilled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int, has_one: bool
) -> None:
    """Of the four files that are replaced, one can't be."""
    run = Path(shutil.copytree(distilled, tmp_path / "run"))
    model = read_model(run)
    found = read_first_network(run, model)
    assert found is not None
    if not has_one:
        for name in FIRST:
            (run / "model" / name).unlink()
        reseal(run / "model", [name for name in SealedFolder(run / "model").names if name not in FIRST])
    calls = iter(range(9))

    @contextmanager
    def fails(path: Path, **options: Any) -> Iterator[Path]:
        with atomic_path(path, **options) as temporary:
            yield temporary
            if next(calls) == failing:
                raise OSError(28, "No space left on device", str(path))

    for module in (first_network, sealed):
        monkeypatch.setattr(module, "atomic_path", fails)
    with pytest.raises(OSError, match="No space left"):
        replace_first_network(run, found)
    monkeypatch.undo()
    assert invoke("verify", run).exit_code == 0
    left = read_first_network(run, read_model(run))
    assert (left is not None) == (has_one and failing == 0)
    replace_first_network(run, found)
    assert contents(run / "model") == contents(distilled / "model")


def test_what_a_killed_process_left_is_removed(distilled: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(distilled, tmp_path / "run"))
    found = read_first_network(run, read_model(run))
    assert found is not None
    (run / "model" / ".first_network.json.x1y2.part").write_text("{")
    replace_first_network(run, found)
    assert contents(run / "model") == contents(distilled / "model")


FORGED: dict[str, Change] = {
    "no network": lambda content: content.pop("network"),
    "a cell": set_to("gru", "network", "cell"),
    "a size": set_to(17, "network", "hidden_size"),
    "a huge size": set_to(10**9, "network", "hidden_size"),
    "layers": set_to(2, "network", "layers"),
    "a key": set_to(1, "network", "heads"),
    "a weight of n-grams": set_to(1.5, "ngram_weight"),
    "a weight that is text": set_to("0", "ngram_weight"),
    "an agreement": set_to(2.0, "agreement"),
    "texts": set_to(0, "texts"),
    "texts held out": set_to(None, "held_out"),
    "a version": set_to("1", "format_version"),
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_forged_descriptions_are_refused(distilled: Path, tmp_path: Path, rows: Path, change: Change) -> None:
    run = forged(distilled, tmp_path, "model/first_network.json", json_change(change))
    result = invoke("predict", run, rows, *FASTER)
    fits = "first_network.safetensors" if "do not fit" in result.stderr else "first_network.json"
    assert_refused(result, run / "model" / fits)
    assert invoke("verify", run).exit_code == 1
    assert invoke("predict", run, rows).exit_code == 0  # which needs none


def test_a_newer_network_asks_for_a_newer_release(distilled: Path, tmp_path: Path, rows: Path) -> None:
    run = forged(distilled, tmp_path, "model/first_network.json", json_change(set_to(2, "format_version")))
    result = invoke("predict", run, rows, *FASTER)
    assert (result.exit_code, "Upgrade lstmcli." in result.stderr) == (1, True)


@pytest.mark.parametrize("name", sorted(FIRST))
@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "folder"])
def test_damage_is_noticed(distilled: Path, tmp_path: Path, rows: Path, name: str, damage: str) -> None:
    run = Path(shutil.copytree(distilled, tmp_path / "run"))
    path = run / "model" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    change: dict[str, Callable[[], object]] = {
        "flip": lambda: path.write_bytes(content),
        "cut": lambda: os.truncate(path, len(content) // 2),
        "remove": path.unlink,
        "folder": lambda: (path.unlink(), path.mkdir()),
    }
    change[damage]()
    result = invoke("predict", run, rows, *FASTER)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1].startswith(f"error: {path}: ")
    assert invoke("verify", run).exit_code == 1
    assert invoke("predict", run, rows).exit_code == 0


def test_files_that_are_not_listed_are_no_network(distilled: Path, copied: Path) -> None:
    for name in FIRST:
        shutil.copy(distilled / "model" / name, copied / "model" / name)
    assert read_first_network(copied, read_model(copied)) is None
    assert FIRST.isdisjoint(SealedFolder(copied / "model").names)
    assert invoke("verify", copied).exit_code == 0


KINDS = {
    "several labels": (
        ["label"],
        lambda label: [f"{label}|strong" if label != "joy" else label],
        ["data.label_separator=|"],
    ),
    "ordered": (["label"], lambda label: [label], ["data.ordered=[sadness,anger,joy]"]),
    "traits": (["a", "b"], lambda label: [str(int(label == "joy")), str(int(label != "anger"))], ["data.labels=[a,b]"]),
    "no n-grams": (["label"], lambda label: [label], ["ngrams.enabled=false"]),
    "columns": (["label", "length"], lambda label: [label, str(len(label))], ["data.features=[length]"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_of_labels_can_be_distilled(kind: str, tmp_path: Path) -> None:
    names, cells, settings = KINDS[kind]
    labelled = [[text, *cells(label)] for text, label in feeling_rows(16)]
    train = write_csv(tmp_path / "train.csv", ["text", *names], labelled)
    options = set_options(*FAST, *settings, "evaluation.baselines=false")
    result = invoke("train", train, *options, "--run-dir", tmp_path / "run", "--quiet")
    assert result.exit_code == 0, result.stderr
    learned, new = (
        write_csv(tmp_path / name, ["text", *names], [[text, *cells(label)] for text, label in feeling_rows(30, start)])
        for name, start in (("learned.csv", 500), ("new.csv", 800))
    )
    found = distill(tmp_path / "run", [str(learned)], DistillOptions())
    assert found.imitation.agreement > 0.85
    whole, fast = (predicted(tmp_path / "run", new, *options) for options in ([], FASTER))
    column = "prediction"
    same = sum(row[column] == other[column] for row, other in zip(fast, whole, strict=True))
    assert same / len(whole) >= 0.95
    assert "distilled" in {row["answered_by"] for row in fast}


def test_scores_have_no_first_network(tmp_path: Path) -> None:
    rows = [[text, str(len(text) % 7)] for text, _ in feeling_rows(10)]
    train = write_csv(tmp_path / "train.csv", ["text", "score"], rows)
    options = set_options(*FAST, "data.scores=[score]", "evaluation.baselines=false")
    assert invoke("train", train, *options, "--run-dir", tmp_path / "run", "--quiet").exit_code == 0
    result = invoke("distill", tmp_path / "run")
    assert (result.exit_code, "predicts scores; lstmcli distill is for models of labels." in result.stderr) == (2, True)


def test_word_vectors_are_not_stored_again(distilled: Path) -> None:
    weights = load_file(distilled / "model" / "first_network.safetensors")
    assert EMBEDDING not in weights
    assert sum(value.size for value in weights.values()) < 5000


def test_ctrl_c_leaves_the_model_as_it_was(copied: Path, texts_to_learn: Path) -> None:
    before = contents(copied / "model")
    said = interrupt("distill", copied, texts_to_learn, when=copied / ".owner.json")
    assert said.splitlines()[-1] == "interrupted"
    assert contents(copied / "model") == before
    assert not (copied / ".lock").exists()
    assert invoke("distill", copied, texts_to_learn).exit_code == 0
