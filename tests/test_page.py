"""The page that runs a model: compared with prediction in a headless Chromium, and used as people do."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcli.config.model_settings import DataSettings, ModelSettings, TokenizerSettings
from lstmcli.config.settings import DropoutSettings
from lstmcli.corpus.label_set import LabelSet
from lstmcli.explanation.explainer import Explainer
from lstmcli.inference.predictor import Predictor
from lstmcli.inspection.inspector import Inspector
from lstmcli.inspection.results import View
from lstmcli.metrics.decisions import DecisionRule
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.ngrams.table import FeatureKinds, NgramTable
from lstmcli.recipes.page import page as recipe
from lstmcli.reports.page.content import content_of
from lstmcli.reports.page.encoding import ALPHABET, base_91, floats, integers
from lstmcli.reports.page.html import page_of
from lstmcli.store.model import SavedModel
from lstmcli.text.tokenizer import Tokenizer
from lstmcli.text.vocabulary import Vocabulary
from tests.chromium import PROGRAM, Tab, browser
from tests.conftest import PROJECT, Cli
from tests.mixed_texts import mixed_texts

needs_browser = pytest.mark.skipif(PROGRAM is None, reason="needs Debian's chromium (apt-get install chromium)")
TEXTS = mixed_texts(500)
LABELS = ("joy", "</script><b>", "anger & fear", "трепет")


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with browser() as found:
        yield found


def made(seed: int = 1, **changes: Any) -> SavedModel:
    """Return a model with random weights, large enough for probabilities of all sizes, and all words of TEXTS."""
    import torch

    network = ModelSettings(**{"hidden_size": 6, **changes.pop("network", {})})
    tokenizer = TokenizerSettings(**changes.pop("tokenizer", {}))
    tokens = dict.fromkeys(token for text in TEXTS for token in Tokenizer(tokenizer)(text))
    words = list(tokens)[::2]
    vocabulary = Vocabulary(["<pad>", "<unknown>", *(word for word in words if word not in ("<pad>", "<unknown>"))])
    generator = np.random.default_rng(seed)
    members = []
    for number in range(changes.pop("num_members", 1)):
        torch.manual_seed(seed + number)
        classifier = Classifier(Sizes(len(vocabulary), 7, len(LABELS), 0), network, DropoutSettings())
        weights = {name: value.numpy() * 1.5 for name, value in classifier.state_dict().items()}
        weights["embedding.weight"] = generator.normal(size=(len(vocabulary), 7)).astype(np.float16)
        members.append(weights)
    kinds = changes.pop("kinds", FeatureKinds.NEGATED)
    rows = generator.normal(size=(1 << 10, 1 + len(LABELS))).astype(np.float16)
    rows[:, 0] = np.abs(rows[:, 0]) + 0.5
    rows[generator.random(len(rows)) < 0.3] = 0.0
    table = NgramTable(range(2, 5), rows, generator.normal(size=len(LABELS)), None, kinds)
    kind = changes.pop("kind", "single")
    thresholds = np.full(4, 0.0) if kind == "single" else np.array([0.4, 0.5, 0.6, 0.7])
    model = SavedModel(
        network=network,
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        labels=LabelSet(LABELS, kind),
        rule=DecisionRule(kind, thresholds, at_least_one=changes.pop("at_least_one", False)),
        temperature=1.3,
        columns=DataSettings(),
        members=tuple(members),
        ngrams=table,
        ngram_share=0.4,
    )
    return replace(model, **changes)


CASES: dict[str, dict[str, Any]] = {
    "an lstm, with n-grams and attention": {},
    "a plain network forward, by its last state": {
        "network": {"cell": "rnn", "bidirectional": False, "pooling": "last"},
        "kinds": FeatureKinds.MARKED,
    },
    "peepholes in two layers, by the last states, in pieces": {
        "network": {"cell": "peephole", "layers": 2, "pooling": "last", "chunk_tokens": 7},
        "kinds": FeatureKinds.ADJACENT,
    },
    "the mean, of several labels": {"network": {"pooling": "mean"}, "kind": "multi", "at_least_one": True},
    "the maximum, of a truncated text, with capitals": {
        "network": {"pooling": "max", "chunk_tokens": 5},
        "tokenizer": {"max_tokens": 11, "lowercase": False, "capitals": "mark", "elongations": "mark"},
        "kind": "traits",
    },
    "an ensemble without n-grams that keeps everything": {
        "num_members": 3,
        "temperature": 0.25,
        "ngrams": None,
        "ngram_share": 0.0,
        "network": {"cell": "peephole"},
        "tokenizer": {"hashtags": "keep", "users": "keep", "links": "keep", "contractions": "keep", "cut": "tail"},
    },
    "the first rules": {"tokenizer": {"rules": 1, "elongations": "keep", "max_tokens": 3, "cut": "head"}},
}


def opened(tab: Tab, model: SavedModel, folder: Path, name: str = "made") -> Path:
    path = folder / "page.html"
    path.write_text(page_of(content_of(model), name), encoding="utf-8")
    tab.open(path)
    return path


def check_predictions(tab: Tab, model: SavedModel) -> None:
    """Compare with prediction: tokens, probabilities, and labels but where a probability is on a threshold."""
    found = tab.call("texts => Promise.all(texts.map(lstmcli.predict))", TEXTS)
    tokenizer = Tokenizer.without_limit(model.tokenizer)
    assert [each["tokens"] for each in found] == [tokenizer(text) or ["<unknown>"] for text in TEXTS]
    expected = Predictor(model).predict(TEXTS)
    probabilities = np.array([each["probabilities"] for each in found])
    np.testing.assert_allclose(probabilities, expected.probabilities, rtol=0, atol=1e-3)
    assert np.ptp(expected.probabilities, axis=0).max() > 0.2
    differs = (np.array([each["picked"] for each in found]) != expected.decisions).any(axis=1)
    assert differs.mean() <= 0.01


@needs_browser
@pytest.mark.parametrize("case", CASES)
def test_the_page_predicts_as_the_model_does(case: str, tab: Tab, tmp_path: Path) -> None:
    model = made(**CASES[case])
    opened(tab, model, tmp_path)
    check_predictions(tab, model)


@needs_browser
@pytest.mark.parametrize("case", list(CASES)[:3])
def test_the_page_explains_and_inspects_as_the_commands_do(case: str, tab: Tab, tmp_path: Path) -> None:
    model = made(**CASES[case])
    opened(tab, model, tmp_path)
    texts = [text for text in TEXTS if len(text) < 300][::40]
    expected = Explainer(Predictor(model)).explain(texts).explanations
    for text, found, other in zip(
        texts, tab.call("texts => Promise.all(texts.map(each => lstmcli.explain(each)))", texts), expected, strict=True
    ):
        assert [word for word, _ in found] == [word.word for word in other.words]
        np.testing.assert_allclose([share for _, share in found], [word.share for word in other.words], atol=0.02)
        check_signals(tab.call("text => lstmcli.inspect(text)", text), Inspector(model, View(1, None, None)), text)


def check_signals(found: Any, inspector: Inspector, text: str) -> None:
    expected = inspector.text(text)
    assert found["words"] == [word.text for word in expected.words]
    for own, direction in zip(found["directions"], expected.directions, strict=True):
        for name, values in own.items():
            signal = direction.signal("cell" if name == "memory" else name)
            sizes = signal.sizes if name in ("memory", "state") else signal.values
            np.testing.assert_allclose(values, sizes, atol=5e-3)


@needs_browser
def test_a_reader_types_and_sees_the_prediction(tab: Tab, tmp_path: Path) -> None:
    tab.problems.clear()
    tab.requests.clear()
    model = made(kind="multi")
    path = opened(tab, model, tmp_path, 'a & b </script><script>alert("x")</script>')
    tab.resize(360)
    tab.send("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert tab.value("document.activeElement.id") == "text"
    text = "i am not happy </script> 😂 today, " + "x" * 90
    for letter in text:
        tab.send("Input.insertText", text=letter)
    tab.until("document.querySelector('#words span') && document.querySelector('svg') && answer.ariaBusy === 'false'")
    assert tab.value("words.textContent") == text
    names = [name for name, picked in zip(LABELS, Predictor(model).predict([text]).decisions[0], strict=True) if picked]
    assert all(name in tab.value("answer.textContent") for name in names)
    assert tab.value("[...document.querySelectorAll('#probabilities tbody th')].map(e => e.textContent)") == list(
        LABELS
    )
    assert tab.value("document.querySelectorAll('svg').length") == 2
    for width in (360, 1280):
        tab.resize(width)
        assert tab.value("document.documentElement.scrollWidth") <= width
    assert not tab.problems
    assert tab.requests == [path.as_uri()]


# The colour behind an element is that of its own background, which may be transparent, over those of its parents.
CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const over = (colors) => { canvas.clearRect(0, 0, 1, 1);
    for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const linear = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = (rgb) => { const [r, g, b] = rgb.map(linear);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const found = [];
  for (const details of document.querySelectorAll("details")) details.open = true;
  for (const element of document.body.querySelectorAll("*")) {
    if (!element.checkVisibility() || ![...element.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const behind = [];
    for (let each = element; each; each = each.parentElement) behind.unshift(getComputedStyle(each).backgroundColor);
    const style = getComputedStyle(element), back = over(behind);
    const text = over([`rgb(${back})`, element instanceof SVGElement ? style.fill : style.color]);
    const [low, high] = [light(back), light(text)].sort((a, b) => a - b);
    found.push([(high + 0.05) / (low + 0.05), element.tagName, element.textContent.slice(0, 20)]);
  }
  return found;
}"""


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_contrast(scheme: str, tab: Tab, tmp_path: Path) -> None:
    tab.scheme(scheme)
    opened(tab, made(kind="multi"), tmp_path)
    tab.value("text.value = 'i am not happy today'; text.dispatchEvent(new Event('input'))")
    tab.until("document.querySelector('#words span') && document.querySelector('svg')")
    found = tab.call(CONTRASTS, None)
    assert {"SPAN", "text", "TH", "H1", "SUMMARY", "LABEL"} <= {name for _, name, _ in found}
    assert min(found)[0] >= 4.5, min(found)
    background = tab.value("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


@needs_browser
def test_everything_has_a_name_for_screen_readers(tab: Tab, tmp_path: Path) -> None:
    opened(tab, made(), tmp_path)
    tab.value("text.value = 'i am not happy today'; text.dispatchEvent(new Event('input'))")
    tab.until("document.querySelector('#words span') && document.querySelector('svg')")
    nodes = tab.send("Accessibility.getFullAXTree")["nodes"]
    roles = [(node["role"]["value"], node.get("name", {}).get("value")) for node in nodes if not node["ignored"]]
    assert ("textbox", "Your text") in roles
    assert {"image", "combobox", "status", "region", "table", "rowheader"} <= {role for role, _ in roles}
    named = {"image", "combobox", "region", "textbox", "button"}
    assert all(name for role, name in roles if role in named)
    assert tab.value("document.documentElement.lang") == "en"


def test_numbers_survive_the_way_into_a_page() -> None:
    content = bytes(range(256)) * 3
    digits = [ALPHABET.index(letter) for letter in base_91(content)]
    pairs = zip(digits[::2], digits[1::2], strict=True)
    bits = "".join(f"{low + len(ALPHABET) * high:013b}"[::-1] for low, high in pairs)
    assert bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, 8 * len(content), 8)) == content
    assert integers(np.array([0, -1, 1, -2, 70_000]))[:5] == bytes([0, 1, 2, 3, 140_000 & 255])
    values = np.array([0.0, -1.5, 3.14159265, 1e-30, 65504.0], np.float32)
    back = np.frombuffer(floats(values), np.uint8).reshape(4, -1).T.copy().view("<f4")[:, 0]
    np.testing.assert_allclose(back, values, rtol=2**-16)


def test_the_command_writes_the_same_file_each_time(cli: Cli, run_directory: Path, tmp_path: Path) -> None:
    path = tmp_path / "demo.html"
    result = cli("page", run_directory, "--output", path)
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(rf"wrote    {path} \(\d+\.\d MB\)\n", result.stderr)
    page = path.read_text(encoding="utf-8")
    again = cli("page", run_directory / "model", "--output", "-", "--quiet")
    assert (again.stdout, again.stderr) == (page, "")
    assert "default-src 'none'" in page
    assert "://" not in re.sub(
        r'http://www\.w3\.org/2000/svg|<script type="text/plain".*?</script>|https\?://', "", page
    )


def test_strange_names_and_words_stay_text() -> None:
    model = made()
    page = page_of(content_of(model), "</title><script>")
    assert page.count("<script") == page.count("</script>") == 2 + len(content_of(model).tables)
    assert "&lt;/title&gt;&lt;script&gt;" in page


def test_a_mistake_is_one_message(
    cli: Cli, run_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = cli("page", tmp_path / "gone", "--output", tmp_path / "x.html")
    assert missing.returncode == 1
    assert "no such run directory" in missing.stderr
    nowhere = cli("page", run_directory, "--output", tmp_path / "gone" / "x.html")
    assert nowhere.returncode == 1
    assert "Does the folder exist?" in nowhere.stderr
    assert cli("page", run_directory).returncode == 2
    monkeypatch.setattr(recipe, "MAX_PAGE_BYTES", 100)
    with pytest.raises(recipe.UsageError, match=r"the page of this model would have at least .* phones"):
        recipe.make_page(run_directory)


def test_the_size_of_scripts_stays_readable() -> None:
    for path in (PROJECT / "lstmcli" / "reports" / "page" / "assets").iterdir():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path


def test_a_page_loads_no_torch(run_directory: Path, tmp_path: Path) -> None:
    from tests.test_architecture import HEAVY, loaded_modules

    code = "from lstmcli.cli.main import app; app()"
    modules = loaded_modules(code, "page", str(run_directory), "--output", str(tmp_path / "demo.html"))
    assert "lstmcli.reports.page.html" in modules
    assert not modules & HEAVY
