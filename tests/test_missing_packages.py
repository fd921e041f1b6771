"""With numpy, safetensors and typer alone texts are labelled; what needs more says so in one line."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from lstmcli.dependencies import PACKAGES
from tests.conftest import PROJECT, Cli

LIGHT = {"numpy", "safetensors", "typer"}

PROGRAM = """
import sys
missing = sys.argv.pop(1).split(",")
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
for name in missing:
    sys.modules.pop(name, None)  # what measures coverage may have imported it
from lstmcli.cli.main import main
main()
"""


def without(missing: Iterable[str], *arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the tool in a process of its own as if some modules were not installed."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, ",".join(missing), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        check=False,
    )


def test_predict_needs_no_more_than_three_packages(run_directory: Path, cli: Cli) -> None:
    arguments, stdin = ("predict", run_directory, "--jobs", 2, "--probabilities", "--progress"), "so glad\nlivid\n"
    light = without(PACKAGES.keys() - LIGHT, *arguments, stdin=stdin)
    assert light.returncode == 0, light.stderr
    assert light.stdout == cli(*arguments, stdin=stdin).stdout != ""


@pytest.mark.parametrize(
    ("missing", "arguments", "package"),
    [
        ("torch", ["train", "--set", "data.train=CORPUS", "--run-dir", "NEW"], "torch"),
        ("torch", ["pretrain", "--set", "pretraining.texts=CORPUS", "--run-dir", "NEW"], "torch"),
        ("torch", ["evaluate", "--folds", "2", "--set", "data.train=CORPUS", "--output", "NEW"], "torch"),
        ("sklearn", ["evaluate", "RUN", "CORPUS"], "scikit-learn"),
        ("yaml", ["config"], "pyyaml"),
        ("pydantic", ["config"], "pydantic"),
    ],
)
def test_a_missing_package_is_one_line(
    missing: str, arguments: list[str], package: str, run_directory: Path, corpus: Path, tmp_path: Path
) -> None:
    names = {"CORPUS": str(corpus / "train.csv"), "RUN": str(run_directory), "NEW": str(tmp_path / "new")}
    for name, path in names.items():
        arguments = [argument.replace(name, path) for argument in arguments]
    result = without([missing], *arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"error: `lstmcli {arguments[0]}` needs {package}, which is not installed. "
        "Complete the installation: pip install lstmcli\n"
    )
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("missing", ["lstmcli.recipes.run_setup", "json"])
def test_a_module_that_pip_cannot_bring_is_not_explained_away(missing: str) -> None:
    result = without([missing], "train")
    assert result.stderr.endswith(f"ModuleNotFoundError: No module named '{missing}'\n")
    assert "Traceback" in result.stderr


PYTHON_PROGRAM = PROGRAM.partition("from lstmcli.cli.main")[0] + "import lstmcli\nexec(sys.argv[1])\n"


@pytest.mark.parametrize(
    ("code", "missing", "package"),
    [
        ("lstmcli.train({'data.train': 'FILE'}, run_dir='NEW')", "yaml", "pyyaml"),
        ("lstmcli.train({'data.train': 'FILE'}, run_dir='NEW')", "torch", "torch"),
        ("lstmcli.LSTMClassifier", "sklearn", "scikit-learn"),
    ],
)
def test_python_says_so_too(code: str, missing: str, package: str, corpus: Path, tmp_path: Path) -> None:
    code = code.replace("FILE", str(corpus / "train.csv")).replace("NEW", str(tmp_path / "new"))
    result = subprocess.run(
        [sys.executable, "-c", PYTHON_PROGRAM, missing, code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        check=False,
    )
    user = code.partition("(")[0]
    assert result.stderr.splitlines()[-1] == (
        f"ModuleNotFoundError: `{user}` needs {package}, which is not installed. "
        "Complete the installation: pip install lstmcli"
    )
    assert not (tmp_path / "new").exists()
