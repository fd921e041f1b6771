"""A config from a stranger is refused in a few words: it neither crashes the tool nor takes its memory."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from lstmcli.config import files, safe_yaml
from lstmcli.config.excerpts import excerpt, shown
from lstmcli.config.expectations import number_type
from lstmcli.config.files import MAX_CONFIG_BYTES, read_text
from lstmcli.config.keys import FILE_KEYS, known_keys, type_of
from lstmcli.config.loading import config_from, config_to_dict, dump_config, load_config
from lstmcli.config.model_settings import ModelSettings, TokenizerSettings, limits_of, num_recurrent_weights
from lstmcli.config.safe_yaml import UnusableYamlError, parse
from lstmcli.config.settings import Config
from lstmcli.errors import ConfigError, LstmcliError, UsageError
from lstmcli.kernels import KERNELS
from tests.conftest import PROJECT, invoke

# Nine times nine times nine ...: 9 to the power of 9 values in 300 bytes.
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{below}'] * 9)}]\n" for below, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGE_BOMB = "a: &a {k: x}\n" + "".join(
    f"{name}: &{name} {{<<: [{','.join([f'*{below}'] * 9)}]}}\n"
    for below, name in zip("abcdefgh", "bcdefghi", strict=True)
)

REFUSED = {
    BOMB: "line 5: more than 60,000 values, counting each alias as what it stands for",
    MERGE_BOMB: "line 6: more than 60,000 values",
    "data: {train: &a [*a]}": "line 1: an alias stands for a value that contains it",
    "[" * 20_000: "line 1: ",
    "- " * 1_000: "line 1: values are nested more than 16 levels deep",
    "? " * 1_000: "line 1: values are nested more than 16 levels deep",
    "".join(f"k{number}: 1\n" for number in range(50_000)): "line 1002: more than 1,000 keys",
    "data: {labels: [" + "a," * 100_000 + "]}": "line 1: more than 60,000 values",
    "data:\n  train: !!int abc": "line 2: 'abc' is no value of the type !!int",
    "data:\n  train: !!int ''": "line 2: '' is no value of the type !!int",
    "data:\n  train: 0x_": "line 2: '0x_' is no value of the type !!int",
    "data: {train: !!float x}": "line 1: 'x' is no value of the type !!float",
    "data: {train: !!bool x}": "line 1: 'x' is no value of the type !!bool",
    "data: {train: !!timestamp x}": "line 1: the tag !!timestamp is not supported",
    "data: {train: !!binary aGVsbG8=}": "line 1: the tag !!binary is not supported",
    "data: {train: !!set {a, b}}": "line 1: the tag !!set is not supported",
    "data: !!omap [train: a.csv]": "line 1: the tag !!omap is not supported",
    "data: {train: !!python/object/apply:os.system [true]}": "the tag !!python/object/apply:os.system is not",
    "training: {epochs: " + "9" * 5_000 + "}": "line 1: a number of more than 64 characters",
    "training: {epochs: 0x" + "f" * 5_000 + "}": "line 1: a number of more than 64 characters",
    "training: {epochs: 1:30}": "training.epochs: expected a whole number of at least 1, got '1:30'",
    'a: "\\UFFFFFFFF"': "line 1: is not valid YAML: ",
    "%YAML 1." + "9" * 5_000 + "\n---\na: b": "is not valid YAML: ",
    "a: *b": "line 1: is not valid YAML: found undefined alias",
    "a: *" + "b" * 100_000: "line 1: is not valid YAML: found undefined alias",
    "a: {<<: 1}": "is not valid YAML: ",
    "data:\n\ttrain: a": "line 2: is not valid YAML: ",
    "data:\n  train: a\0": "line 2: the character U+0000 is not allowed",
    "data: \x1b[31m": "line 1: the character U+001B is not allowed",
    "a: 1\n---\nb: 2": "line 2: is not valid YAML: expected a single document",
    "a: 1\n\na: 2": "line 3: duplicate key 'a'",
    "? [a]: b": "line 1: a key must be a name",
    "{a: 1}: 2": "line 1: a key must be a name",
    "Data: {}": "Data: unknown key. Did you mean 'data'?",
    "1: {}": "1: unknown key.",
    "data: {on: x}": "data.on: unknown key.",
    "data: {" + "k" * 1_000 + ": 1}": "...",
    '"a\\e[31m": 1': "a\\x1b[31m: unknown key.",
    "- 1": "expected sections such as 'data:' with keys below them, got list",
    "text": "expected sections such as 'data:' with keys below them, got str",
    'data: {train: "a\\0b"}': "data.train: 'a\\x00b' contains the character U+0000",
    'data: {train: "\\ud83d"}': "data.train: '\\ud83d' contains U+D83D, half of a character",
    'data: {label: "\\udcff"}': "data.label: '\\udcff' contains U+DCFF, half of a character",
    "data: {text: " + "x" * 5_000 + "}": "data.text: expected at most 4,096 characters, got 5,000.",
    "training: {epochs: true}": "training.epochs: expected a whole number of at least 1, got true.",
    "training: {learning_rate: .inf}": "training.learning_rate: expected a number above 0 and at most 100, got inf.",
    "training: {learning_rate: .nan}": "training.learning_rate: expected a number above 0 and at most 100, got nan.",
    "training: {learning_rate: 1e308}": "expected a number above 0 and at most 100, got '1e308'.",
    "evaluation: {bootstrap_samples: 1000000000}": "expected a whole number from 100 to 100,000, got 1000000000.",
    "model: {hidden_size: 100000}": "model.hidden_size: expected a whole number from 1 to 16,384, got 100000.",
    "model: {hidden_size: 10000, layers: 100}": "make 238.4 billion weights, expected at most 2.1 billion",
}


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path, [], needs_rows=False, **options)
    return str(caught.value)


@pytest.mark.parametrize("content", REFUSED, ids=lambda content: content[:20])
def test_a_config_that_is_hostile_or_broken_is_refused_in_a_few_words(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "c.yaml", content)
    message = refusal(path)
    assert message.startswith((f"{path}: ", f"{path}, line "))
    assert REFUSED[content] in message
    assert len(message) < 500 + len(str(path))
    assert message.isprintable()


def test_pythons_own_parser_refuses_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is used where PyYAML was installed without libyaml."""
    monkeypatch.setattr(safe_yaml, "LIBYAML_LOADER", None)
    for content in REFUSED:
        refusal(write(tmp_path / "c.yaml", content))


def test_many_mistakes_are_counted_and_the_first_ones_told(tmp_path: Path) -> None:
    path = write(tmp_path / "c.yaml", "data:\n" + "".join(f"  k{number}: 1\n" for number in range(500)))
    message = refusal(path)
    assert message.startswith("The first 20 mistakes:\n")
    assert message.count("unknown key") == 20
    assert message.endswith("\n  and 480 more")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("data: {train: a}".encode("utf-16"), ": is UTF-16; save it as UTF-8."),
        ("data:\n  train: café".encode("latin-1"), ", line 2: byte 0xe9 is not valid UTF-8; save the file as UTF-8."),
        (b"#" * (MAX_CONFIG_BYTES + 1), ": is larger than 2 MiB, expected a config file."),
    ],
)
def test_bytes_that_are_no_config_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = write(tmp_path / "c.yaml", content)
    assert refusal(path) == f"{path}{words}"


def test_a_byte_order_mark_and_an_empty_file_do_no_harm(tmp_path: Path) -> None:
    for content in (b"", b"\n# nothing\n", b"\xef\xbb\xbfdata: {train: a.csv}", b"data:\r\n  train: a.csv\r\n"):
        load_config(write(tmp_path / "c.yaml", content), [], needs_rows=False)


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == f"{tmp_path}/pipe: is not a regular file, expected a config file."
    assert refusal(tmp_path) == f"{tmp_path}: is a folder, expected a config file."
    assert refusal(Path("/dev/zero")) == "/dev/zero: is larger than 2 MiB, expected a config file."
    (tmp_path / "loop").symlink_to("loop")
    assert "can't be read (" in refusal(tmp_path / "loop")
    assert "can't be read (" in refusal(tmp_path / ("n" * 300))
    assert load_config(Path("/dev/null"), [], needs_rows=False) == Config()


def test_a_config_without_permission_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path, _: int) -> int:
        raise PermissionError(13, "Permission denied", str(path))  # which root never gets from the system

    path = write(tmp_path / "c.yaml", "")
    monkeypatch.setattr(files.os, "open", denied)
    assert refusal(path) == f"{path}: can't be read (Permission denied)."


def test_a_config_may_come_through_a_pipe_of_the_shell() -> None:
    command = f'"{sys.executable}" -m lstmcli config training.seed --config <(echo "training: {{seed: 7}}")'
    completed = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert "seed: 7 " in completed.stdout
    command = [sys.executable, "-m", "lstmcli", "config", "training.seed", "--config", "/dev/stdin"]
    completed = subprocess.run(
        command, input="training: {seed: 8}", capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert "seed: 8 " in completed.stdout


def test_the_config_of_a_run_is_read_through_no_link_or_pipe(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere.yaml", "")
    (tmp_path / "config.yaml").symlink_to("elsewhere.yaml")
    assert "config.yaml: is a link, which may point anywhere" in refusal(tmp_path / "config.yaml", is_stored=True)
    assert "is not a regular file" in refusal(Path("/dev/null"), is_stored=True)
    os.mkfifo(tmp_path / "pipe")
    assert "is not a regular file" in refusal(tmp_path / "pipe", is_stored=True)


@pytest.mark.parametrize("content", [BOMB, "[" * 20_000, "data: {train: !!int abc}", "training: {epochs: 0x_}", None])
def test_a_run_from_a_stranger_ends_in_a_message(
    tmp_path: Path, run_directory: Path, corpus: Path, content: str | None
) -> None:
    run = tmp_path / "run"
    shutil.copytree(run_directory, run)
    mark = (run / "config.yaml").read_text().partition("\n")[0]
    (run / "config.yaml").unlink()
    if content is None:
        os.mkfifo(run / "config.yaml")
    else:
        write(run / "config.yaml", f"{mark}\n{content}")
    commands = [["evaluate", run, corpus / "test.csv"], ["train", "--resume", "--run-dir", run]]
    for result in [invoke(*command) for command in commands]:
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(f"error: {run}")
        assert len(result.stderr) < 500 + len(str(run))


@pytest.mark.parametrize(
    "override",
    [
        "training.epochs=!!int x",
        "a=[[[[",
        "",
        "=",
        ".=",
        "a.b.c=1",
        "data.train.x=1",
        "data." + "x." * 50_000 + "x=1",
        "training.epochs=" + "9" * 5_000,
        "training.epochs=" + "9" * 1_000_000,
        "training.learning_rate=nan",
        "training.learning_rate=1e999",
        "data.labels=[[[[" + "[" * 200_000,
        "data.label=" + "x" * 1_000_000,
        "x" * 100_000 + ".y=1",
        "data." + "x" * 100_000 + "=1",
        "data.train=a\x1b[31m\0",
        "data.label=\udcff",
    ],
    ids=lambda override: override[:20],
)
def test_a_strange_override_is_refused_in_a_few_words(override: str) -> None:
    with pytest.raises(LstmcliError) as caught:
        load_config(None, [override], needs_rows=False)
    assert isinstance(caught.value, ConfigError | UsageError)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


def test_every_number_has_limits_and_stays_finite() -> None:
    for name in known_keys():
        hint = type_of(tuple(name.split(".")))
        if number_type(hint) is None:
            continue
        limits = limits_of(hint)
        assert limits.limits.keys() & {"ge", "gt"}, name
        assert limits.limits.keys() & {"le", "lt"}, name
        for value in (float("nan"), float("inf"), float("-inf"), 10**30, -1, True, "1e999"):
            with pytest.raises(ConfigError, match=name):
                config_from({name: value}, needs_rows=False)
        assert not limits.allow(float("nan"))


def test_every_default_is_within_its_limits() -> None:
    for section in fields(Config):
        kind = get_type_hints(Config)[section.name]
        hints = get_type_hints(kind, include_extras=True)
        for key in fields(kind):
            value = getattr(kind(), key.name)
            assert not isinstance(value, int | float) or limits_of(hints[key.name]).allow(value)


def test_limits_can_be_read_without_pydantic() -> None:
    limits = limits_of(get_type_hints(ModelSettings, include_extras=True)["chunk_tokens"])
    assert [limits.allow(value) for value in (-1, 0, 128, 10**9, 10**9 + 1)] == [False, True, True, True, False]
    assert limits_of(get_type_hints(TokenizerSettings, include_extras=True)["lowercase"]).limits == {}


@pytest.mark.parametrize("cell", KERNELS)
@pytest.mark.parametrize(("num_layers", "bidirectional"), [(1, False), (1, True), (3, True)])
def test_the_number_of_weights_is_that_of_the_kernels(cell: Any, num_layers: int, bidirectional: bool) -> None:
    num_directions, expected = 2 if bidirectional else 1, 0
    for layer in range(num_layers):
        shapes = KERNELS[cell].shapes(7 if layer == 0 else 5 * num_directions, 5)
        expected += num_directions * sum(shape[0] * shape[1] for shape in shapes.values() if len(shape) == 2)
    settings = ModelSettings(cell=cell, hidden_size=5, layers=num_layers, bidirectional=bidirectional)
    assert num_recurrent_weights(settings, 7) == expected


def test_dates_and_an_equals_sign_are_text() -> None:
    assert parse("[2024-13-45, 2024-01-01, =, 1:30, 0x1f, 010, 1_000]") == [
        "2024-13-45",
        "2024-01-01",
        "=",
        "1:30",
        31,
        8,
        1000,
    ]


def test_a_file_name_that_is_not_utf8_comes_back_from_a_config(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.csv")
    path = tmp_path / "c.yaml"
    write(path, dump_config(config_from({"data.train": name})))
    assert load_config(path, []).data.train == name


def test_json_is_yaml_and_its_surrogate_pairs_are_characters() -> None:
    assert parse('{"data": {"label": "\\ud83d\\ude02"}}') == {"data": {"label": "😂"}}


def test_a_config_of_fifty_thousand_files_can_be_read(tmp_path: Path) -> None:
    names = [f"reviews/unlabelled/{number}.txt" for number in range(50_000)]
    path = write(tmp_path / "c.yaml", "pretraining:\n  texts:\n" + "".join(f"  - {name}\n" for name in names))
    assert load_config(path, [], needs_rows=False).pretraining.texts == tuple(names)


@pytest.mark.parametrize(("num_names", "length"), [(60_000, 5), (20_000, 100)])
def test_a_config_that_its_run_could_not_read_again_is_refused(num_names: int, length: int) -> None:
    names = [f"{number:0{length}}" for number in range(num_names)]
    with pytest.raises(ConfigError, match=rf"pretraining\.texts: expected at most 59,000 values .* got {num_names:,}"):
        config_from({"pretraining.texts": names}, needs_rows=False)


def test_excerpts_are_short_and_printable() -> None:
    assert shown(10**6_000) == "a value of type int"
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    assert shown(nested) == "a value of type list"
    assert len(shown("x" * 1_000)) == 80
    assert [shown(value) for value in (None, True, 1, 0, 1.0, "a")] == ["null", "true", "1", "0", "1.0", "'a'"]
    assert excerpt("a\x1b\n\u202e") == "a\\x1b\\n\\u202e"


# Names that exist, so that values reach the checks behind the names, and words that YAML treats specially.
WORDS = st.sampled_from(
    [
        *{part for name in known_keys() for part in name.split(".")},
        "",
        "~",
        "<<",
        "=",
        "*a",
        "&a",
        "!!int",
        "1e9",
        ".nan",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates() | WORDS
NODES = st.recursive(LEAVES, lambda below: st.lists(below) | st.dictionaries(WORDS | st.text(), below), max_leaves=20)


@given(st.dictionaries(WORDS, st.dictionaries(WORDS, NODES) | NODES))
@example({"data": {"train": "\ud83d"}})
def test_any_values_are_loaded_or_refused(tmp_path_factory: pytest.TempPathFactory, content: Any) -> None:
    path = write(tmp_path_factory.getbasetemp() / "any.yaml", yaml.safe_dump(content))
    with suppress(ConfigError):
        config = load_config(path, [], needs_rows=False)
        assert load_config(write(path, dump_config(config)), [], needs_rows=False) == config


YAML_PIECES = st.lists(
    st.sampled_from(
        [*"[]{}:,-?&*!|>'\"%#@` \n\t", "\n  ", ": ", "- ", "? ", "&a ", "*a", "<<: ", "!!int ", "---\n", "data"]
    )
    | st.text(max_size=3)
).map("".join)


@given(YAML_PIECES)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(UnusableYamlError):
        parse(text)


@given(st.sampled_from(known_keys()), LEAVES | st.lists(LEAVES))
def test_any_setting_from_python_is_taken_or_refused(name: str, value: Any) -> None:
    with suppress(ConfigError):
        config = config_from({name: value}, needs_rows=False)
        assert yaml.safe_load(dump_config(config)) == config_to_dict(config)


@given(st.text())
def test_any_override_is_taken_or_refused(override: str) -> None:
    for given_override in (override, f"data.train={override}", f"training.epochs={override}", f"data.{override}"):
        with suppress(ConfigError, UsageError):
            load_config(None, [given_override], needs_rows=False)


def test_files_are_the_settings_that_name_files() -> None:
    assert {".".join(key) for key in FILE_KEYS} <= set(known_keys())
    assert read_text(PROJECT / "configs" / "default.yaml")
