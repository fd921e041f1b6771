"""`lstmcli info` in words: each kind of run, from facts made by hand."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lstmcli.config.model_settings import DataSettings, ModelSettings
from lstmcli.config.settings import Config, PretrainingSettings
from lstmcli.reports.information.screen import report
from lstmcli.store.information import Classifier, Information, LanguageModel, Scored
from lstmcli.store.language_model import LearnedNextWord
from tests.conftest import invoke

NETWORK = ModelSettings(cell="lstm", hidden_size=8, layers=2, bidirectional=False, pooling="mean")

INFORMATION = Information(
    path=Path("my runs/x"),
    kind="unfinished",
    is_finished=True,
    written_by="",
    format_version=None,
    finished="",
    model_bytes=2_500_000,
    total_bytes=2_500_000,
    facts={},
    evaluations=(),
    config=None,
)

CLASSIFIER = Classifier(
    labels=("joy", "anger"),
    label_kind="traits",
    label_shares={},
    thresholds={"joy": 0.25, "anger": 0.2504},
    threshold_origins={"joy": "fixed", "anger": "fixed"},
    network=NETWORK,
    num_networks=1,
    num_words=1234,
    ngram_share=None,
    ngram_sizes=None,
    columns=DataSettings(),
)


def facts_of(information: Information) -> dict[str, str]:
    """Return what follows each name, without the heading and what comes after the facts."""
    lines = report(information, width=200).split("\n\n")[1].splitlines()
    return {line[:14].strip(): line[14:] for line in lines}


def classifier(facts: dict[str, str | float] | None = None, **changes: Any) -> Information:
    found = replace(CLASSIFIER, **changes)
    return replace(INFORMATION, kind="classifier", classifier=found, facts=facts or {})


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, "0.25 for every label (fixed)"),
        ({"threshold_origins": {"joy": "fixed", "anger": "chosen"}}, "0.25 for every label"),
        ({"thresholds": {"joy": 0.5, "anger": 0.25}}, "anger 0.25, joy 0.50 (fixed)"),
        ({"thresholds": {"joy": 0.5, "anger": 0.25}, "threshold_origins": {}}, "anger 0.25, joy 0.50"),
    ],
)
def test_thresholds_are_listed_from_the_lowest_unless_all_are_the_same(changes: dict[str, Any], shown: str) -> None:
    assert facts_of(classifier(**changes))["thresholds"] == shown


def test_a_model_without_ngrams_says_so() -> None:
    shown = facts_of(classifier())
    assert shown["n-grams"] == "none"
    assert shown["network"] == "lstm, 2 layers of 8 units, forward only, pooling mean"
    assert shown["size"] == "1,234 words; 2.5 MB"


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"pretraining_teacher": "MiniLM", "pretraining_perplexity": 9.5}, "sentence vectors of MiniLM"),
        ({"pretraining_perplexity": 123.4}, "next-word prediction (perplexity 123.4)"),
        ({}, None),
    ],
)
def test_a_classifier_says_what_it_started_from(facts: dict[str, str | float], shown: str | None) -> None:
    assert facts_of(classifier(facts)).get("started from") == shown


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (DataSettings(format="tsv-raw"), "tsv-raw, utf-8"),
        (DataSettings(encoding="cp1252"), "auto, cp1252"),
        (DataSettings(encoding="UTF-8"), None),
    ],
)
def test_a_format_or_encoding_that_prediction_takes_from_training_is_named(
    columns: DataSettings, shown: str | None
) -> None:
    lines = report(classifier(columns=columns)).splitlines()
    assert "  lstmcli predict 'my runs/x' FILE.csv --text text" in lines
    last = lines[-1] if "read as in training" in lines[-1] else None
    assert last == (shown and f"  (read as in training, unless options say otherwise: {shown})")


def test_a_pretraining_on_next_words_says_how_well_it_predicts_them() -> None:
    model = LanguageModel(NETWORK, 1234, LearnedNextWord(98.76))
    texts = Config(pretraining=PretrainingSettings(texts=("a.txt", "b.txt.gz")))
    facts: dict[str, str | float] = {"frequency_perplexity": 1500.5, "texts": 20_000, "parameters": 54_321}
    run = replace(INFORMATION, kind="pretraining", language_model=model, facts=facts, config=texts)
    assert facts_of(run) == {
        "learned": "to predict the next word: perplexity 98.8 on held-out texts; by frequency alone 1,500.5",
        "network": "lstm, 2 layers of 8 units, forward only, pooling mean",
        "size": "54,321 parameters, 1,234 words; 2.5 MB",
        "trained on": "a.txt, b.txt.gz: 20,000 texts",
    }
    assert "  lstmcli next 'my runs/x' --text 'once upon a'" in report(run).splitlines()
    alone = replace(run, facts={}, config=None)
    assert facts_of(alone)["learned"] == "to predict the next word: perplexity 98.8 on held-out texts"


def test_an_unfinished_pretraining_is_resumed_as_one() -> None:
    run = replace(INFORMATION, config=Config(pretraining=PretrainingSettings(texts=("a.txt",))))
    assert report(run).splitlines()[-1] == "  lstmcli pretrain --resume --run-dir 'my runs/x'"


def test_the_main_score_comes_first_and_one_that_a_system_lacks_is_a_dash() -> None:
    ours = {"log_loss": (0.5, 0.4, 0.6), "accuracy": (0.8, 0.7, 0.9), "macro_f1": (0.75, 0.7, 0.8)}
    scored = Scored("test.csv", 36, True, 0.95, "macro_f1", {"this model": ours, "majority": {"macro_f1": (0, 0, 0)}})
    lines = report(replace(classifier(), evaluations=(scored,))).splitlines()
    start = lines.index("test.csv: 36 rows, on which the epoch was chosen")
    assert [line.split() for line in lines[start + 1 : start + 4]] == [
        ["macro-F1", "accuracy"],
        ["this", "model", "0.750", "[0.700,", "0.800]", "0.800", "[0.700,", "0.900]"],
        ["majority", "0.000", "[0.000,", "0.000]", "-"],
    ]


def test_a_cross_validation_says_what_it_is_and_how_to_get_a_model(run_directory: Path, tmp_path: Path) -> None:
    run = tmp_path / "folds run"
    run.mkdir()
    shutil.copy(run_directory / "config.yaml", run)
    (run / "folds.json").write_text("{}")
    assert "a cross-validation (its training has not finished)" in invoke("info", run).stdout
    (run / "metrics.json").write_text(json.dumps({"folds": 5, "rows": 12_345}))
    result = invoke("info", run)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == f"{run}: a cross-validation"
    assert "folds         5, 12,345 rows" in lines
    assert "train.csv" in result.stdout
    assert lines[-1] == f"  lstmcli train --config '{run}'/config.yaml --run-dir NEW"
