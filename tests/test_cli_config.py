"""`lstmcli config`: every key with its comment, the values of a config in their places, and YAML that loads as it."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcli.config.explained import TEMPLATE, explain
from lstmcli.config.keys import known_keys
from lstmcli.config.loading import config_to_dict, load_config
from lstmcli.config.settings import Config
from tests.conftest import Cli, invoke
from tests.test_architecture import loaded_modules

CONFIGS = Path(__file__).parent.parent / "configs"

# More than letters: what YAML would take for something else, ends of lines, quotes, and what a console can't show.
TEXTS = st.text(min_size=1) | st.sampled_from(
    [
        "null",
        "no",
        "1e3",
        "# a",
        "a # b",
        "a: b",
        "a\nb",
        " a ",
        "\x7f",
        "\udcff",
        "[a]",
        "]",
        "'",
        '"',
        "-",
        "😂",
        "\x85",
    ]
)


def comments(content: str) -> list[str]:
    return [line.partition("# ")[2] for line in content.split("\n")]


def load(path: Path, content: str) -> Config:
    path.write_text(content, encoding="utf-8")
    return load_config(path, [], needs_rows=False)


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Return values that a setting of this type may have, its limits aside: those are the loader's."""
    choices = get_args(hint) if get_origin(hint) not in {None, tuple} else ()
    if hint is str:
        return TEXTS
    if get_origin(hint) is tuple:
        return st.lists(TEXTS, max_size=3).map(tuple)
    if choices and all(isinstance(choice, str) for choice in choices):
        return st.sampled_from(choices)
    if choices:
        return st.one_of([values_of(choice) for choice in choices])
    return st.floats(allow_nan=False) if hint is float else st.from_type(hint)


def keys_with_values() -> st.SearchStrategy[tuple[str, str, Any]]:
    sections = {section.name: get_type_hints(Config)[section.name] for section in fields(Config)}
    return st.one_of(
        [
            st.tuples(st.just(section), st.just(key), values_of(hint))
            for section, kind in sections.items()
            for key, hint in get_type_hints(kind).items()
            if not key.startswith("_")
        ]
    )


@settings(max_examples=50)
@given(st.lists(keys_with_values(), max_size=5))
def test_an_explained_config_holds_every_value_and_every_comment(changes: list[tuple[str, str, Any]]) -> None:
    config = Config()
    for section, key, value in changes:
        config = replace(config, **{section: replace(getattr(config, section), **{key: value})})
    explained = explain(config)
    assert yaml.safe_load(explained) == config_to_dict(config)
    template = TEMPLATE.read_text(encoding="utf-8")
    for line, comment in zip(explained.split("\n"), comments(template), strict=True):
        assert line.endswith(comment)


def test_the_template_and_the_config_beside_the_others_are_the_same() -> None:
    """The one is in every installation, the other is where people look in a clone. On a difference, copy the newer."""
    assert TEMPLATE.read_text(encoding="utf-8") == (CONFIGS / "default.yaml").read_text(encoding="utf-8")


def test_without_options_it_prints_the_defaults_with_their_comments(tmp_path: Path) -> None:
    result = invoke("config")
    assert result.exit_code == 0
    assert comments(result.stdout) == comments(TEMPLATE.read_text(encoding="utf-8"))
    assert load(tmp_path / "c.yaml", result.stdout) == Config()


def test_values_of_the_file_and_of_set_take_the_places_of_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("data: {train: a.csv, labels: [A, 'B, c']}\ntraining: {epochs: 3, seed: 4}\n", encoding="utf-8")
    result = invoke("config", "--config", path, "--set", "training.epochs=5")
    [line] = [line for line in TEMPLATE.read_text(encoding="utf-8").splitlines() if line.startswith("  seed: 1 ")]
    assert line.replace("1", "4", 1) in result.stdout.splitlines()
    assert load(tmp_path / "c.yaml", result.stdout) == load_config(path, ["training.epochs=5"])


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_config_is_the_same_when_explained(path: Path, tmp_path: Path) -> None:
    config = load_config(path, [])
    assert load(tmp_path / "c.yaml", explain(config)) == config


DECISION = {"thresholds": "auto", "level": "row", "measure": "accuracy"}


def test_a_key_is_printed_with_all_lines_of_its_comment_below_its_section() -> None:
    result = invoke("config", "training.adversarial", "decision", "--set", "training.adversarial=0.2")
    assert yaml.safe_load(result.stdout) == {"training": {"adversarial": 0.2}, "decision": DECISION}
    template = TEMPLATE.read_text(encoding="utf-8")
    about_adversarial = template[template.index("  adversarial:") : template.index("  weight_decay:")]
    about_decision = template[template.index("decision:") : template.index("\nevaluation:")]
    assert "\n" in about_adversarial.strip()
    assert comments(result.stdout) == comments(f"training:\n{about_adversarial}{about_decision}")


@pytest.mark.parametrize(
    ("name", "words"),
    [("training.epoch", "Did you mean 'training.epochs'?"), ("trainig", "Did you mean 'training'?"), ("", "--keys")],
)
def test_an_unknown_key_names_the_nearest_one(name: str, words: str) -> None:
    result = invoke("config", name)
    assert result.exit_code == 2
    assert f"error: {name}: unknown key." in result.stderr
    assert words in result.stderr


def test_keys_lists_all_keys_one_per_line() -> None:
    assert invoke("config", "--keys").stdout.splitlines() == known_keys()


def test_it_checks_a_config(tmp_path: Path, cli: Cli) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("trainig: {epochs: 3}\n", encoding="utf-8")
    result = cli("config", "--config", path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"error: {path}: trainig: unknown key. Did you mean 'training'?\n"


def test_it_loads_neither_torch_nor_numpy() -> None:
    modules = loaded_modules("from lstmcli.cli.main import app; app()", "config")
    assert "lstmcli.config.explained" in modules
    assert not modules & {"torch", "pandas", "sklearn", "scipy", "numpy", "rich"}
