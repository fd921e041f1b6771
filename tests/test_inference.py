"""The numpy engine: equal to the torch network, faithful to rows, and careful about what it opens."""

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from lstmcli.cli.predict import predict_command
from lstmcli.config.model_settings import DataSettings, ModelSettings, TokenizerSettings
from lstmcli.config.settings import DropoutSettings
from lstmcli.corpus.label_set import LabelSet
from lstmcli.data.sealed import seal
from lstmcli.errors import DamagedFileError, RunDirectoryError
from lstmcli.inference import batch_invariant as products
from lstmcli.inference.batch_invariant import (
    FLOAT64_FALLBACK,
    MAX_ROWS,
    TILINGS,
    RowProduct,
    Tiling,
    choose_tiling,
    split_outputs,
)
from lstmcli.inference.first_logits import MOST_ROWS
from lstmcli.inference.network import Network
from lstmcli.inference.predictor import DEFAULT_BATCH_SIZE, Predictor
from lstmcli.inference.words import ProjectedWords
from lstmcli.kernels import KERNELS
from lstmcli.metrics.decisions import DecisionRule
from lstmcli.models.cells import CELLS
from lstmcli.models.classifier import Classifier, Sizes, classifier_weights
from lstmcli.models.pooling import POOLINGS
from lstmcli.store.model import ROWS_FORMAT_VERSION, SavedModel, read_model, write_model
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.vocabulary import PAD_ID, Vocabulary
from lstmcli.text.word_index import index_words
from lstmcli.training.batch import word_batch

WORDS = [f"w{number}" for number in range(20)]
LABELS = LabelSet(("a", "b", "c"), "single")


def classifier(network: ModelSettings, *, num_extra: int = 0, seed: int = 0) -> Classifier:
    torch.manual_seed(seed)
    sizes = Sizes(num_words=22 - num_extra, embedding_size=5, num_labels=3, pad_id=0)
    model = Classifier(sizes, network, DropoutSettings())
    for name, parameter in model.named_parameters():
        if not name.startswith("embedding"):
            torch.nn.init.normal_(parameter, std=0.5)
    model.embedding.extra = torch.randn(num_extra, 5)
    return model.eval()


def saved(model: Classifier, network: ModelSettings) -> SavedModel:
    return SavedModel(
        network=network,
        tokenizer=TokenizerSettings(),
        vocabulary=Vocabulary(["<pad>", "<unknown>", *WORDS]),
        labels=LABELS,
        rule=DecisionRule("single", np.zeros(3)),
        temperature=1.5,
        columns=DataSettings(text="words", labels=()),
        members=(classifier_weights(model),),
    )


NETWORKS = st.builds(
    ModelSettings,
    cell=st.sampled_from(sorted(CELLS)),
    hidden_size=st.integers(1, 4),
    layers=st.integers(1, 3),
    bidirectional=st.booleans(),
    pooling=st.sampled_from(sorted(POOLINGS)),
    chunk_tokens=st.none() | st.integers(1, 9),
)


@settings(max_examples=60, deadline=None)
@given(NETWORKS, st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 3), st.integers(0, 99))
def test_the_numpy_network_equals_the_torch_network(
    network: ModelSettings, lengths: list[int], num_extra: int, seed: int
) -> None:
    model = classifier(network, num_extra=num_extra, seed=seed)
    generator = np.random.default_rng(seed)
    texts = TokenIds.from_texts([generator.integers(1, 22, size=length).tolist() for length in lengths])
    rows = np.arange(len(lengths))
    model.recurrent.engine = "reference"
    with torch.no_grad():
        expected = model(*word_batch(texts, rows, torch.device("cpu"))).numpy()
    found = Network(network, classifier_weights(model)).logits(*texts.joined(rows))
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("hidden_size", [80, 307, 310])
def test_wide_layers_are_cut_into_matrices(cell: str, hidden_size: int) -> None:
    """Two gates to a matrix, a gate that can't be cut, and two matrices to a gate, in attention too."""
    network = ModelSettings(cell=cell, hidden_size=hidden_size, layers=2, bidirectional=True, pooling="attention")
    model = classifier(network)
    for parameter in model.recurrent.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    texts = TokenIds.from_texts([[3, 4, 5], [6], list(range(2, 22))])
    rows = np.arange(3)
    model.recurrent.engine = "reference"
    with torch.no_grad():
        expected = model(*word_batch(texts, rows, torch.device("cpu"))).numpy()
    found = Network(network, classifier_weights(model)).logits(*texts.joined(rows))
    np.testing.assert_allclose(found, expected, atol=1e-4)


@settings(deadline=None)
@given(
    st.integers(1, 40) | st.integers(300, 320) | st.just(700),
    st.integers(1, 60),
    st.lists(st.integers(0, 299), min_size=1, max_size=900),
    st.integers(0, 99),
    st.sampled_from([MAX_ROWS, MOST_ROWS]),
)
def test_a_row_is_rounded_alike_wherever_it_stands(
    num_outputs: int, size: int, picks: list[int], seed: int, most_rows: int
) -> None:
    generator = np.random.default_rng(seed)
    matrix, rows = generator.normal(size=(num_outputs, size)), generator.normal(size=(300, size))
    tiling = choose_tiling([split_outputs(matrix)], most_rows=most_rows)
    multiply, rows = RowProduct(split_outputs(matrix), tiling).of_all, rows.astype(tiling.dtype)
    product = multiply(rows)[:, :num_outputs]
    np.testing.assert_allclose(product, rows @ matrix.T, atol=1e-4)
    tolerance = 0.0 if tiling.dtype == np.float32 else 1e-12
    np.testing.assert_allclose(multiply(rows[picks])[:, :num_outputs], product[picks], atol=tolerance)


@pytest.mark.parametrize("tiling", [*TILINGS, FLOAT64_FALLBACK])
def test_every_scheme_computes_the_same(tiling: Tiling, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that only one of them suits is made up; with none, double precision makes up for it."""
    generator = np.random.default_rng(0)
    network = ModelSettings(hidden_size=7, layers=2, bidirectional=True, pooling="attention", cell="peephole")
    model = classifier(network)
    lengths = generator.integers(1, 9, 300)
    ids = generator.integers(1, 22, lengths.sum())
    expected = Network(network, classifier_weights(model)).logits(ids, lengths)
    monkeypatch.setattr(products, "is_batch_invariant", lambda _, each: each == tiling)
    assert choose_tiling([np.ones((1, 2, 3))]) == tiling
    found = Network(network, classifier_weights(model)).logits(ids, lengths)
    assert found.dtype == tiling.dtype
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_the_command_line_computes_as_many_rows_together_as_a_product_takes() -> None:
    assert inspect.signature(predict_command).parameters["batch_size"].default == DEFAULT_BATCH_SIZE


def test_rows_are_alike_with_two_threads_too() -> None:
    """How two threads share rows depends on their number; a process of its own has threads as it starts."""
    code = (
        "import numpy as np; from lstmcli.inference.batch_invariant import RowProduct, choose_tiling, split_outputs\n"
        "matrix = split_outputs(np.random.default_rng(0).standard_normal((3, 128)))\n"
        "tiling = choose_tiling([matrix]); multiply = RowProduct(matrix, tiling).of_all\n"
        "rows = np.random.default_rng(1).standard_normal((240, 128)).astype(tiling.dtype)\n"
        "found = multiply(rows)\n"
        "for count in range(1, 241): assert abs(multiply(rows[:count]) - found[:count]).max() < 1e-12, count\n"
    )
    threads = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **threads}, check=True)


def test_a_library_that_rounds_rows_differently_is_found_out() -> None:
    """Without margins this is so of numpy's library on all processors with registers of 256 bits or more."""
    matrices = np.random.default_rng(0).standard_normal((1, 128, 128))
    rows = np.tile(np.sin(np.arange(1.0, 129.0)).astype(np.float32), (MAX_ROWS, 1))
    plain = rows @ matrices[0].astype(np.float32).T
    differs = bool((plain != plain[:1]).any())
    assert not (differs and products.is_batch_invariant(matrices, Tiling(12, 0)))


@pytest.mark.parametrize("cell", CELLS)
def test_kernels_and_cells_have_the_same_parameters(cell: str) -> None:
    parameters = {name: tuple(value.shape) for name, value in CELLS[cell](5, 3).named_parameters()}
    assert KERNELS[cell].shapes(5, 3) == parameters


NETWORK = ModelSettings(hidden_size=4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model(tmp_path, saved(classifier(NETWORK), NETWORK))
    return tmp_path


def test_a_saved_model_remembers_its_pieces(tmp_path: Path) -> None:
    network = replace(NETWORK, chunk_tokens=3)
    write_model(tmp_path, saved(classifier(network), network))
    assert read_model(tmp_path).network == network


def test_a_saved_model_reads_back_as_it_was(folder: Path) -> None:
    model, original = read_model(folder), saved(classifier(NETWORK), NETWORK)
    for name in ("network", "tokenizer", "labels", "temperature", "columns"):
        assert getattr(model, name) == getattr(original, name)
    assert [model.vocabulary.id_of(word) for word in ["<pad>", "<unknown>", *WORDS]] == list(range(22))
    (found,), (expected,) = model.members, original.members
    assert set(found) == set(expected)
    for name, value in expected.items():
        is_table = name == "embedding.weight"
        np.testing.assert_array_equal(found[name], value.astype(np.float16) if is_table else value)


@pytest.mark.parametrize("max_rows", [0, 1, 7, 100])
def test_the_input_part_of_a_word_is_the_same_whether_kept_or_not(max_rows: int) -> None:
    generator = np.random.default_rng(0)
    table = generator.standard_normal((30, 5)).astype(np.float16)
    matrices = generator.standard_normal((2, 1, 8, 5)).astype(np.float32)
    tiling = choose_tiling(matrices)
    projections = [RowProduct(each, tiling).of_all for each in matrices]
    words = ProjectedWords(table, projections, width=8, dtype=np.float32, max_bytes=max_rows * 2 * 8 * 4)
    expected = np.einsum("dgi,wi->dwg", matrices[:, 0], table.astype(np.float32))

    def rows(tokens: NDArray[np.int64]) -> NDArray[np.floating]:
        tables, places = words.look_up(tokens)
        return np.array([table[places] for table in tables])

    found = np.concatenate([rows(np.arange(start, start + 3)) for start in range(0, 30, 3)], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    for _ in range(20):
        drawn = generator.integers(0, 30, size=generator.integers(1, 40))
        np.testing.assert_array_equal(rows(drawn), found[:, drawn])


def test_batch_size_order_and_neighbours_do_not_change_a_probability(folder: Path) -> None:
    generator = np.random.default_rng(1)
    texts = [" ".join(generator.choice([*WORDS, "never"], size=generator.integers(0, 30))) for _ in range(200)]
    expected = Predictor.open(folder, batch_size=1).probabilities(texts)
    for batch_size in (7, 256):
        found = Predictor.open(folder, batch_size=batch_size).probabilities(texts)
        np.testing.assert_allclose(found, expected, atol=1e-9)
    order = generator.permutation(200)
    shuffled = Predictor.open(folder).probabilities([texts[row] for row in order])
    np.testing.assert_allclose(shuffled, expected[order], atol=1e-9)


@pytest.mark.parametrize("text", ["", "   ", "never seen words", "\x00", "😂", "w1 " * 5000])
def test_every_text_gets_a_distribution(folder: Path, text: str) -> None:
    probabilities = Predictor.open(folder).probabilities([text])
    assert probabilities.shape == (1, 3)
    assert probabilities.sum() == pytest.approx(1.0)
    assert (probabilities > 0).all()


def test_long_texts_are_computed_in_small_batches(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["w1 " * length for length in (3, 400, 500, 5)]
    predictor = Predictor.open(folder)
    expected = predictor.probabilities(texts)
    shapes: list[np.ndarray] = []
    (network,) = predictor._networks
    original = network.logits
    monkeypatch.setattr(network, "logits", lambda ids, lengths: shapes.append(lengths) or original(ids, lengths))
    monkeypatch.setattr("lstmcli.inference.predictor.MAX_BATCH_TOKENS", 600)
    np.testing.assert_allclose(predictor.probabilities(texts), expected, atol=1e-9)
    assert len(shapes) > 1
    assert max(len(lengths) * lengths.max() for lengths in shapes) <= 600


def test_no_texts_give_no_rows(folder: Path) -> None:
    assert Predictor.open(folder).probabilities([]).shape == (0, 3)


def test_the_temperature_is_applied(folder: Path) -> None:
    probabilities = Predictor.open(folder).probabilities(["w1 w2"])[0]
    with torch.no_grad():
        logits = classifier(NETWORK)(torch.tensor([3, 4]), torch.tensor([0, 1]), torch.tensor([2]))[0]
    expected = torch.softmax(logits / 1.5, dim=0).numpy()
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)


def edit(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    path = folder / "model.json"
    description = json.loads(path.read_text(encoding="utf-8"))
    change(description)
    path.write_text(json.dumps(description), encoding="utf-8")


def seal_again(folder: Path) -> None:
    (folder / "checksums.json").unlink()
    seal(folder)


def test_an_ensemble_is_the_mean_of_the_logits_of_its_networks(tmp_path: Path) -> None:
    network = ModelSettings(hidden_size=4)
    models = [saved(classifier(network, seed=seed), network) for seed in range(12)]
    together = replace(models[0], members=tuple(model.members[0] for model in models))
    write_model(tmp_path, together)
    texts = ["w1 w2 w3", "w4", "unknown w5 w5"]
    found = np.log(Predictor.open(tmp_path).probabilities(texts))
    each = np.mean([np.log(Predictor(model).probabilities(texts)) for model in models], axis=0)
    expected = each - np.log(np.exp(each).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(found, expected, atol=1e-3)  # word vectors are stored as float16


@pytest.mark.parametrize(("version", "dtype"), [(1, np.float32), (2, np.float16)])
def test_a_model_of_an_older_format_is_still_read(folder: Path, version: int, dtype: type[np.floating]) -> None:
    expected = Predictor.open(folder).probabilities(["w1 w2"])
    edit(folder, lambda description: description.update(format_version=version))
    if version == 1:
        edit(folder, lambda description: description.pop("members"))
    weights = load_file(folder / "weights.safetensors")
    weights["embedding.weight"] = np.load(folder / "embedding.npy")[0].astype(dtype)
    save_file(weights, folder / "weights.safetensors")
    for name in ("vocabulary.npy", "embedding.npy", "checksums.json"):
        (folder / name).unlink()
    np.testing.assert_array_equal(Predictor.open(folder).probabilities(["w1 w2"]), expected)


def test_a_newer_format_says_to_upgrade(folder: Path) -> None:
    edit(
        folder,
        lambda description: description.update(format_version=ROWS_FORMAT_VERSION + 1, written_by="lstmcli 9.0"),
    )
    seal_again(folder)
    with pytest.raises(RunDirectoryError, match=r"has format version 9, written by lstmcli 9\.0;.*Upgrade lstmcli"):
        read_model(folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "model.json").write_text("{"),
        lambda folder: (folder / "model.json").write_text("[]"),
        lambda folder: edit(folder, lambda d: d.pop("labels")),
        lambda folder: edit(folder, lambda d: d.update(format_version="1")),
        lambda folder: edit(folder, lambda d: d["labels"].append("d")),
        lambda folder: edit(folder, lambda d: d["network"].update(secret=1)),
        lambda folder: edit(folder, lambda d: d["network"].update(cell="gru")),
        lambda folder: edit(folder, lambda d: d["network"].update(layers=2)),
        lambda folder: edit(folder, lambda d: d["network"].update(hidden_size=5)),
        lambda folder: edit(folder, lambda d: d["network"].update(pooling="mean")),
        lambda folder: edit(folder, lambda d: d.update(thresholds=[0.5])),
        lambda folder: edit(folder, lambda d: d.update(thresholds=[2.0, 0.0, 0.0])),
        lambda folder: edit(folder, lambda d: d.update(temperature=0)),
        lambda folder: edit(folder, lambda d: d.update(temperature="nan")),
        lambda folder: edit(folder, lambda d: d["tokenizer"].update(max_tokens="x")),
        lambda folder: edit(folder, lambda d: d["tokenizer"].update(max_tokens=0)),
        lambda folder: edit(folder, lambda d: d["columns"].update(text=5)),
        lambda folder: edit(folder, lambda d: d.update(labels=[1, 2, 3])),
        lambda folder: edit(folder, lambda d: d["tokenizer"].update(cut="middle")),
        lambda folder: edit(folder, lambda d: d.update(label_kind="other")),
        lambda folder: (folder / "vocabulary.txt").write_text("<pad>\n<unknown>\n"),
        lambda folder: (folder / "vocabulary.txt").write_bytes(b""),
        lambda folder: (folder / "vocabulary.txt").write_bytes((folder / "vocabulary.txt").read_bytes().upper()),
        lambda folder: (folder / "vocabulary.npy").write_bytes((folder / "vocabulary.npy").read_bytes()[:-4]),
        lambda folder: np.save(folder / "vocabulary.npy", np.zeros(0, dtype=np.uint32)),
        lambda folder: np.save(folder / "vocabulary.npy", index_words(["<pad>", "<unknown>"])),
        lambda folder: (folder / "embedding.npy").write_bytes((folder / "embedding.npy").read_bytes()[:-4]),
        lambda folder: np.save(folder / "embedding.npy", np.zeros((1, 21, 5), dtype=np.float16)),
        lambda folder: np.save(folder / "embedding.npy", np.zeros((2, 22, 5), dtype=np.float16)),
        lambda folder: np.save(folder / "embedding.npy", np.zeros((1, 22, 5))),
        lambda folder: (folder / "weights.safetensors").write_bytes(b"not tensors"),
        lambda folder: (folder / "weights.safetensors").write_bytes(
            (folder / "weights.safetensors").read_bytes()[:-50]
        ),
    ],
)
@pytest.mark.parametrize("by", ["accident", "intent"])
def test_a_damaged_model_is_named_as_such(folder: Path, damage: Callable[[Path], object], by: str) -> None:
    damage(folder)
    if by == "intent":
        seal_again(folder)
    with pytest.raises(DamagedFileError, match="is damaged"):
        read_model(folder)


@pytest.mark.parametrize("name", ["vocabulary.txt", "vocabulary.npy", "embedding.npy", "weights.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(RunDirectoryError, match=f"{name}: is missing. Restore the folder from a copy"):
        read_model(folder)


def test_what_is_not_a_run_directory_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="no such run directory"):
        read_model(tmp_path / "none")
    with pytest.raises(RunDirectoryError, match=r"is not a run directory: expected .*model\.json"):
        read_model(tmp_path)
    (tmp_path / "config.yaml").touch()
    with pytest.raises(
        RunDirectoryError, match="holds an unfinished training; resume it with `lstmcli train --resume`"
    ):
        read_model(tmp_path)


@pytest.mark.parametrize("left", ["model", "metrics.json"])
def test_a_finished_run_without_its_model_is_damaged_not_unfinished(left: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").touch()
    (tmp_path / left).mkdir() if left == "model" else (tmp_path / left).touch()
    with pytest.raises(DamagedFileError, match=r"model/model\.json: is missing\. Restore the folder from a copy"):
        read_model(tmp_path)


def test_a_saved_model_goes_back_to_torch(run_directory: Path) -> None:
    model = read_model(run_directory)
    network = Classifier.from_saved(model.network, model.members[0], pad_id=PAD_ID)
    token_ids = np.array([5, 2, 7, 1, 1, 4, 9, 3])
    words, index = np.unique(token_ids, return_inverse=True)
    lengths = np.array([3, 5])
    with torch.no_grad():
        found = network(torch.from_numpy(words), torch.from_numpy(index), torch.from_numpy(lengths)).numpy()
    np.testing.assert_allclose(found, Network(model.network, model.members[0]).logits(token_ids, lengths), atol=1e-6)
