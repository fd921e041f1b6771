"""`data.lexicons`: categories of lexicons as features of a model, which contains their words."""

import json
from pathlib import Path

import numpy as np
import pytest

from lstmcli.config.loading import config_from
from lstmcli.errors import ConfigError
from lstmcli.inference.predictor import Predictor
from lstmcli.lexicons.lexicon import Lexicon
from lstmcli.lexicons.reading import read_lexicon
from lstmcli.lexicons.storing import lexicon_from_dict, lexicon_to_dict
from lstmcli.ngrams.lexicon_features import LexiconFeatures, learn_lexicons
from tests.conftest import FAST, invoke, set_options, write_csv
from tests.test_architecture import loaded_modules

# Words that share no letters' n-grams with those of the other label; training sees the first three of each only.
GLAD = ["bliss", "glee", "mirth", "rapture", "jubilant", "woohoo"]
DOWN = ["gloom", "woe", "dismal", "forlorn", "weepy", "drear"]
OPENINGS = ["today", "well", "again", "at home", "on the train", "this morning", "honestly", "after lunch"]
DIC = "%\n1\tglad\n2\tdown\n%\n" + "".join(f"{word}\t1\n" for word in GLAD) + "".join(f"{word}\t2\n" for word in DOWN)
UNSEEN = [*GLAD[3:], *DOWN[3:]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a RUN that has read a lexicon, which is gone."""
    folder = tmp_path_factory.mktemp("lexicon")
    (folder / "mood.dic").write_text(DIC, encoding="utf-8")
    (folder / "vad.csv").write_text("word,valence\nbliss,0.9\ngloom,0.1\nwoe,0.2\n", encoding="utf-8")
    rows = [
        (f"{opening} {word} {number}", label)
        for number, opening in enumerate(OPENINGS)
        for words, label in ((GLAD[:3], "up"), (DOWN[:3], "low"))
        for word in words
    ]
    file = write_csv(folder / "train.csv", ["text", "label"], rows)
    lexicons = f"data.lexicons=[{folder / 'mood.dic'},{folder / 'vad.csv'}]"
    options = set_options(lexicons, "model.pretrained=none", "evaluation.baselines=false", *FAST)
    result = invoke("train", file, *options, "--run-dir", folder / "RUN")
    assert result.exit_code == 0, result.stderr
    shown = " ".join(result.stderr.split())
    assert "mood (lexicon: 12 entries in 2 categories, which become part of the model); vad (lexicon: 3 " in shown
    (folder / "mood.dic").unlink()
    return folder


def test_words_that_only_the_lexicon_knows_decide(folder: Path) -> None:
    predictor = Predictor.open(folder / "RUN")
    features = predictor.model.features
    assert features is not None
    assert features.names == ("mood: glad", "mood: down", "vad: valence")
    probabilities = predictor.probabilities(UNSEEN)
    low, up = (probabilities[:, predictor.model.labels.names.index(name)] for name in ("low", "up"))
    assert (up[:3] > low[:3]).all()
    assert (low[3:] > up[3:]).all()


def test_predictions_do_not_depend_on_the_other_texts(folder: Path) -> None:
    predictor = Predictor.open(folder / "RUN")
    texts = [*UNSEEN, "today bliss and woe", "nothing of it", "!!"]
    together = predictor.probabilities(texts)
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_array_equal(predictor.probabilities([text])[0], row)


def test_info_says_which_words_a_model_contains(folder: Path) -> None:
    shown = " ".join(invoke("info", folder / "RUN").stdout.split())
    digest = read_digest(folder)
    assert f"mood: 12 entries, 2 categories, all of them in the model (sha256 {digest[:16]})" in shown
    found = json.loads(invoke("info", folder / "RUN", "--json").stdout)["classifier"]["lexicons"]
    assert found[0] == {"name": "mood", "num_entries": 12, "num_categories": 2, "digest": digest}
    assert [each["name"] for each in found] == ["mood", "vad"]


def read_digest(folder: Path) -> str:
    again = folder / "again.dic"
    again.write_text(DIC, encoding="utf-8")
    return read_lexicon(str(again)).digest


def test_info_about_other_models_says_nothing_of_lexicons(run_directory: Path) -> None:
    assert "lexicon" not in invoke("info", run_directory).stdout
    assert "lexicons" not in json.loads(invoke("info", run_directory, "--json").stdout)["classifier"]


def test_a_page_is_refused_since_it_would_pass_the_lexicon_over(folder: Path) -> None:
    result = invoke("page", folder / "RUN", "--output", folder / "page.html")
    assert result.exit_code == 2
    assert "counts the words of lexicons, which a page does not; train without data.lexicons" in " ".join(
        result.stderr.split()
    )
    assert not (folder / "page.html").exists()


def test_an_explanation_shows_what_categories_add(folder: Path) -> None:
    (folder / "texts.txt").write_text("jubilant day\n", encoding="utf-8")
    (line,) = invoke("explain", folder / "RUN", folder / "texts.txt").stdout.splitlines()
    glad, down, valence = json.loads(line)["features"]
    assert (glad["feature"], glad["value"]) == ("mood: glad", "50%")
    assert (down["value"], valence["value"]) == ("0%", "-")
    assert glad["share"] > 0


def lexicon() -> Lexicon:
    entries = {"happ*": {0: 1.0}, "not bad": {0: 1.0, 1: 0.25}, "woe": {1: -0.5}}
    return Lexicon("mood", ("glad", "valence"), (False, True), entries)


def test_a_lexicon_is_stored_to_the_last_digit() -> None:
    assert lexicon_from_dict(json.loads(json.dumps(lexicon_to_dict(lexicon())))) == lexicon()


@pytest.mark.parametrize(
    "change",
    [
        {"words": "happ*\t0=1.0"},  # not those of the digest
        {"words": "happ*\t7=1.0"},
        {"words": "happ*\t0=nan"},
        {"words": ""},
        {"categories": ["glad"]},
        {"categories": ["glad", "glad"]},
        {"categories": ["glad", "\x1b[2J"]},
        {"weighted": [0, 1]},
        {"name": ""},
        {"digest": "0"},
    ],
)
def test_a_stored_lexicon_that_was_changed_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        lexicon_from_dict({**lexicon_to_dict(lexicon()), **change})


def test_features_are_scaled_as_counted_by_hand() -> None:
    texts = ["happy day", "not bad", "a b c d", "woe is me", "..."]
    found = learn_lexicons([lexicon()], [texts[:2], texts[2:]])
    # Percentages 50, 100, 0, 0 and none; weights 0.25 and -0.5.
    deviation = np.std([50.0, 100.0, 0.0, 0.0])
    expected = np.array([[50 / deviation, 0], [100 / deviation, 1], [0, 0], [0, -1], [0, 0]])
    np.testing.assert_allclose(found.values(texts), expected)
    np.testing.assert_allclose(found.averages, expected.mean(axis=0))
    assert found.values([]).shape == (0, 2)
    again = LexiconFeatures.from_dict(json.loads(json.dumps(found.to_dict())))
    np.testing.assert_array_equal(again.values(texts), found.values(texts))
    assert found.shown("not bad at all") == {"mood: glad": "50%", "mood: valence": "0.25"}
    assert found.shown("a b c") == {"mood: glad": "0%", "mood: valence": "-"}
    for key in ("means", "deviations", "averages"):
        with pytest.raises(ValueError, match="expected"):
            LexiconFeatures.from_dict({**found.to_dict(), key: [1.0]})
    with pytest.raises(ValueError, match="not above 0"):
        LexiconFeatures.from_dict({**found.to_dict(), "deviations": [0.0, 1.0]})


def test_settings_that_contradict_lexicons_are_told() -> None:
    with pytest.raises(ConfigError, match=r"data\.lexicons requires ngrams\.enabled"):
        config_from({"data.train": "a.csv", "data.lexicons": ["a.dic"], "ngrams.enabled": False})
    with pytest.raises(ConfigError, match=r"two files are called 'a'"):
        config_from({"data.train": "a.csv", "data.lexicons": ["x/a.dic", "a.csv.gz"]})


def test_a_wrong_lexicon_is_told_before_anything_heavy_is_loaded(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.dic").write_text("happy\t1\n", encoding="utf-8")
    options = [*set_options(f"data.lexicons=[{tmp_path / 'bad.dic'}]"), "--run-dir", str(tmp_path / "run")]
    result = invoke("train", folder / "train.csv", *options)
    assert result.exit_code == 1
    assert "bad.dic, line 1: a .dic file starts with a line with %" in result.stderr
    code = (
        "from lstmcli.errors import LstmcliError; from lstmcli.cli.main import app\n"
        "    try: app(standalone_mode=False)\n"
        "    except LstmcliError: pass"
    )
    modules = loaded_modules(code, "train", str(folder / "train.csv"), *options)
    assert not modules & {"torch", "pandas", "sklearn", "scipy"}
    assert not (tmp_path / "run").exists()
