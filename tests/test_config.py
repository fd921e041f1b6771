"""Config files and --set: defaults, overrides, and every mistake in one message."""

from dataclasses import asdict, fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import yaml

from lstmcli.cli.options import FormatChoice
from lstmcli.config.keys import known_keys
from lstmcli.config.loading import config_to_dict, dump_config, load_config
from lstmcli.config.model_settings import CellName, FormatName, PoolingName
from lstmcli.config.overrides import ARGUMENTS
from lstmcli.config.settings import SCORES_BY_KIND, Config, MetricName
from lstmcli.data.formats import BINARY_FORMATS, EXTENSIONS, FORMATS
from lstmcli.errors import ConfigError, UsageError
from lstmcli.inference.pooling import POOLINGS as NUMPY_POOLINGS
from lstmcli.kernels import KERNELS
from lstmcli.metrics.scores import DEFAULT_SCORE
from lstmcli.models.cells import CELLS
from lstmcli.models.pooling import POOLINGS

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_shipped_config_loads(path: Path) -> None:
    config = load_config(path, [])
    assert config.data.train is not None


def test_there_is_a_config_for_each_corpus_and_each_cell() -> None:
    names = {path.stem for path in CONFIGS}
    assert {"default", "emotion", "personality"} <= names
    cells = {load_config(path, []).model.cell for path in CONFIGS}
    assert cells == set(get_args(CellName))


def test_the_default_config_file_explains_every_key_and_holds_its_default() -> None:
    content = (CONFIGS[0].parent / "default.yaml").read_text(encoding="utf-8")
    written = yaml.safe_load(content)
    defaults = config_to_dict(Config())
    written["data"]["train"] = defaults["data"]["train"]  # the one key that has no usable default
    assert written == defaults
    for line in content.splitlines():
        if line.startswith("  ") and not line.lstrip().startswith("#"):
            assert "#" in line, f"no explanation: {line}"


def test_a_dumped_config_loads_as_itself(tmp_path: Path) -> None:
    config = load_config(None, ["data.train=x.csv", "data.labels=A,B", "training.learning_rate=0.1"])
    assert load_config(write(tmp_path / "config.yaml", dump_config(config)), []) == config


def test_a_config_may_hold_three_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "c.yaml", "data:\n  train: train.csv\n  label: stars\n")
    config = load_config(path, [])
    assert (config.data.train, config.data.label, config.model) == ("train.csv", "stars", Config().model)


@pytest.mark.parametrize(
    ("override", "section", "key", "value"),
    [
        ("training.epochs=5", "training", "epochs", 5),
        ("training.epochs=null", "training", "epochs", None),
        ("training.learning_rate=1e-4", "training", "learning_rate", 1e-4),
        ("model.bidirectional=false", "model", "bidirectional", False),
        ("data.label_separator=|", "data", "label_separator", "|"),
        ("data.label_separator= ; ", "data", "label_separator", ";"),
        ('data.label_separator=","', "data", "label_separator", ","),
        ("data.text='my text'", "data", "text", "my text"),
        ("data.labels=EXT, NEU,AGR", "data", "labels", ("EXT", "NEU", "AGR")),
        ("data.labels=[EXT,NEU]", "data", "labels", ("EXT", "NEU")),
        ('data.labels="EXT","a, b"', "data", "labels", ("EXT", "a, b")),
        ("data.labels=a\nb,c", "data", "labels", ("a\nb", "c")),
        ('data.labels=["EXT", "NEU"]', "data", "labels", ("EXT", "NEU")),
        ("data.text=a=b", "data", "text", "a=b"),
        ("data.label=no", "data", "label", "no"),
        ("data.label=5", "data", "label", "5"),
    ],
)
def test_set_overrides_a_key(override: str, section: str, key: str, value: object) -> None:
    config = load_config(None, ["data.train=x.csv", override])
    assert asdict(config)[section][key] == value


def test_set_wins_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "c.yaml", "data: {train: a.csv}\ntraining: {epochs: 3}\n")
    assert load_config(path, ["training.epochs=4"]).training.epochs == 4


def test_all_mistakes_are_in_one_message(tmp_path: Path) -> None:
    path = write(tmp_path / "c.yaml", "data: {train: a.csv, txt: b}\ntrainig: {epochs: 3}\nmodel: {cell: gru}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path, ["training.epoch=3", "training.batch_size=0"])
    message = str(caught.value)
    assert message.startswith("5 mistakes:")
    assert f"{path}: data.txt: unknown key. Did you mean 'data.text'?" in message
    assert f"{path}: trainig: unknown key. Did you mean 'training'?" in message
    assert f"{path}: model.cell: expected rnn, lstm or peephole, got 'gru'." in message
    assert "--set training.epoch=3: unknown key. Did you mean 'training.epochs'?" in message
    assert "--set training.batch_size=0: expected a whole number of at least 1, got '0'." in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("data: {train: a\n", "is not valid YAML"),
        ("data: {train: a.csv, text: b, train: c.csv}\n", "duplicate key 'train'"),
        ("- 1\n", "expected sections"),
        ("data: [1]\n", "data: expected keys with values below it, got [1]."),
        ("data: {train: a.csv, label: no}\n", "data.label: expected text, found false (put it in quotes)."),
        ("data: {train: a.csv, labels: [A, A]}\n", "duplicate column"),
        ("data: {train: a.csv, labels: [A], label_separator: ','}\n", "can't be combined"),
        ("data: {train: a.csv, format: text}\n", "a text file has no label column"),
        ("embedding: {frozen: true}\ndata: {train: a.csv}\n", "random vectors must be trained"),
        ("{}", "no training file given"),
        ("", "no training file given"),
    ],
)
def test_a_wrong_file_is_named_with_its_mistake(tmp_path: Path, content: str, words: str) -> None:
    path = write(tmp_path / "c.yaml", content)
    with pytest.raises(ConfigError, match=r"c\.yaml") as caught:
        load_config(path, [])
    assert words in str(caught.value)


def test_a_contradiction_that_set_caused_names_set() -> None:
    words = r"^--set data\.labels=A: data\.labels and data\.label_separator can't be combined"
    with pytest.raises(ConfigError, match=words):
        load_config(None, ["data.train=x.csv", "data.label_separator=|", "data.labels=A"])


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    near = write(tmp_path / "emotion.yaml", "")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "emotoin.yaml", [])
    assert str(caught.value).endswith(f"no such config file. Did you mean {str(near)!r}?")


@pytest.mark.parametrize("override", ["training.epochs", "epochs=3", "=3"])
def test_an_override_without_key_and_value_is_wrong_usage(override: str) -> None:
    with pytest.raises(UsageError, match=r"expected SECTION\.KEY=VALUE"):
        load_config(None, [override])


def test_the_keys_that_scripts_rely_on_exist() -> None:
    relied_on = (
        "data.train data.validation data.test data.text data.label data.labels data.label_separator "
        "model.cell model.hidden_size model.layers model.bidirectional model.pooling "
        "embedding.size embedding.vectors training.epochs training.batch_size training.seed output.run_dir"
    )
    assert set(relied_on.split()) <= set(known_keys())


def test_names_in_the_config_and_in_the_registries_are_the_same() -> None:
    assert set(CELLS) == set(KERNELS) == set(get_args(CellName))
    assert set(POOLINGS) == set(NUMPY_POOLINGS) == set(get_args(PoolingName))
    formats = {*FORMATS, *BINARY_FORMATS}
    assert formats == set(get_args(FormatName)) == {choice.value for choice in FormatChoice} - {"auto"}
    assert set(EXTENSIONS.values()) <= formats
    of_labels = [scores for kind, scores in SCORES_BY_KIND.items() if kind != "scores"]
    assert {score for scores in of_labels for score in scores} == set(get_args(MetricName))
    assert all(score in SCORES_BY_KIND[kind] for kind, score in DEFAULT_SCORE.items())


def test_every_setting_has_a_default() -> None:
    assert Config() == Config(**{section.name: get_type_hints(Config)[section.name]() for section in fields(Config)})


def test_yaml_merges_and_aliases_are_read_and_overridden_one_by_one(tmp_path: Path) -> None:
    content = (
        "data: {train: a.csv}\n"
        "pretraining: &some {epochs: 3, learning_rate: 0.02}\n"
        "training:\n  <<: *some\n  learning_rate: 0.1\n"
    )
    config = load_config(write(tmp_path / "c.yaml", content), ["training.epochs=50"])
    assert (config.training.epochs, config.training.learning_rate, config.pretraining.epochs) == (50, 0.1, 3)
    alias = content[: content.index("  <<")].replace("training:\n", "training: *some\n")
    config = load_config(write(tmp_path / "d.yaml", alias), ["training.epochs=50"])
    assert (config.training.epochs, config.pretraining.epochs) == (50, 3)


def test_arguments_take_the_place_of_keys(tmp_path: Path) -> None:
    path = write(tmp_path / "c.yaml", "data: {train: a.csv, text: words, labels: []}\n")
    arguments = {"data.train": "b.csv", "data.text": None, "data.label": "5", "data.format": "csv"}
    config = load_config(path, ["data.format=csv", "training.epochs=2"], arguments=arguments)
    assert (config.data.train, config.data.text, config.data.label) == ("b.csv", "words", "5")
    config = load_config(None, [], needs_labels=False, arguments={"pretraining.texts": ["a, b.txt", "c.txt"]})
    assert config.pretraining.texts == ("a, b.txt", "c.txt")


@pytest.mark.parametrize(
    ("overrides", "arguments", "words"),
    [
        (["data.text=a"], {"data.text": "b"}, "--set data.text=a contradicts --text b; use only one of them."),
        (
            ["data.train=a.csv"],
            {"data.train": "b.csv"},
            "--set data.train=a.csv contradicts FILE b.csv; use only one of them",
        ),
        (["pretraining.texts=a,b"], {"pretraining.texts": ["a"]}, "--set pretraining.texts=a,b contradicts FILE a;"),
        (["data.labels=A,B"], {"data.label": "c"}, "--label c: can't be combined with data.labels (yes/no columns)."),
    ],
)
def test_an_argument_and_set_must_not_contradict_each_other(
    overrides: list[str], arguments: dict[str, object], words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load_config(None, overrides, needs_labels=False, arguments=arguments)
    assert words in str(caught.value)


def test_every_argument_is_a_key() -> None:
    assert {".".join(key) for key in ARGUMENTS} <= set(known_keys())


def test_lines_of_text_are_enough_without_labels() -> None:
    assert load_config(None, ["data.format=text", "data.train=a.log"], needs_labels=False).data.format == "text"
