"""Completion scripts and the manual page: what is committed is what the command line is, and shells can use it."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from lstmcli.cli.commands import NAMES
from lstmcli.cli.main import Shell
from lstmcli.cli.shell.__main__ import SHELL_OF_FILE, contents
from lstmcli.cli.shell.completion import SCRIPTS
from lstmcli.config.keys import known_keys
from tests.conftest import PROJECT, invoke

FOLDER = PROJECT / "docs" / "shell"


def has(program: str) -> bool:
    return shutil.which(program) is not None


def test_committed_files_are_those_that_the_command_line_makes() -> None:
    advice = "python -m lstmcli.cli.shell docs/shell"
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()} == contents(), advice


def test_an_installation_puts_them_where_shells_look() -> None:
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    installed = [path for paths in pyproject["tool"]["setuptools"]["data-files"].values() for path in paths]
    assert sorted(installed) == sorted(str(path.relative_to(PROJECT)) for path in FOLDER.iterdir())


def test_a_script_is_printed_for_each_shell() -> None:
    assert {shell.value for shell in Shell} == set(SCRIPTS) == set(SHELL_OF_FILE.values())
    for name, shell in SHELL_OF_FILE.items():
        assert invoke("--show-completion", shell).stdout == (FOLDER / name).read_text(encoding="utf-8")


def completed(*words: str, breaks: str = " =") -> list[str]:
    """Press TAB in bash at the end of `words`."""
    code = f'source {FOLDER}/lstmcli; COMP_WORDBREAKS="$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); '
    code += '_lstmcli; printf "%s\\n" "${COMPREPLY[@]}"'
    result = subprocess.run(
        [str(shutil.which("bash")), "-c", code, "bash", breaks, "lstmcli", *words],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": ""},  # no other program is needed
    )
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([""], [*NAMES, "help"]),
        (["cro"], ["cross-validate"]),
        (["help", "tr"], ["train"]),
        (["--ver"], ["--version"]),
        (["train", "--set", "training.learn"], ["training.learning_rate="]),
        (["train", "-s", "model.cell", "="], ["rnn", "lstm", "peephole"]),
        (["train", "--set", "model.cell", "=", "pe"], ["peephole"]),
        (["train", "--set", "data.train", "="], []),  # readline completes the name of a file
        (["predict", "RUN", "--format", "t"], ["tsv", "tsv-raw", "text"]),
        (["predict", "RUN", "--format", "=", "j"], ["jsonl"]),
        (["predict", "RUN", "in.csv", "--on-error", ""], ["flag", "skip", "stop"]),
        (["predict", "RUN", "--out"], ["--output", "--output-format"]),
        (["predict", "RUN", "--top-k", ""], []),
        (["predict", "RUN", "in"], []),
        (["evaluate", "--no"], ["--no-baselines", "--no-texts"]),
        (["pretrain", "--lab"], []),
    ],
)
def test_bash_completes(words: list[str], expected: list[str]) -> None:
    assert completed(*words) == expected


def test_bash_completes_values_also_where_an_equals_sign_ends_no_word() -> None:
    assert completed("train", "--set", "model.cell=pe", breaks=" ") == ["model.cell=peephole"]


def test_bash_completes_all_settings() -> None:
    assert completed("train", "--set", "") == [f"{key}=" for key in known_keys()]


@pytest.mark.skipif(not has("zsh"), reason="needs zsh")
def test_zsh_reads_its_script() -> None:
    subprocess.run(["zsh", "-n", FOLDER / "_lstmcli"], check=True)


@pytest.mark.skipif(not has("fish"), reason="needs fish")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("lstmcli cro", ["cross-validate"]),
        ("lstmcli train --set training.learn", ["training.learning_rate="]),
        ("lstmcli train --set model.cell=pe", ["model.cell=peephole"]),
        ("lstmcli predict RUN --on-error ", ["flag", "skip", "stop"]),
        ("lstmcli help tr", ["train"]),
    ],
)
def test_fish_completes(line: str, expected: list[str], tmp_path: Path) -> None:
    code = f"source {FOLDER}/lstmcli.fish; complete -C '{line}'"
    result = subprocess.run(["fish", "-N", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert [found.split("\t")[0] for found in result.stdout.splitlines()] == expected


@pytest.mark.skipif(not has("groff"), reason="needs groff")
def test_the_manual_page_is_free_of_warnings_and_names_everything() -> None:
    result = subprocess.run(
        ["groff", "-man", "-ww", "-Tascii", "-P-cbou", FOLDER / "lstmcli.1"], capture_output=True, text=True, check=True
    )
    assert result.stderr == ""
    words = set(result.stdout.split())
    assert {*known_keys(), "cross-validate", "--threshold", "130"} <= words
