"""Learning the vectors of a teacher: the objective, the vectors on disk, and what a frozen network computes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from lstmcli.config.defaults import (
    MAX_TAUGHT_EPOCHS,
    MIN_TAUGHT_EPOCHS,
    WANTED_TAUGHT_TEXTS,
    Schedule,
    distillation_schedule,
)
from lstmcli.config.model_settings import CellName, ModelSettings, TokenizerSettings
from lstmcli.config.settings import DropoutSettings, PretrainingSettings, TrainingSettings
from lstmcli.data.sealed import CHECKSUMS_FILE, SealedFolder, seal
from lstmcli.errors import DamagedFileError, RunDirectoryError
from lstmcli.models.classifier import Classifier, Sizes, classifier_weights
from lstmcli.models.embedding import INITIAL_STD
from lstmcli.store.language_model import (
    Learned,
    LearnedNextWord,
    LearnedSentenceVectors,
    SavedLanguageModel,
    read_language_model,
    write_language_model,
)
from lstmcli.store.teacher_vectors import VectorBlocks
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.vocabulary import Vocabulary
from lstmcli.training.distillation import Distillation, TaughtTexts
from lstmcli.training.frozen import pooled_vectors
from lstmcli.training.initial_weights import use_layers
from lstmcli.training.loop import EpochResult, Trainer
from lstmcli.training.word_vectors import vectors_from_teacher

CPU = torch.device("cpu")
NUM_WORDS, SIZE = 12, 5
NO_DROPOUT = DropoutSettings(words=0.0, features=0.0, layers=0.0, output=0.0)


def texts(num: int, seed: int) -> TokenIds:
    generator = np.random.default_rng(seed)
    return TokenIds.from_texts(generator.integers(2, NUM_WORDS, size=1 + number % 7).tolist() for number in range(num))


def taught(token_ids: TokenIds) -> TaughtTexts:
    """The teacher's vector of a text is the mean of vectors of its words, far from the origin."""
    table = np.random.default_rng(0).normal(size=(NUM_WORDS, SIZE)) + 3.0
    vectors = np.stack([table[token_ids.joined(np.array([row]))[0]].mean(0) for row in range(len(token_ids))])
    # The vectors of all texts are in another order than the texts.
    order = np.random.default_rng(1).permutation(len(token_ids))
    return TaughtTexts(token_ids, vectors[np.argsort(order)].astype(np.float32), order)


def student(cell: CellName = "lstm", seed: int = 1) -> Classifier:
    torch.manual_seed(seed)
    network = ModelSettings(cell=cell, hidden_size=7)
    return Classifier(Sizes(NUM_WORDS, 6, SIZE, 0), network, NO_DROPOUT)


def test_the_cosine_is_that_of_outputs_and_centred_vectors() -> None:
    train, held_out = taught(texts(30, seed=2)), taught(texts(9, seed=3))
    model = student().eval()
    found = Distillation(train, held_out, device=CPU).scores(model)
    cosines = []
    centre = train.vectors[np.arange(30)].mean(0)
    for row in range(9):
        ids = torch.from_numpy(held_out.token_ids.joined(np.array([row]))[0].astype(np.int64))
        output = model(*torch.unique(ids, return_inverse=True), torch.tensor([len(ids)])).detach().numpy()[0]
        target = held_out.vectors[held_out.rows[[row]]][0] - centre
        cosines.append(output @ target / np.linalg.norm(output) / np.linalg.norm(target))
    assert found == {"cosine": pytest.approx(np.mean(cosines), abs=1e-6)}


def test_a_batch_has_the_vectors_of_its_texts_and_the_loss_is_one_minus_their_cosine() -> None:
    train = taught(texts(30, seed=2))
    objective, model = Distillation(train, train, device=CPU), student().eval()
    rows = np.array([7, 3, 22])
    batch = objective.batch(rows)
    assert batch.texts.lengths.tolist() == train.token_ids.lengths[rows].tolist()
    centred = train.vectors[train.rows] - train.vectors[train.rows].mean(0)
    np.testing.assert_allclose(batch.targets.numpy(), centred[rows], atol=1e-5)
    loss = objective.backpropagate(model, batch)
    outputs = model(*batch.texts).detach().numpy()
    unit = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in (outputs, centred[rows])]
    assert loss == pytest.approx(1.0 - (unit[0] * unit[1]).sum(1).mean(), abs=1e-5)
    assert model.pooling.query.weight.grad is not None


@pytest.mark.parametrize("cell", get_args(CellName))
def test_each_cell_learns_to_point_where_the_teacher_does(cell: CellName) -> None:
    objective = Distillation(taught(texts(200, seed=2)), taught(texts(60, seed=3)), device=CPU)
    model = student(cell)
    before = objective.scores(model.eval())["cosine"]
    settings = TrainingSettings(average_decay=0.9)
    trainer = Trainer(
        model,
        objective,
        metric="cosine",
        settings=settings,
        learning_rate=0.02,
        batch_size=16,
        num_epochs=8,
        device=CPU,
    )
    results = [result for result in trainer.run() if isinstance(result, EpochResult)]
    assert before < 0.5 < 0.8 < results[-1].validation["cosine"]
    assert trainer.progress.best_value == max(result.validation["cosine"] for result in results)


@pytest.mark.parametrize("pooling", ["attention", "max"])
def test_pooled_vectors_are_what_the_output_is_computed_from(pooling: str) -> None:
    torch.manual_seed(3)
    model = Classifier(
        Sizes(NUM_WORDS, 6, SIZE, 0), ModelSettings(hidden_size=7, pooling=pooling), DropoutSettings()
    ).train()
    token_ids = texts(40, seed=4)
    vectors = pooled_vectors(model, token_ids)
    assert (vectors.shape, vectors.dtype, model.training) == ((40, 14), np.float32, True)
    model.eval()
    for row in (0, 6, 33):
        ids = torch.from_numpy(token_ids.joined(np.array([row]))[0].astype(np.int64))
        expected = model(*torch.unique(ids, return_inverse=True), torch.tensor([len(ids)]))[0]
        np.testing.assert_allclose(model.output(torch.from_numpy(vectors[row])).detach(), expected.detach(), atol=1e-5)


def test_word_vectors_are_principal_components_at_the_usual_scale() -> None:
    generator = np.random.default_rng(4)
    plane = generator.normal(size=(2, 9))
    vectors = (generator.normal(size=(50, 2)) * [3.0, 1.0] @ plane + 7.0).astype(np.float32)
    words = [f"w{number}" for number in range(50)]
    source = vectors_from_teacher(words, vectors, 2, "tiny")
    assert (source.words, source.size, source.name) == (words, 2, "tiny")
    assert source.matrix.std() == pytest.approx(INITIAL_STD, rel=1e-5)
    # Two components keep all distances of points in a plane.
    factor = np.linalg.norm(vectors[0] - vectors[1]) / np.linalg.norm(source.matrix[0] - source.matrix[1])
    for one, other in ((2, 3), (10, 40)):
        distance = np.linalg.norm(source.matrix[one] - source.matrix[other])
        assert factor * distance == pytest.approx(np.linalg.norm(vectors[one] - vectors[other]), rel=1e-3)
    assert source.matrix[:, 0].std() > source.matrix[:, 1].std()
    wide = vectors_from_teacher(words, vectors, 12, "tiny").matrix
    assert (wide.shape, np.abs(wide[:, 9:]).max()) == ((50, 12), 0.0)


def test_the_schedule_sees_about_as_many_texts_in_total() -> None:
    settings = PretrainingSettings()
    assert distillation_schedule(WANTED_TAUGHT_TEXTS // 8, 10**6, settings) == Schedule(64, 8)
    assert distillation_schedule(10**6, 10**7, settings).num_epochs == MIN_TAUGHT_EPOCHS
    assert distillation_schedule(100, 1000, settings).num_epochs == MAX_TAUGHT_EPOCHS
    fixed = PretrainingSettings(epochs=3, batch_tokens=50)
    assert distillation_schedule(100, 1000, fixed) == Schedule(5, 3)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VectorBlocks, "block_texts", 4)


def blocks(folder: Path, kind: str = "texts", digest: str = "a" * 64) -> VectorBlocks:
    return VectorBlocks(folder, kind=kind, digest=digest, num_texts=10, size=3)


VECTORS = np.random.default_rng(1).normal(size=(10, 3)).astype(np.float32)


def fill(found: VectorBlocks) -> VectorBlocks:
    for start in range(found.num_finished, 10, 4):
        found.add(VECTORS[start : start + 4])
    return found


@pytest.mark.usefixtures("small_blocks")
def test_vectors_come_back_by_number_in_half_precision(tmp_path: Path) -> None:
    assert blocks(tmp_path / "teacher").num_finished == 0
    fill(blocks(tmp_path / "teacher"))
    found = blocks(tmp_path / "teacher")
    assert (found.is_finished, found.num_finished) == (True, 10)
    rows = np.array([9, 0, 5, 4, 5])
    np.testing.assert_array_equal(found.vectors()[rows], VECTORS.astype(np.float16)[rows].astype(np.float32))


@pytest.mark.usefixtures("small_blocks")
def test_only_finished_and_undamaged_blocks_count(tmp_path: Path) -> None:
    folder = tmp_path / "teacher"
    found = blocks(folder)
    found.add(VECTORS[:4])
    with pytest.raises(ValueError, match="expected 10 vectors, got 4"):
        found.vectors()
    content = {path.name: path.read_bytes() for path in folder.iterdir()}
    fill(found)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    names = [name for name in sorted(whole) if name != CHECKSUMS_FILE]
    (folder / CHECKSUMS_FILE).write_bytes(content[CHECKSUMS_FILE])  # killed before a block was listed
    (folder / ".texts-1234.npy.x.part").write_bytes(b"")  # or within it
    assert blocks(folder).num_finished == 4
    assert sorted(path.name for path in folder.iterdir()) == [CHECKSUMS_FILE, names[0]]
    fill(blocks(folder))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    damaged = bytearray(whole[names[1]])
    damaged[-3] ^= 1
    (folder / names[1]).write_bytes(damaged)
    fill(blocks(folder))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    (folder / CHECKSUMS_FILE).write_bytes(b"{}")
    assert blocks(folder).num_finished == 0


@pytest.mark.usefixtures("small_blocks")
def test_vectors_of_other_texts_are_replaced_and_of_other_kinds_are_kept(tmp_path: Path) -> None:
    fill(blocks(tmp_path))
    fill(blocks(tmp_path, "words"))
    assert not blocks(tmp_path, digest="b" * 64).num_finished
    assert blocks(tmp_path, "words").is_finished
    assert SealedFolder(tmp_path).names == [f"words-{'a' * 16}-0000{number}.npy" for number in (1, 2, 3)]
    assert len(list(tmp_path.iterdir())) == 4


def saved(learned: Learned, **changed: np.ndarray) -> SavedLanguageModel:
    """A pretrained network of 12 words."""
    weights = {name: value for name, value in classifier_weights(student(seed=9)).items() if "output" not in name}
    words = ["<pad>", "<unknown>", *(f"w{number}" for number in range(2, NUM_WORDS))]
    return SavedLanguageModel(
        ModelSettings(hidden_size=7), TokenizerSettings(), Vocabulary(words), learned, {**weights, **changed}
    )


TAUGHT = LearnedSentenceVectors(cosine=0.7, teacher="tiny", teacher_size=5)


@pytest.mark.parametrize("learned", [TAUGHT, LearnedNextWord(perplexity=40.0)])
def test_what_was_learned_is_read_as_it_was_written(learned: Learned, tmp_path: Path) -> None:
    (tmp_path / "language_model").mkdir()
    write_language_model(tmp_path / "language_model", saved(learned))
    assert read_language_model(tmp_path).learned == learned


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"objective": "dreams"}, "objective is 'dreams'"),
        ({"objective": "next-word", "perplexity": 0.5}, "perplexity is 0.5"),
        ({"objective": "sentence-vectors", "cosine": 1.5, "teacher": "t", "teacher_size": 5}, "cosine is 1.5"),
        ({"objective": "sentence-vectors", "cosine": 0.5, "teacher": 7, "teacher_size": 5}, "teacher is 7"),
        ({"objective": "sentence-vectors", "cosine": 0.5, "teacher": "t", "teacher_size": 0}, "teacher_size is 0"),
        ({"objective": "sentence-vectors", "cosine": 0.5}, "missing 2 required"),
    ],
)
def test_impossible_claims_about_what_was_learned_are_refused(
    facts: dict[str, object], message: str, tmp_path: Path
) -> None:
    folder = tmp_path / "language_model"
    folder.mkdir()
    write_language_model(folder, saved(TAUGHT))
    description = json.loads((folder / "language_model.json").read_text())
    (folder / "language_model.json").write_text(json.dumps({**description, "learned": facts}))
    (folder / CHECKSUMS_FILE).unlink()
    seal(folder)
    with pytest.raises(DamagedFileError, match=message):
        read_language_model(tmp_path)


def test_a_pooling_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    wide = np.zeros((64, 99), dtype=np.float32)
    (tmp_path / "language_model").mkdir()
    write_language_model(tmp_path / "language_model", saved(TAUGHT, **{"pooling.projection.weight": wide}))
    with pytest.raises(DamagedFileError, match=r"weights do not fit the description: pooling.projection.weight"):
        read_language_model(tmp_path)
    few = {
        "pooling.projection.weight": np.zeros((3, 14), dtype=np.float32),
        "pooling.projection.bias": np.zeros(3, dtype=np.float32),
        "pooling.query.weight": np.zeros((1, 3), dtype=np.float32),
    }
    with pytest.raises(RunDirectoryError, match=r"has the shape \(3, 14\), expected \(64, 14\)"):
        use_layers(student(), saved(TAUGHT, **few))


def test_next_word_prediction_leaves_the_pooling_alone_unless_it_began_with_one() -> None:
    before = {name: value.clone() for name, value in student().state_dict().items()}
    taught = saved(TAUGHT)
    next_word = replace(taught, learned=LearnedNextWord(40.0))
    without = {name: value for name, value in taught.weights.items() if not name.startswith("pooling.")}
    for source, is_copied in ((replace(next_word, weights=without), False), (next_word, True), (taught, True)):
        model = student()
        use_layers(model, source)
        found = model.state_dict()
        for name in ("pooling.query.weight", "recurrent.layers.0.1.weight_hidden"):
            assert torch.equal(found[name], before[name]) == (name.startswith("pooling.") and not is_copied)
