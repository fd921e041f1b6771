"""`decision.thresholds` in a config, with --set and from Python, and what a slip gets."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from lstmcli.config.explained import explain
from lstmcli.config.loading import config_from, dump_config, load_config
from lstmcli.config.safe_yaml import MAX_KEYS
from lstmcli.config.settings import Config
from lstmcli.config.thresholds import (
    MAX_NAMED,
    OTHERS,
    ThresholdChoice,
    check_label_names,
    choices_by_label,
    parse_choice,
    without_unknown,
)
from lstmcli.errors import ConfigError, UsageError

EXPECTED = "expected auto, f1, jaccard, half, share, precision=P, recall=R or a number, each above 0 and below 1"


def with_set(*overrides: str) -> Config:
    return load_config(None, ["data.label_separator=|", *overrides], needs_rows=False)


@pytest.mark.parametrize(
    ("overrides", "found"),
    [
        ([], "auto"),
        (["decision.thresholds=jaccard"], "jaccard"),
        (["decision.thresholds=F1"], "f1"),
        (["decision.thresholds=0.40"], 0.4),
        (["decision.thresholds=40%"], 0.4),
        (["decision.thresholds=precision=0.90"], "precision=0.9"),
        (["decision.thresholds=recall = 80%"], "recall=0.8"),
        (
            ["decision.thresholds.joy=0.7", "decision.thresholds.no.1=precision=.9"],
            {"joy": 0.7, "no.1": "precision=0.9"},
        ),
        (["decision.thresholds=jaccard", "decision.thresholds.joy=0.7"], {OTHERS: "jaccard", "joy": 0.7}),
        (["decision.thresholds.joy=0.7", "decision.thresholds.joy=half"], {"joy": "half"}),
    ],
)
def test_thresholds_are_set_for_all_labels_or_one_by_one(overrides: list[str], found: Any, tmp_path: Path) -> None:
    config = with_set(*overrides)
    assert config.decision.thresholds == found
    (tmp_path / "c.yaml").write_text(dump_config(config))
    (tmp_path / "explained.yaml").write_text(explain(config))
    for name in ("c.yaml", "explained.yaml"):
        assert load_config(tmp_path / name, [], needs_rows=False) == config


def test_a_config_may_hold_a_mapping_that_an_option_adds_to(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    content = {"data": {"label_separator": "|"}, "decision": {"thresholds": {"joy": 0.7, "anger": "precision=0.9"}}}
    path.write_text(yaml.safe_dump(content))
    assert load_config(path, [], needs_rows=False).decision.thresholds == {"joy": 0.7, "anger": "precision=0.9"}
    changed = load_config(path, ["decision.thresholds.anger=half", "decision.thresholds.*=f1"], needs_rows=False)
    assert changed.decision.thresholds == {"joy": 0.7, "anger": "half", "*": "f1"}
    path.write_text("data: {label_separator: '|'}\ndecision: {thresholds: {joy: 0.5, 3: 0.25}}")
    assert load_config(path, [], needs_rows=False).decision.thresholds == {"joy": 0.5, "3": 0.25}


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"decision": {"thresholds": {"joy": 0.7}}}, {"joy": 0.7}),
        ({"decision.thresholds": {"joy": "f1"}}, {"joy": "f1"}),
        ({"decision.thresholds.joy": 0.5}, {"joy": 0.5}),
        ({"decision": {"thresholds": 0.3}}, 0.3),
    ],
)
def test_python_takes_the_same_values(settings: dict[str, Any], found: Any) -> None:
    assert config_from({"data.label_separator": "|", **settings}, needs_rows=False).decision.thresholds == found


@pytest.mark.parametrize(
    ("override", "ending"),
    [
        ("decision.thresholds=jacard", "got 'jacard'. Did you mean 'jaccard'?"),
        ("decision.thresholds=precison=0.8", "got 'precison=0.8'. Did you mean 'precision=0.8'?"),
        ("decision.thresholds=precision", "got 'precision'. Did you mean 'precision=0.9'?"),
        ("decision.thresholds=recall=2", "got 'recall=2'. Did you mean 'recall=0.9'?"),
        ("decision.thresholds=f2=0.3", "got 'f2=0.3'."),
        ("decision.thresholds=1.5", "got '1.5'."),
        ("decision.thresholds=0", "got '0'."),
        ("decision.thresholds=nan", "got 'nan'."),
        ("decision.thresholds.joy=soon", "got 'soon'."),
    ],
)
def test_a_wrong_value_gets_one_message_with_a_suggestion(override: str, ending: str) -> None:
    with pytest.raises(ConfigError) as caught:
        with_set(override)
    assert str(caught.value) == f"--set {override}: {EXPECTED}, {ending}"


@pytest.mark.parametrize("value", [None, True, [0.5], {"joy": True}, {"joy": None}, {"joy": {"f1": 1}}])
def test_other_types_are_refused_by_name(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"^decision\.thresholds(\.joy)?: expected auto, f1"):
        config_from({"decision.thresholds": value, "data.label_separator": "|"}, needs_rows=False)


def test_every_wrong_label_of_a_file_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("decision: {thresholds: {joy: 2, anger: f1, fear: half-way}}")
    with pytest.raises(ConfigError) as caught:
        load_config(path, ["decision.thresholds.sad=x"], needs_rows=False)
    assert caught.value.lines == (
        "3 mistakes:",
        f"  {path}: decision.thresholds.joy: {EXPECTED}, got 2.",
        f"  {path}: decision.thresholds.fear: {EXPECTED}, got 'half-way'. Did you mean 'half'?",
        f"  --set decision.thresholds.sad=x: {EXPECTED}, got 'x'.",
    )


@pytest.mark.parametrize("value", ["f1", "jaccard", 0.4, {"joy": 0.7}])
def test_single_labels_point_at_the_confidence_of_predictions(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"does not apply to single labels.* `lstmcli predict --min-confidence X`"):
        config_from({"decision.thresholds": value}, needs_rows=False)
    assert config_from({"decision.thresholds": "half"}, needs_rows=False).decision.thresholds == "half"


def test_a_label_that_does_not_exist_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError) as caught:
        check_label_names({"joi": 0.7, "anger": 0.2, "*": "f1", "xyz": 0.1}, ["anger", "joy"])
    assert caught.value.lines == (
        "decision.thresholds: 'joi' is not a label. Did you mean 'joy'?",
        "decision.thresholds: 'xyz' is not a label. Labels: anger, joy.",
    )
    check_label_names("f1", ["anger"])
    with pytest.raises(ConfigError, match=r"'hap' is not a label\. Did you mean 'HAP'"):
        config_from({"data.labels": ["HAP"], "decision.thresholds": {"hap": 0.5}}, needs_rows=False)


def test_a_fold_leaves_out_labels_that_it_does_not_have() -> None:
    assert without_unknown({"joy": 0.7, "*": "f1", "fear": 0.1}, ["joy"]) == {"joy": 0.7, "*": "f1"}
    assert without_unknown({"fear": 0.1}, ["joy"]) == "auto"
    assert without_unknown("jaccard", ["joy"]) == "jaccard"


def test_labels_that_are_not_named_get_what_stands_for_the_others() -> None:
    auto, number = ThresholdChoice("auto"), ThresholdChoice("number", 0.7)
    assert [choice.goal for choice in choices_by_label("f1", "ab")] == ["f1", "f1"]
    first, second = choices_by_label({"b": 0.7}, "ab")
    assert (first.goal, second) == (auto.goal, number)
    first, second = choices_by_label({"b": 0.7, "*": "recall=0.5"}, "ab")
    assert (first, second) == (ThresholdChoice("recall", 0.5), number)


def test_a_mapping_is_not_larger_than_what_a_run_can_read_again(tmp_path: Path) -> None:
    assert MAX_NAMED <= MAX_KEYS
    many = {f"label{number}": 0.5 for number in range(MAX_NAMED)}
    config = config_from({"decision.thresholds": many, "data.label_separator": "|"}, needs_rows=False)
    (tmp_path / "c.yaml").write_text(dump_config(config))
    assert load_config(tmp_path / "c.yaml", [], needs_rows=False) == config
    for wrong in (many | {"one": 0.5}, {}):
        with pytest.raises(ConfigError, match=rf"for each of 1 to 1,000 labels, got {len(wrong):,}"):
            config_from({"decision.thresholds": wrong, "data.label_separator": "|"}, needs_rows=False)


def test_names_of_labels_are_texts_that_can_be_written() -> None:
    for name in ("a\0", "\ud800"):
        with pytest.raises(ConfigError, match=r"decision\.thresholds"):
            config_from({"decision.thresholds": {name: 0.5}, "data.label_separator": "|"}, needs_rows=False)


@pytest.mark.parametrize("override", ["decision.thresholds", "decision=0.5", "thresholds=0.5"])
def test_an_override_without_a_key_is_still_refused(override: str) -> None:
    with pytest.raises(UsageError):
        with_set(override)


def test_a_word_is_read_without_regard_to_case_and_spaces() -> None:
    assert parse_choice(" Precision = 0.5 ") == ThresholdChoice("precision", 0.5)
    assert parse_choice(0.5) == parse_choice("5e-1") == ThresholdChoice("number", 0.5)
