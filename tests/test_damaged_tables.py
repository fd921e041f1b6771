"""Files of a model that are sealed and whole, and whose content leads nowhere: each is refused in one line."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from lstmcli.data.sealed import SealedFolder, seal
from lstmcli.errors import DamagedFileError, RunDirectoryError
from lstmcli.store.language_model import read_language_model
from lstmcli.store.model import find_model, read_model, write_model
from lstmcli.store.tables import Table
from lstmcli.text.vocabulary import Vocabulary
from lstmcli.text.word_index import MAX_PROBES, StoredVocabulary, index_words
from tests.conftest import PROJECT, invoke
from tests.test_forged_runs import assert_refused, forged, json_change, set_to

WORDS = ["<pad>", "<unknown>", "glad", "sad"]
NUM_SLOTS = 16  # of four words

Index = NDArray[np.uint32]


def opened(folder: Path, index: Index) -> StoredVocabulary:
    (folder / "vocabulary.txt").write_text("".join(f"{word}\n" for word in WORDS), encoding="utf-8")
    np.save(folder / "vocabulary.npy", index)
    seal(folder)
    sealed = SealedFolder(folder)
    table = Table(sealed.map("vocabulary.npy"), np.uint32, 1)
    return StoredVocabulary(sealed.map("vocabulary.txt"), table.values, table.file)


def slot_of(index: Index, word: int) -> int:
    return 1 + int(np.flatnonzero(index[1 : 1 + NUM_SLOTS] == word + 1)[0])


def full(index: Index) -> None:
    slots = index[1 : 1 + NUM_SLOTS]
    slots[slots == 0] = 1


def beyond(index: Index) -> None:
    index[slot_of(index, 2)] = 99


def backwards(index: Index) -> None:
    index[1 + NUM_SLOTS + 3] = 2


def lost(index: Index) -> None:
    index[slot_of(index, 3)] = 0


DAMAGE: dict[str, tuple[Callable[[Index], None], str]] = {
    "a word that is not there": (beyond, "is damaged: word 98 of 4"),
    "a word that ends before it starts": (backwards, "is damaged: word "),
    "a word that is not found": (lost, "is damaged: it does not lead to word 3"),
}


@pytest.mark.parametrize(("change", "message"), DAMAGE.values(), ids=DAMAGE)
def test_an_index_that_leads_nowhere_is_refused_when_it_is_opened(
    tmp_path: Path, change: Callable[[Index], None], message: str
) -> None:
    index = index_words(WORDS)
    assert opened(tmp_path, index).id_of("sad") == 3
    change(index)
    with pytest.raises(DamagedFileError, match=r"vocabulary\.npy") as refused:
        opened(tmp_path, index)
    assert message in str(refused.value)


def test_a_word_is_not_looked_for_for_ever(tmp_path: Path) -> None:
    assert NUM_SLOTS < MAX_PROBES
    index = index_words(WORDS)
    full(index)
    vocabulary = opened(tmp_path, index)
    assert vocabulary.words == WORDS
    with pytest.raises(DamagedFileError, match="its hash table has no free slots"):
        vocabulary.id_of("gone")


def change_tensors(change: Callable[[dict[str, NDArray[np.float32]]], object]) -> Callable[[Path], object]:
    def changed(path: Path) -> None:
        tensors = load_file(path)
        change(tensors)
        save_file(tensors, path)

    return changed


def test_more_networks_than_weights_are_refused(run_directory: Path, tmp_path: Path, folder: Path) -> None:
    run = forged(run_directory, tmp_path, "model/model.json", json_change(set_to(99, "members")))
    result = invoke("predict", run, folder / "in.txt")
    assert_refused(result, run / "model" / "weights.safetensors")
    assert "99 networks" in result.stderr


def test_weights_of_a_network_that_is_not_there_are_refused(run_directory: Path, tmp_path: Path, folder: Path) -> None:
    run = forged(run_directory, tmp_path, "model/model.json", json_change(set_to(2, "members")))
    result = invoke("predict", run, folder / "in.txt")
    assert_refused(result, run / "model" / "weights.safetensors")
    assert "of 2 networks" in result.stderr


@pytest.mark.parametrize("shape", [(12, 4), (16, 3)], ids=["buckets", "labels"])
def test_a_table_of_ngrams_of_another_shape_is_refused(
    run_directory: Path, tmp_path: Path, folder: Path, shape: tuple[int, int]
) -> None:
    run = forged(run_directory, tmp_path, "model/ngrams.npy", lambda path: np.save(path, np.zeros(shape, np.float16)))
    result = invoke("predict", run, folder / "in.txt")
    assert_refused(result, run / "model" / "ngrams.npy")
    assert f"a table of {shape} for 3 labels" in result.stderr


def test_weights_that_are_not_finite_are_refused(run_directory: Path, tmp_path: Path, folder: Path) -> None:
    def change(tensors: dict[str, NDArray[np.float32]]) -> None:
        tensors["output.bias"][1] = np.inf

    run = forged(run_directory, tmp_path, "model/weights.safetensors", change_tensors(change))
    result = invoke("predict", run, folder / "in.txt")
    assert_refused(result, run / "model" / "weights.safetensors")
    assert "values that are not finite" in result.stderr


def test_more_layers_than_any_network_has_are_refused(run_directory: Path, tmp_path: Path, folder: Path) -> None:
    run = forged(run_directory, tmp_path, "model/model.json", json_change(set_to(10**6, "network", "layers")))
    result = invoke("predict", run, folder / "in.txt")
    assert_refused(result, run / "model" / "weights.safetensors")
    assert "1000000 layers" in result.stderr


def test_texts_that_were_seen_are_not_told_without_their_checksums(
    run_directory: Path, tmp_path: Path, corpus: Path
) -> None:
    run = Path(shutil.copytree(run_directory, tmp_path / "run"))
    (run / "seen_texts" / "checksums.json").unlink()
    result = invoke("evaluate", run, corpus / "test.csv")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"error: {run}/seen_texts/checksums.json: is missing" in result.stderr


def test_only_a_vocabulary_with_its_words_can_be_written(run_directory: Path, tmp_path: Path) -> None:
    model = read_model(run_directory)
    with pytest.raises(TypeError, match="expected a Vocabulary with all its words"):
        write_model(tmp_path, model)
    write_model(tmp_path, replace(model, vocabulary=Vocabulary(model.vocabulary.words)))
    assert read_model(tmp_path).vocabulary.words == model.vocabulary.words


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network that comes with the tool, cut down to four words."""
    run = tmp_path_factory.mktemp("english") / "run"
    shutil.copytree(PROJECT / "lstmcli" / "pretrained" / "english", run)
    folder = run / "language_model"
    (folder / "vocabulary.txt").write_text("".join(f"{word}\n" for word in WORDS), encoding="utf-8")

    def cut(tensors: dict[str, NDArray[np.float32]]) -> None:
        tensors.update({name: value[:4] for name, value in tensors.items() if name.startswith("embedding.")})

    change_tensors(cut)(folder / "weights.safetensors")
    (folder / "checksums.json").unlink()
    seal(folder)
    assert read_language_model(run).vocabulary.words == WORDS
    return run


def test_vectors_of_other_words_than_the_vocabularys_are_refused(english: Path, tmp_path: Path) -> None:
    run = forged(
        english, tmp_path, "language_model/vocabulary.txt", lambda path: path.write_text("<pad>\n<unknown>\nglad\n")
    )
    with pytest.raises(DamagedFileError, match="vectors of 4 words, expected 3"):
        read_language_model(run)


def test_a_folder_that_is_no_pretraining_says_what_it_is(run_directory: Path, tmp_path: Path) -> None:
    gone, unfinished = tmp_path / "gone", tmp_path / "unfinished"
    unfinished.mkdir()
    shutil.copy(run_directory / "config.yaml", unfinished)
    for run, words in (
        (gone, "no such run directory (model.pretrained)"),
        (tmp_path, "is not the run directory of a pretraining (model.pretrained)."),
        (run_directory, "holds a classifier, not a language model"),
        (unfinished, f"resume it with `lstmcli pretrain --resume --run-dir {unfinished}`."),
    ):
        with pytest.raises(RunDirectoryError) as refused:
            read_language_model(run)
        assert str(refused.value).startswith(f"{run}: ")
        assert words in str(refused.value)
    with pytest.raises(RunDirectoryError, match="holds an unfinished training"):
        find_model(unfinished)
