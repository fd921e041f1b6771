"""What a network starts from: the English start that comes with the tool, and when a training uses it."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lstmcli.config.loading import load_config
from lstmcli.config.model_settings import TokenizerSettings
from lstmcli.config.settings import Config
from lstmcli.corpus.encode import TokenizedTexts, tokenize
from lstmcli.errors import ConfigError
from lstmcli.kernels.weights import Weights
from lstmcli.models.classifier import Classifier
from lstmcli.store.compact import compressed, expanded
from lstmcli.store.language_model import SavedLanguageModel, read_language_model
from lstmcli.text.encoder import GrowingVocabulary
from lstmcli.training import starts
from lstmcli.training.english import ENGLISH, LEAST_KNOWN, known_share
from lstmcli.training.initial_weights import build_classifier, start_output
from lstmcli.training.starts import automatic_start, given_start
from lstmcli.training.word_vectors import embedding_rows
from tests.conftest import invoke, set_options, write_csv

ENGLISH_TEXTS = [
    "We waited at the station for an hour, and then the train left without us.",
    "i feel so lucky to have a brother like him",
    "Nobody told me that the meeting had moved, which is typical of this office!",
    "lol my cat just walked over the keyboard",
]
OTHER_TEXTS = {
    "German": ["Warum hast du mich nicht angerufen? Ich hatte die ganze Nacht Angst.", "Meine Oma fehlt mir so sehr."],
    "Dutch": ["Ik ben zo blij dat je er bent, het was een lange dag.", "Waarom heb je mij niet gebeld?"],
    "Arabic": ["أنا سعيد جدا اليوم لأن الصيف قد جاء أخيرا", "لماذا لم تتصل بي؟ كنت خائفا طوال الليل"],
    "Japanese": ["今日はとても嬉しいです。やっと夏が来ました。", "どうして電話してくれなかったの？"],
}


def config(*overrides: str) -> Config:
    return load_config(None, ["data.train=x.csv", *overrides])


def tokenized(texts: list[str]) -> TokenizedTexts:
    return tokenize(texts, TokenizerSettings(), GrowingVocabulary())


@pytest.fixture(scope="module")
def english() -> SavedLanguageModel:
    return read_language_model(ENGLISH)


def test_the_shipped_start_is_small_and_whole(english: SavedLanguageModel) -> None:
    """Reading compares all checksums."""
    files = [path for path in ENGLISH.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 10_000_000
    assert english.knows_sentences
    readme = (ENGLISH / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256((ENGLISH / "language_model" / "weights.safetensors").read_bytes()).hexdigest() in readme
    assert all(name in readme for name in ("Apache", "WordNet 3.0 Copyright", "CC BY 4.0", "CC0 1.0", "MIT License"))
    assert len(english.vocabulary) == len(english.weights["embedding.weight"]) > 30_000


def test_english_texts_start_from_it(english: SavedLanguageModel) -> None:
    start = automatic_start(config(), tokenized(ENGLISH_TEXTS))
    assert start.weights.language_model is not None
    np.testing.assert_array_equal(
        start.weights.language_model.weights["embedding.weight"], english.weights["embedding.weight"]
    )
    assert start.what == "English, 100% of the words are known"


@pytest.mark.parametrize("language", OTHER_TEXTS)
def test_texts_in_other_languages_do_not(language: str) -> None:
    start = automatic_start(config(), tokenized(OTHER_TEXTS[language]))
    assert start.weights.source is None
    assert "of the words are known English words" in start.what


def test_only_words_count_for_the_language() -> None:
    texts = tokenized(["ein 7 😂 ... happy"])
    assert known_share(texts, frozenset({"happy", "7", "..."})) == 0.5 < LEAST_KNOWN
    assert known_share(tokenized(["7 😂"]), frozenset({"7"})) == 0.0


@pytest.mark.parametrize(
    ("setting", "needed"),
    [
        ("model.hidden_size=40", "model.hidden_size=80"),
        ("model.bidirectional=false", "model.bidirectional=true"),
        ("model.cell=rnn", "model.cell=lstm"),
        ("tokenizer.lowercase=false", "tokenizer.lowercase=true"),
        ("embedding.size=100", "embedding.size=200"),
    ],
)
def test_a_network_of_another_shape_does_not_start_from_it(setting: str, needed: str) -> None:
    start = automatic_start(config(setting), tokenized(ENGLISH_TEXTS))
    assert start.weights.source is None
    assert start.what == f"random weights: the English start would need {needed}"
    with pytest.raises(ConfigError, match=r"pretrained with different settings|dimensions"):
        given_start(config("model.pretrained=english", setting))


def test_many_texts_with_one_label_each_teach_more_than_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = tokenized(ENGLISH_TEXTS)
    monkeypatch.setattr(starts, "MOST_TEXTS", len(texts) - 1)
    start = automatic_start(config(), texts, "single")
    assert start.weights.source is None
    assert start.what == f"random weights: {len(texts)} texts teach more than the English start would"
    for other in (
        automatic_start(config(), texts, "multi"),
        automatic_start(config(), texts, "traits"),
        automatic_start(config(), texts),
        automatic_start(config("pretraining.own_texts=false"), texts, "single"),
    ):
        assert other.weights.knows_sentences
    monkeypatch.setattr(starts, "MOST_TEXTS", len(texts))
    assert automatic_start(config(), texts, "single").weights.knows_sentences


@pytest.mark.parametrize("name", ["none", "null"])
def test_a_start_can_be_declined(name: str) -> None:
    start = given_start(config(f"model.pretrained={name}"))
    assert start is not None
    assert start.source is None


def test_the_start_can_be_demanded(english: SavedLanguageModel) -> None:
    start = given_start(config("model.pretrained=english"))
    assert start is not None
    assert start.language_model is not None
    assert start.language_model.weights.keys() == english.weights.keys()


def classifier(language_model: SavedLanguageModel, *overrides: str) -> Classifier:
    settings = config(*overrides)
    rows = embedding_rows(language_model.vocabulary, np.ones(len(language_model.vocabulary), dtype=np.int64), 200, None)
    return build_classifier(rows, 3, settings.model, settings, language_model)


def test_a_peephole_network_starts_as_the_lstm_that_it_equals(english: SavedLanguageModel) -> None:
    lstm, peephole = (
        dict(classifier(english, f"model.cell={cell}").named_parameters()) for cell in ("lstm", "peephole")
    )
    shared = [name for name in lstm if name.startswith(("recurrent.", "pooling."))]
    assert len(shared) > 6
    for name in shared:
        torch.testing.assert_close(peephole[name], lstm[name], rtol=0, atol=0)
        np.testing.assert_array_equal(lstm[name].detach().numpy(), english.weights[name])
    assert all((peephole[name] == 0).all() for name in peephole.keys() - lstm.keys())


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_an_untrained_network_predicts_how_frequent_the_labels_are(english: SavedLanguageModel, kind: str) -> None:
    model = classifier(english)
    targets = np.array([[1, 0, 0]] * 60 + [[0, 1, 0]] * 30 + [[0, 0, 1]] * 10, dtype=bool)
    start_output(model, targets, kind)  # type: ignore[arg-type]
    biases = model.output.bias.detach()
    shares = biases.softmax(0) if kind == "single" else biases.sigmoid()
    np.testing.assert_allclose(shares, [0.6, 0.3, 0.1], atol=0.01)


def test_compact_weights_differ_by_half_a_step_of_their_row() -> None:
    generator = np.random.default_rng(3)
    weights: Weights = {
        "embedding.weight": generator.normal(size=(50, 8)).astype(np.float32) * np.logspace(-3, 1, 50)[:, None],
        "pooling.query.weight": generator.normal(size=(1, 8)).astype(np.float32),
    }
    weights["embedding.weight"][0] = 0.0
    found = expanded(compressed(weights))
    steps = np.abs(weights["embedding.weight"]).max(axis=1, keepdims=True) / 127
    assert (np.abs(found["embedding.weight"] - weights["embedding.weight"]) <= 0.57 * steps).all()
    np.testing.assert_allclose(found["pooling.query.weight"], weights["pooling.query.weight"], rtol=1e-3)
    assert {value.dtype for value in found.values()} == {np.dtype(np.float32)}


def test_scales_that_do_not_fit_are_refused() -> None:
    weights = compressed({"embedding.weight": np.ones((4, 2), dtype=np.float32)})
    with pytest.raises(ValueError, match="scales"):
        expanded(weights | {"embedding.scales": weights["embedding.scales"][:3]})
    with pytest.raises(ValueError, match="scales"):
        expanded({name: value for name, value in weights.items() if name != "embedding.scales"})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start")
    rows = [[f"{text} {number}", str(number % 2)] for number in range(10) for text in ENGLISH_TEXTS]
    write_csv(folder / "train.csv", ["text", "label"], rows)
    options = set_options("training.epochs=1", "evaluation.baselines=false", "evaluation.bootstrap_samples=100")
    result = invoke("train", folder / "train.csv", *options, "--run-dir", folder / "run")
    assert result.exit_code == 0, result.stderr
    assert "start    English, " in result.stderr
    assert "next-word" not in result.stderr
    return folder / "run"


def test_a_trained_model_knows_words_that_no_training_text_has(trained: Path) -> None:
    model = json.loads((trained / "model" / "model.json").read_text())
    words = (trained / "model" / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
    assert "delighted" in words
    assert model["network"].get("pretrained") is None
    assert sum(path.stat().st_size for path in (trained / "model").iterdir()) < 25_000_000


def test_prediction_opens_nothing_of_the_start(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("i am delighted\n", encoding="utf-8")
    program = (
        "import sys\n"
        "sys.addaudithook(lambda event, args: print(args[0], file=sys.stderr) if event == 'open' else None)\n"
        "from lstmcli.cli.main import main\n"
        "main()\n"
    )
    found = subprocess.run(
        [sys.executable, "-P", "-c", program, "predict", str(trained), str(tmp_path / "in.txt")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(trained) in found.stderr
    assert str(ENGLISH.parent) not in found.stderr


def test_a_pretraining_starts_from_it_and_hands_it_on(tmp_path: Path, english: SavedLanguageModel) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("".join(f"{text} {number}\n" for number in range(30) for text in ENGLISH_TEXTS), encoding="utf-8")
    options = set_options(f"pretraining.texts={texts}", "pretraining.epochs=1")
    result = invoke("pretrain", *options, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert "start    English, " in result.stderr
    found = read_language_model(tmp_path / "run")
    assert found.knows_sentences
    assert set(english.vocabulary.words) <= set(found.vocabulary.words)
    name = "pooling.query.weight"
    np.testing.assert_array_equal(found.weights[name], english.weights[name])
    place, before = found.vocabulary.id_of("delighted"), english.vocabulary.id_of("delighted")
    np.testing.assert_array_equal(found.weights["embedding.weight"][place], english.weights["embedding.weight"][before])
