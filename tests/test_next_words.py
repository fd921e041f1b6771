"""`lstmcli next`: probabilities and perplexity are those of training, and nothing depends on what it predicts."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lstmcli.config.loading import load_config
from lstmcli.config.model_settings import ModelSettings, TokenizerSettings
from lstmcli.corpus.plain_texts import read_texts
from lstmcli.corpus.texts import Texts
from lstmcli.errors import RunDirectoryError
from lstmcli.events import ignore
from lstmcli.inspection.next_words import NextWordModel, perplexity
from lstmcli.inspection.state_reader import StateReader, classifier_reader
from lstmcli.models.language import LanguageModel, LanguageSizes
from lstmcli.recipes.pretraining.texts import split_texts
from lstmcli.reports.inspection.cells import Style
from lstmcli.reports.inspection.next_words import bits, surprising_lines
from lstmcli.store.language_model import (
    LearnedNextWord,
    LearnedSentenceVectors,
    SavedLanguageModel,
    read_language_model,
    write_language_model,
)
from lstmcli.store.model import read_model
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.vocabulary import UNKNOWN_ID, Vocabulary
from lstmcli.training.language import NextWord
from tests.conftest import FAST, feeling_rows, invoke, set_options
from tests.test_architecture import HEAVY, loaded_modules

NUM_WORDS, FURTHER = 12, ["also", "known"]
WORDS = [f"w{number}" for number in range(2, NUM_WORDS)]
TEXTS = [["w2", "w5", "w3", "other", "w9"], ["w4"], ["w11", "w2", "w2"], ["w7", "w6", "w7", "w6", "w7", "w8", "w3"]]


def saved_and_torch(network: ModelSettings) -> tuple[SavedLanguageModel, LanguageModel]:
    torch.manual_seed(5)
    model = LanguageModel(LanguageSizes(NUM_WORDS, 6, 0), network, 0.0, engine="reference").eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.6)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    further = np.random.default_rng(0).normal(size=(len(FURTHER), 6)).astype(np.float32)
    weights["embedding.weight"] = np.concatenate([weights["embedding.weight"], further])
    vocabulary = Vocabulary(["<pad>", "<unknown>", *WORDS, *FURTHER])
    tokenizer = TokenizerSettings(max_tokens=5)
    return SavedLanguageModel(model.settings, tokenizer, vocabulary, LearnedNextWord(2.0), weights), model


NETWORKS = [
    ModelSettings(cell=cell, hidden_size=4, bidirectional=bidirectional, layers=layers, chunk_tokens=chunk_tokens)
    for cell in ("rnn", "lstm", "peephole")
    for bidirectional, layers, chunk_tokens in ((True, 1, None), (True, 1, 3), (False, 2, None))
]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda each: f"{each.cell}-{each.layers}-{each.chunk_tokens}")
def test_perplexity_is_that_of_training(network: ModelSettings) -> None:
    saved, model = saved_and_torch(network)
    ids = {word: number for number, word in enumerate(saved.vocabulary.words)}
    pieces = [text[start : start + 5] for text in TEXTS for start in range(0, len(text), 5)]  # as in pretraining
    held_out = TokenIds.from_texts([[ids.get(word, UNKNOWN_ID) for word in piece] for piece in pieces])
    objective = NextWord(
        held_out,
        held_out,
        np.ones(NUM_WORDS, np.int64),
        num_candidates=99,
        word_dropout=0.0,
        device=torch.device("cpu"),
    )
    next_words = NextWordModel(saved, "run")
    scored = [piece for pieces in next_words.scores([" ".join(text) for text in TEXTS]) for piece in pieces]
    assert [list(piece.words) for piece in scored] == pieces
    found = perplexity(np.concatenate([part for piece in scored for part in (piece.forward, piece.backward)]))
    assert found == pytest.approx(objective.scores(model)["perplexity"], rel=1e-5)


@pytest.mark.parametrize("network", [NETWORKS[0], NETWORKS[5]], ids=["rnn", "lstm"])
def test_the_next_word_has_the_probability_that_scores_give_it(network: ModelSettings) -> None:
    next_words = NextWordModel(saved_and_torch(network)[0], "run")
    text = ["w2", "w5", "w3", "w9"]
    ((scored,),) = next_words.scores([" ".join(text)])
    following = next_words.following(text[:3])
    assert following.sum() == pytest.approx(1.0)
    assert -math.log(following[next_words.words.index("w9") - 1]) == pytest.approx(scored.forward[3], rel=1e-5)
    assert math.isnan(scored.forward[0])
    if next_words.is_bidirectional:
        preceding = next_words.preceding(text[1:])
        assert -math.log(preceding[next_words.words.index("w2") - 1]) == pytest.approx(scored.backward[0], rel=1e-5)
        assert math.isnan(scored.backward[3])
    else:
        assert np.isnan(scored.backward).all()


def test_words_without_an_output_are_unknown() -> None:
    next_words = NextWordModel(saved_and_torch(NETWORKS[0])[0], "run")
    np.testing.assert_array_equal(next_words.following(["also"]), next_words.following(["other"]))
    assert [next_words.is_known(word) for word in ("w2", "also", "<unknown>")] == [True, False, False]


def test_a_long_text_counts_with_the_words_that_are_read_at_once() -> None:
    next_words = NextWordModel(saved_and_torch(NETWORKS[4])[0], "run")  # 3 words
    np.testing.assert_array_equal(
        next_words.following(["w9", "w2", "w3", "w4"]), next_words.following(["w2", "w3", "w4"])
    )
    np.testing.assert_array_equal(
        next_words.preceding(["w2", "w3", "w4", "w9"]), next_words.preceding(["w2", "w3", "w4"])
    )


def test_words_are_drawn_as_often_as_they_are_probable() -> None:
    next_words = NextWordModel(saved_and_torch(NETWORKS[3])[0], "run")
    drawn = [next(next_words.sample(["w2"], 1, seed=seed, temperature=1.0)) for seed in range(400)]
    probabilities = next_words.following(["w2"])
    probabilities[UNKNOWN_ID - 1] = 0.0
    probabilities /= probabilities.sum()
    frequencies = np.array([drawn.count(word) for word in next_words.words[1:]]) / 400
    np.testing.assert_allclose(frequencies, probabilities, atol=0.1)
    assert "<unknown>" not in drawn
    best = next_words.words[1:][int(probabilities.argmax())]
    assert list(next_words.sample(["w2"], 1, seed=7, temperature=0.01)) == [best]
    assert list(next_words.sample(["w2"], 9, seed=7, temperature=2.0)) == list(
        next_words.sample(["w2"], 9, seed=7, temperature=2.0)
    )


def test_a_softmax_of_the_tables_of_the_model() -> None:
    saved, model = saved_and_torch(NETWORKS[3])
    ids = torch.tensor([2, 5, 3])
    with torch.no_grad():
        states = model.recurrent(model.embedding(ids), None, torch.tensor([3])).states
        table = model.output_tables(model.embedding.weight)[0]
        expected = F.softmax((states[-1, :4] @ table.T + model.bias)[1:], dim=0)
    found = NextWordModel(saved, "run").following(["w2", "w5", "w3"])
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)


def test_a_model_without_an_output_is_refused() -> None:
    saved, _ = saved_and_torch(NETWORKS[3])
    for name in ("bias", "projections.1.weight"):
        without = {key: value for key, value in saved.weights.items() if key != name}
        with pytest.raises(RunDirectoryError, match="runs/a: this language model has no output over words"):
            NextWordModel(replace(saved, weights=without), "runs/a")


def test_the_most_surprising_words_come_first() -> None:
    next_words = NextWordModel(saved_and_torch(NETWORKS[3])[0], "run")
    texts = list(next_words.scores(["w2 w5 w3", "w4", "w9 w9"]))
    shown = list(surprising_lines(texts, [3, 4, 5]))
    assert len(shown) == 4
    numbers = [float(line.split()[0]) for line in shown[1:]]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[0] == pytest.approx(
        max(bits(piece.forward[1:].max()) for (piece,) in (texts[0], texts[2])), abs=0.05
    )
    assert list(surprising_lines(texts[1:2], [4])) == []
    assert Style().width == 80


PRETRAINING = set_options(
    *FAST, "pretraining.epochs=3", "pretraining.batch_tokens=64", "pretraining.learning_rate=0.02"
)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished pretraining. Tests must not change it."""
    folder = tmp_path_factory.mktemp("next")
    path = folder / "all.txt"
    path.write_text("".join(f"{text}\n" for text, _ in feeling_rows(20, offset=300)), encoding="utf-8")
    arguments = ["--set", f"pretraining.texts={path}", "--set", "model.pretrained=none", "--run-dir", folder / "words"]
    result = invoke("pretrain", *PRETRAINING, *arguments)
    assert result.exit_code == 0, result.stderr
    return folder / "words"


def as_json(*arguments: object) -> Any:
    result = invoke("next", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_the_perplexity_of_held_out_texts_is_the_one_that_pretraining_found(pretrained: Path, tmp_path: Path) -> None:
    config = load_config(pretrained / "config.yaml", [], needs_rows=False)
    store, _ = read_texts(config.pretraining.texts, config.data)
    split = split_texts(len(store), config, measure="perplexity", tell=ignore)
    held_out = tmp_path / "held-out.txt"
    held_out.write_text("".join(f"{text}\n" for text in Texts(store, split.held_out)), encoding="utf-8")
    found = as_json(pretrained, "--file", held_out)
    learned = read_language_model(pretrained).learned
    assert isinstance(learned, LearnedNextWord)
    assert found["perplexity"] == pytest.approx(learned.perplexity, rel=1e-5)
    assert found["held_out_perplexity"] == learned.perplexity
    every = [each for text in found["texts"] for side in ("forward_bits", "backward_bits") for each in text[side]]
    assert 2 ** np.mean([each for each in every if each is not None]) == pytest.approx(learned.perplexity, rel=1e-4)


def test_guesses_are_listed_most_probable_first(pretrained: Path) -> None:
    found = as_json(pretrained, "today i feel", "--top-k", 3)
    for side in ("next", "previous"):
        numbers = [guess["probability"] for guess in found[side]]
        assert len(numbers) == 3
        assert numbers == sorted(numbers, reverse=True)
    shown = invoke("next", pretrained, "today i feel", "--top-k", 3).stdout.splitlines()
    assert shown[0].split() == ["next", "previous"]
    assert shown[1].split()[1::2] == [found["next"][0]["word"], found["previous"][0]["word"]]


def test_a_sample_continues_the_text(pretrained: Path) -> None:
    first, second = (invoke("next", pretrained, "today\x1b", "--sample", 5, "--seed", 2).stdout for _ in range(2))
    assert first == second
    assert first.startswith("today\\x1b ")
    drawn = as_json(pretrained, "today\x1b", "--sample", 5, "--seed", 2)["words"]
    assert first.split()[-5:] == drawn


def test_words_are_a_table_with_bits(pretrained: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.csv"
    texts.write_text("id,text\n1,i feel glad\n2,\n3,wow\x1b\n", encoding="utf-8")
    result = invoke("next", pretrained, "--file", texts, "--words")
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert rows[0] == ["line", "position", "word", "forward_bits", "backward_bits"]
    assert [row[:3] for row in rows[1:]][:4] == [
        ["2", "1", "i"],
        ["2", "2", "feel"],
        ["2", "3", "glad"],
        ["4", "1", "wow"],
    ]
    assert (rows[1][3], rows[3][4]) == ("", "")
    assert float(rows[2][3]) > 0
    assert "\x1b" not in result.stdout
    assert result.stderr == f"note: {texts}: 1 row without a text was skipped\n"
    assert "perplexity: " in invoke("next", pretrained, "--file", texts).stdout


def test_mistakes_are_one_message(pretrained: Path, run_directory: Path, tmp_path: Path) -> None:
    taught = tmp_path / "taught"
    (taught / "language_model").mkdir(parents=True)
    saved, _ = saved_and_torch(ModelSettings(hidden_size=4, pooling="last"))
    write_language_model(taught / "language_model", replace(saved, learned=LearnedSentenceVectors(0.5, "MiniLM", 384)))
    cases: list[tuple[list[object], int, str]] = [
        ([pretrained], 2, "pass either the TEXT so far, or a --file to score."),
        ([pretrained, "a", "--file", "b"], 2, "pass either the TEXT so far, or a --file to score."),
        ([pretrained, " "], 1, "the text is blank"),
        ([pretrained, "--file", "b", "--sample", 3], 2, "--sample continues a TEXT, not a --file."),
        ([pretrained, "--file", "b", "--words", "--json"], 2, "--json has the words in any case"),
        ([pretrained, "a", "--words", "--sample", 3], 2, "--sample continues it; pass only one."),
        ([run_directory, "a"], 1, "holds a classifier, which predicts labels, not words."),
        ([tmp_path / "none", "a"], 1, "no such run directory. `lstmcli pretrain` writes one."),
        ([taught, "a"], 1, "was made with a teacher (MiniLM), so it has learned sentence vectors"),
        ([pretrained, "--file", tmp_path / "none.txt"], 1, "no such file"),
    ]
    for arguments, code, message in cases:
        result = invoke("next", *arguments)
        assert (result.exit_code, result.stdout) == (code, ""), arguments
        assert message in result.stderr


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Path:
    """A training that began by predicting the next word of its own texts. Tests must not change it."""
    run = tmp_path_factory.mktemp("next") / "run"
    config = set_options(f"data.train={corpus / 'train.csv'}", "model.pretrained=none", "pretraining.own_texts=true")
    result = invoke("train", *PRETRAINING, *config, "--run-dir", run)
    assert result.exit_code == 0, result.stderr
    assert (run / "pretraining").is_dir()
    return run


def test_states_of_another_network_with_the_same_layer_predict_the_same() -> None:
    """A classifier has a vocabulary and upper layers of its own."""
    saved, _ = saved_and_torch(NETWORKS[3])
    order = np.random.default_rng(1).permutation(len(saved.vocabulary))
    weights = {name: value for name, value in saved.weights.items() if name.startswith("recurrent")}
    upper = {
        name.replace("layers.0", "layers.1"): np.zeros((len(value), 8), np.float32)
        if name.endswith("weight_input")
        else value
        for name, value in weights.items()
    }
    place = {saved.vocabulary.words[number]: row for row, number in enumerate(order.tolist())}
    embedding = {"embedding.weight": saved.weights["embedding.weight"][order]}
    reader = StateReader(
        replace(saved.network, layers=2),
        weights | upper | embedding,
        lambda word: place.get(word, place["<unknown>"]),
        layers=1,
    )
    own, other = NextWordModel(saved, "run"), NextWordModel(saved, "run", reader)
    texts = ["w2 w5 w3 other w9", "w4"]
    for (expected,), (found,) in zip(own.scores(texts), other.scores(texts), strict=True):
        np.testing.assert_allclose(found.forward, expected.forward, rtol=1e-6)
        np.testing.assert_allclose(found.backward, expected.backward, rtol=1e-6)
    np.testing.assert_allclose(other.following(["w2", "w5"]), own.following(["w2", "w5"]), rtol=1e-6)


def test_a_language_model_that_does_not_fit_is_refused(classifier: Path) -> None:
    model, saved = read_model(classifier), read_language_model(classifier / "pretraining")
    assert classifier_reader(model, saved, "runs/a").chunk_tokens == model.network.chunk_tokens
    for change in (
        replace(saved, network=replace(saved.network, hidden_size=99)),
        replace(saved, tokenizer=replace(saved.tokenizer, lowercase=False)),
    ):
        with pytest.raises(RunDirectoryError, match="runs/a: the language model in this run does not match"):
            classifier_reader(model, change, "runs/a")


def test_a_classifier_shows_its_states_as_words(classifier: Path) -> None:
    result = invoke("next", classifier, "today i feel", "--json")
    found, before = json.loads(result.stdout), as_json(classifier / "pretraining", "today i feel")
    assert result.stderr.startswith("note: these are the words that the states of this classifier would predict")
    assert found["next"] != before["next"]
    assert invoke("next", classifier, "today i feel", "--quiet").stderr == ""
    for run in (classifier, classifier / "pretraining"):
        each = as_json(run, "today i feel", "--words", "--top-k", 3)["words"]
        assert [word["word"] for word in each] == ["today", "i", "feel"]
        expected = as_json(run, "today i feel", "--top-k", 3)
        assert (each[2]["next"], each[0]["previous"]) == (expected["next"], expected["previous"])
        shown = invoke("next", run, "today i feel", "--words", "--top-k", 3).stdout.splitlines()
        assert [line.split()[0] for line in shown] == ["word", "today", "i", "feel"]
        assert shown[3].split()[2::2] == [guess["word"] for guess in expected["next"]]


def test_a_link_to_a_pretraining_elsewhere_is_refused(classifier: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(classifier, tmp_path / "run"))
    (run / "pretraining").rename(tmp_path / "outside")
    (run / "pretraining").symlink_to(tmp_path / "outside")
    result = invoke("next", run, "today")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is a link that leads out of the run" in result.stderr


def test_the_perplexity_of_a_classifier_is_compared(classifier: Path, corpus: Path) -> None:
    arguments = ["--file", corpus / "test.csv"]
    found, before = as_json(classifier, *arguments), as_json(classifier / "pretraining", *arguments)
    assert found["language_model_perplexity"] == pytest.approx(before["perplexity"])
    assert found["perplexity"] != pytest.approx(before["perplexity"])
    assert "language_model_perplexity" not in before
    saved = read_language_model(classifier / "pretraining")
    bias = torch.tensor(saved.weights["bias"][1:], dtype=torch.float64)
    ids = {word: number for number, word in enumerate(saved.vocabulary.words[: len(bias) + 1])}
    texts = [[ids.get(word, UNKNOWN_ID) for word in text["words"]] for text in found["texts"]]
    targets = [number for text in texts for number in [*text[1:], *text[:-1]]]  # forward, backward
    loss = F.cross_entropy(bias.expand(len(targets), -1), torch.tensor(targets) - 1)
    assert found["frequencies_perplexity"] == pytest.approx(math.exp(loss), rel=1e-6)
    shown = invoke("next", classifier, *arguments).stdout
    assert f"    {before['perplexity']:.2f} with the states of the language model that the classifier started" in shown


def test_it_does_not_load_torch(pretrained: Path) -> None:
    code = "from lstmcli.cli.main import app; app()"
    modules = loaded_modules(code, "next", str(pretrained), "i feel", "--sample", "2")
    assert "lstmcli.inspection.next_words" in modules
    assert not modules & {*HEAVY, "rich", "yaml", "jinja2"}
