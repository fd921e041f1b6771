"""What works where numpy, safetensors and typer alone are installed. Run by `make test-light`, not by `make test`.

Models are trained, and results compared, with the full installation that runs these tests; LIGHT_PYTHON is the
interpreter of the other one.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import lstmcli
from tests.conftest import PROJECT, TEXTS, Cli

LIGHT_PYTHON = PROJECT / os.environ.get("LIGHT_PYTHON", ".venv-light/bin/python")

# What docs/installation.md promises, in bytes.
MAX_SIZE = 105_000_000

# Everything but what is there before anything is installed.
PIP = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence")


def light(*arguments: object, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the light interpreter, far from the source code, so that it can only find what is installed."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    completed = subprocess.run(
        [str(LIGHT_PYTHON), *map(str, arguments)],
        input=stdin.encode(),
        capture_output=True,
        cwd=cwd or Path("/"),
        env={**environment, "COLUMNS": "200"},
        check=False,
    )
    return subprocess.CompletedProcess(
        completed.args, completed.returncode, completed.stdout.decode(), completed.stderr.decode()
    )


def light_cli(*arguments: object, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return light("-m", "lstmcli", *arguments, stdin=stdin, cwd=cwd)


@pytest.fixture(scope="module")
def site_packages() -> Path:
    result = light("-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    assert result.returncode == 0, result.stderr
    path = Path(result.stdout.strip())
    assert path != Path(sysconfig.get_path("purelib"))
    return path


def test_the_package_is_the_installed_one(site_packages: Path) -> None:
    found = light("-c", "import lstmcli; print(lstmcli.__file__)").stdout.strip()
    assert found == str(site_packages / "lstmcli" / "__init__.py")


def test_it_is_about_100_mb(site_packages: Path) -> None:
    files = [
        path
        for entry in site_packages.iterdir()
        if not entry.name.startswith(PIP)
        for path in (entry.rglob("*") if entry.is_dir() else [entry])
        if path.is_file()
    ]
    size = sum(path.stat().st_size for path in files)
    assert 1_000_000 < size < MAX_SIZE, f"{size / 1e6:.1f} MB"


def test_nothing_of_the_full_installation_is_there() -> None:
    for name in ("torch", "pandas", "sklearn", "scipy", "pydantic", "yaml"):
        assert light("-c", f"import {name}").returncode == 1, name


def test_a_pipe_gets_the_same_bytes(run_directory: Path, cli: Cli) -> None:
    arguments, stdin = ("predict", run_directory, "--top-k", 2), "\n".join(TEXTS) + "\n"
    result = light_cli(*arguments, stdin=stdin)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == cli(*arguments, stdin=stdin).stdout != ""


def test_a_file_in_two_processes_gets_the_same_bytes(run_directory: Path, folder: Path, cli: Cli) -> None:
    arguments = ("predict", run_directory, folder / "in.csv", "--probabilities", "--jobs", 2)
    result = light_cli(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == cli(*arguments).stdout != ""


def test_a_model_folder_alone_is_enough(run_directory: Path, cli: Cli) -> None:
    result = light_cli("predict", "model", stdin="so glad\n", cwd=run_directory)
    assert (result.returncode, result.stdout) == (0, cli("predict", run_directory, stdin="so glad\n").stdout)


def test_a_script_gets_the_same_numbers(run_directory: Path) -> None:
    code = f"""
import lstmcli
model = lstmcli.load({str(run_directory)!r})
print(model.predict({TEXTS!r}), model.predict_proba({TEXTS!r}).tolist())
"""
    full = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True, text=True
    )
    result = light("-c", code)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == full.stdout != ""


@pytest.mark.parametrize("arguments", [["--help"], ["predict", "--help"], ["train", "--help"], ["--version"]])
def test_help_and_version_are_the_same(arguments: list[str], cli: Cli) -> None:
    result = light_cli(*arguments)
    assert result.returncode == 0
    assert result.stdout == cli(*arguments).stdout != ""


def test_the_console_script_is_there() -> None:
    script = LIGHT_PYTHON.parent / "lstmcli"
    completed = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert completed.stdout == f"lstmcli {lstmcli.__version__}\n"


@pytest.mark.parametrize("command", ["train", "pretrain", "evaluate", "config"])
def test_what_needs_more_says_so_in_one_line(command: str, run_directory: Path, corpus: Path) -> None:
    arguments = {
        "train": ["--set", f"data.train={corpus}/train.csv"],
        "pretrain": ["--set", f"pretraining.texts={corpus}/train.csv"],
        "evaluate": [run_directory, corpus / "test.csv"],
        "config": [],
    }
    result = light_cli(command, *arguments[command])
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: `lstmcli {command}` needs ")
    assert result.stderr.endswith(", which is not installed. Complete the installation: pip install lstmcli\n")
    assert result.stderr.count("\n") == 1
