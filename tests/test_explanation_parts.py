"""Explanations where something is missing: no n-grams, no attention, one word; and features that are made by hand."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lstmcli.explanation.removal as removal
from lstmcli.data.formats.base import Record
from lstmcli.errors import DataError, LstmcliError
from lstmcli.explanation.explainer import Explainer
from lstmcli.explanation.faithfulness import compare
from lstmcli.explanation.methods import IntegratedGradients
from lstmcli.explanation.removal import Block
from lstmcli.explanation.target import log_odds
from lstmcli.explanation.vocabulary import strongest
from lstmcli.inference.predictor import Predictor
from lstmcli.ngrams.features import HashedTokens
from lstmcli.ngrams.negation import twin_of
from lstmcli.ngrams.table import FeatureKinds, NgramTable
from lstmcli.reports.explanation.screen import Screen
from lstmcli.reports.inspection.cells import Style
from lstmcli.store.model import SavedModel, read_model
from tests.conftest import invoke
from tests.test_forged_runs import forged, json_change

TEXT = "honestly i feel glad about it"


@pytest.fixture(scope="module")
def model(run_directory: Path) -> SavedModel:
    return read_model(run_directory)


@pytest.fixture(scope="module")
def alone(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose model has no n-grams."""
    change = json_change(lambda content: content.pop("ngrams"))
    return forged(run_directory, tmp_path_factory.mktemp("alone"), "model/model.json", change)


@pytest.mark.parametrize("arguments", [["--labels"], ["--method", "linear"]])
def test_what_is_about_ngrams_is_refused_without_any(alone: Path, tmp_path: Path, arguments: list[str]) -> None:
    result = invoke("explain", alone, *([] if arguments == ["--labels"] else [write(tmp_path, TEXT)]), *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"error: {' '.join(arguments)}: this model has no n-grams.\n"


def write(folder: Path, *lines: str) -> Path:
    path = folder / "in.txt"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("method", ["leave-one-out", "integrated-gradients"])
def test_without_ngrams_all_of_a_logit_is_the_networks(alone: Path, tmp_path: Path, method: str) -> None:
    result = invoke("explain", alone, write(tmp_path, TEXT), "--method", method)
    (row,) = map(json.loads, result.stdout.splitlines())
    assert list(row["parts"]) == ["network"]
    assert [word["word"] for word in row["words"]] == TEXT.split()
    strong = max(row["words"], key=lambda word: float(word["share"]))
    assert (row["prediction"], strong["word"]) == ("joy", "glad")
    inspected = " ".join(invoke("inspect", alone, "--text", TEXT).stdout.split())
    assert (
        f"decision: joy ({row['score']:.2f}). All of it is the network's, since this model has no n-grams." in inspected
    )


def test_integrated_gradients_without_ngrams_are_the_networks_at_the_temperature(alone: Path) -> None:
    predictor = Predictor.open(alone)
    method = IntegratedGradients(predictor)
    with predictor.turn():
        (text,) = Explainer(predictor).read([TEXT])
        (found,) = method(Block(predictor, [text], np.array([1]), np.zeros((1, 3))))
        expected = method.of_network(text, 1) / predictor.model.temperature
    np.testing.assert_array_equal(found, expected)


def test_texts_that_do_not_fit_together_are_predicted_apart(model: SavedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [TEXT, "so sad", "i am not happy , not at all"]
    together = Explainer(Predictor(model)).explain(texts)
    monkeypatch.setattr(removal, "MAX_VERSION_TOKENS", 5)
    assert Explainer(Predictor(model)).explain(texts).explanations == together.explanations


@pytest.mark.parametrize("kind", ["multi", "traits"])
def test_labels_that_are_decided_alone_have_their_logit_as_log_odds(kind: Any) -> None:
    logits = np.array([[1.0, -2.0, 0.5], [3.0, 0.0, 0.0]])
    np.testing.assert_array_equal(log_odds(logits, 1, kind), [-2.0, 0.0])


def test_the_log_odds_of_one_label_are_those_of_its_probability() -> None:
    logits = np.array([[1.0, -2.0, 0.5]])
    probability = np.exp(-2.0) / np.exp(logits).sum()
    np.testing.assert_allclose(log_odds(logits, 1, "single"), np.log(probability / (1 - probability)))


def test_methods_are_compared_without_attention_weights_where_there_are_none(model: SavedModel) -> None:
    members = tuple(
        {name: value for name, value in member.items() if not name.startswith("pooling.")} for member in model.members
    )
    found = compare(Predictor(replace(model, network=replace(model.network, pooling="mean"), members=members)), [TEXT])
    assert "attention" not in {each.method for each in found.methods}
    assert {"random", "linear"} < {each.method for each in found.methods}


def test_texts_of_one_word_are_no_measure_of_faithfulness(run_directory: Path, tmp_path: Path) -> None:
    path = write(tmp_path, "glad", "sad")
    result = invoke("explain", run_directory, "--faithfulness", path)
    assert (result.exit_code, result.stdout) == (1, "")
    message = f"error: {path}: no text has two words, so none can be left out; name a file with longer texts."
    assert result.stderr.split() == message.split()
    with pytest.raises(DataError, match=r"the texts: no text has two words"):
        compare(Predictor(read_model(run_directory)), [])


def test_logits_that_are_no_numbers_are_no_prediction(model: SavedModel) -> None:
    """Weights that are finite, and too large to be added up."""
    members = tuple(
        {**member, "output.weight": np.full_like(member["output.weight"], 3e38) * [[1.0], [-1.0], [1.0]]}
        for member in model.members
    )
    with np.errstate(all="ignore"):
        predictor = Predictor(replace(model, members=members, ngrams=None, ngram_share=0.0))
        for ask in (predictor.predict, Explainer(predictor).explain):
            with pytest.raises(LstmcliError, match="probabilities that are not numbers"):
                ask([TEXT])


def table_of(words: Sequence[str], weights: Sequence[float], kinds: FeatureKinds) -> NgramTable:
    """A table that has seen these words alone, as one-word features with these weights for joy."""
    num_buckets = 1 << 16
    rows = np.zeros((num_buckets, 4), dtype=np.float16)
    buckets = HashedTokens.from_tokens(list(words), range(0), num_buckets).words(num_buckets)
    rows[buckets, 0] = 1.0
    rows[buckets, 2] = weights
    return NgramTable(range(0), rows, np.zeros(3), kinds=kinds)


def test_words_after_a_negation_are_listed_as_such(model: SavedModel) -> None:
    assert model.labels.names == ("anger", "joy", "sadness")
    table = table_of(["glad", twin_of("sad"), "angry"], [2.0, 3.0, -1.0], FeatureKinds.NEGATED)
    found = strongest(replace(model, ngrams=table), 5)
    assert [(each.label, each.words, each.ngrams) for each in found] == [
        ("anger", [], []),
        ("joy", [("not ... sad", 3.0), ("glad", 2.0)], []),
        ("sadness", [], []),
    ]
    assert strongest(replace(model, ngrams=None), 5) == []


def test_the_screen_names_a_row_without_words_and_what_words_do_only_together() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    writer = Screen(Style(60)).writer(stream)
    nothing = {"prediction": None, "score": None, "explained": None, "parts": None, "words": None}
    writer.start(["text"], list(nothing), continues=False)
    writer.write(Record(3, ["text"], [""]), nothing)
    writer.write(Record(7, ["text"], [""], problem="has too many cells"), nothing)
    words = [{"word": "glad", "share": 2.0}, {"word": "fü", "share": 0.0}]
    phrases = [{"phrase": "glad fü", "interaction": -0.5}]
    parts = {"network": -1.0, "ngrams": 2.5}
    cells = {"prediction": "joy", "score": 0.9, "explained": "sadness", "parts": parts, "words": words}
    writer.write(Record(8, ["text"], ["glad fü"]), {**cells, "phrases": phrases})
    stream.flush()
    assert stream.buffer.getvalue().decode().splitlines() == [
        "line 3: no prediction",
        "",
        "line 7: has too many cells",
        "",
        "joy (0.90); for sadness:  network -1.00, n-grams +2.50",
        "  glad fü",
        "  ++++",
        '  together: "glad fü" -0.50',
    ]


def test_a_screen_is_no_format_to_read() -> None:
    with pytest.raises(ValueError, match=r"got a screen for in\.txt"):
        Screen(Style()).read([], "in.txt")


def test_a_terminal_gets_paragraphs_and_a_format_that_is_named_all_the_same(
    run_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lstmcli.cli.explain.is_terminal", lambda _: True)
    path = write(tmp_path, TEXT, "", "so sad")
    shown = invoke("explain", run_directory, path).stdout
    assert [part.splitlines()[0].split()[0] for part in shown.split("\n\n")] == ["joy", "line", "sadness"]
    assert shown.split("\n\n")[0].splitlines()[1] == f"  {TEXT}"
    rows = invoke("explain", run_directory, path, "--output-format", "jsonl").stdout.splitlines()
    assert [json.loads(row)["text"] for row in rows] == [TEXT, "", "so sad"]
