"""What a wrong key or value in a config or in --set is answered with."""

from pathlib import Path

import pytest

from lstmcli.config.expectations import expectation
from lstmcli.config.keys import known_keys, type_of
from lstmcli.config.loading import load_config
from lstmcli.config.suggestions import SECTION_SYNONYMS, SYNONYMS, edit_distance
from lstmcli.errors import ConfigError, UsageError

DROPOUT = "the section 'dropout' (dropout.words, dropout.features, dropout.layers, dropout.output)"


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        # other tools' words
        ("training.lr", "'training.learning_rate'"),
        ("pretraining.lr", "'pretraining.learning_rate'"),
        ("training.num_epochs", "'training.epochs'"),
        ("pretraining.batch_size", "'pretraining.batch_tokens'"),
        ("model.dim", "'model.hidden_size'"),
        ("embedding.dim", "'embedding.size'"),
        ("data.sep", "'data.format' or 'data.label_separator'"),
        ("data.max_len", "'tokenizer.max_tokens'"),
        ("vocabulary.min-count", "'vocabulary.min_frequency'"),
        ("optimizer.lr", "'training.learning_rate'"),
        # another section
        ("model.learning_rate", "'training.learning_rate'"),
        ("training.cell", "'model.cell'"),
        ("model.dropout", DROPOUT),
        ("train.epochs", "'training.epochs'"),
        # slips
        ("data.tset", "'data.test'"),
        ("data.txt", "'data.text'"),
        ("training.batchsize", "'training.batch_size'"),
        ("training.epohcs", "'training.epochs'"),
        ("training.Epochs", "'training.epochs'"),
        ("model.learnign_rate", "'training.learning_rate'"),
        ("trainig.epoch", "'training.epochs'"),
        # nothing near
        ("training.optimizer", None),
        ("training.momentum", None),
        ("training.scheduler", None),
        ("data.shuffle", None),
        ("model.bias", None),
        ("ngrams.alpha", None),
        ("evaluation.cv", None),
        ("tokenizer.stem", None),
        ("nothing.like_it", None),
    ],
)
def test_an_unknown_key_names_the_setting_that_was_meant_or_none(key: str, meant: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, ["data.train=x.csv", f"{key}=1"])
    hint = "" if meant is None else f" Did you mean {meant}?"
    assert str(caught.value) == f"--set {key}=1: unknown key.{hint}"


def test_synonyms_lead_to_settings_and_are_none_themselves() -> None:
    keys = known_keys()
    sections = {key.partition(".")[0] for key in keys}
    assert {meant for found in SYNONYMS.values() for meant in found} <= set(keys)
    assert set(SECTION_SYNONYMS.values()) <= sections
    assert not sections & set(SECTION_SYNONYMS)


def test_a_swap_of_neighbours_is_one_slip() -> None:
    pairs = [("tset", "test"), ("test", "tests"), ("test", "text"), ("", "ab"), ("abc", "ca"), ("abc", "abc")]
    assert [edit_distance(*pair) for pair in pairs] == [1, 1, 1, 2, 3, 0]


def test_a_key_without_its_section_is_completed() -> None:
    with pytest.raises(
        UsageError, match=r"^--set lr=1: expected SECTION\.KEY=VALUE.* Did you mean 'training\.learning"
    ):
        load_config(None, ["lr=1"])


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        ("training.learning_rate=0.01,0.02", "a number above 0 and at most 100"),
        ("training.weight_decay=little", "a number from 0 to 100"),
        ("data.validation_fraction=1", "a number above 0 and below 1"),
        ("dropout.words=1", "a number from 0 to below 1"),
        ("evaluation.confidence=0.5", "a number above 0.5 and at most 0.999"),
        ("training.epochs=1.5", "a whole number of at least 1"),
        ("training.ensemble=1000", "a whole number from 1 to 100"),
        ("training.seed=-1", "a whole number of at least 0"),
        ("training.seed=9223372036854775708", "a whole number from 0 to below 9,223,372,036,854,775,708"),
        ("training.epochs=1000000001", "a whole number from 1 to 1,000,000,000"),
        ("model.bidirectional=maybe", "true or false"),
        ("model.cell=gru", "rnn, lstm or peephole"),
        ("data.format=xlsx", "auto, csv, tsv, csv-semicolon, csv-pipe, tsv-raw, jsonl, text, parquet, excel or spss"),
        ("data.label_separator=", "text that is not empty"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_expected(override: str, wanted: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, ["data.train=x.csv", override])
    value = override.partition("=")[2]
    assert str(caught.value) == f"--set {override}: expected {wanted}, got {value!r}."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("data: {train: a.csv, label: 3.5}", "data.label: expected text, found 3.5 (put it in quotes)."),
        ("data: {train: a.csv, labels: [yes]}", "data.labels: expected text, found true (put it in quotes)."),
        ("data: {train: a.csv, labels: A}", "data.labels: expected a list, got 'A'."),
        ("training: {epochs: some}", "training.epochs: expected a whole number of at least 1, got 'some'."),
        ("training: fast", "training: expected keys with values below it, got 'fast'."),
        ("epochs: 3", "epochs: unknown key. Did you mean 'training.epochs'?"),
    ],
)
def test_a_wrong_value_in_a_file_is_told_in_the_same_words(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        load_config(path, [])
    assert f"{path}: {words}" in str(caught.value)


def test_every_setting_has_words_for_what_it_takes() -> None:
    assert all(expectation(type_of(tuple(key.split(".")))) for key in known_keys())
