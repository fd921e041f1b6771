"""What pip and Docker get: the source archive, the wheel, an editable clone, and the bounds of the dependencies."""

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from lstmcli.dependencies import PACKAGES
from tests.conftest import PROJECT

PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
DEPENDENCIES = {requirement.name: requirement for requirement in map(Requirement, PYPROJECT["project"]["dependencies"])}
CONSTRAINTS = dict(
    line.lower().split("==")
    for line in (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if "==" in line
)

NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv*", "runs", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis"
)


def has_setuptools() -> bool:
    """Whether a build can do without pip's isolation, which would need the network."""
    try:
        return int(importlib.metadata.version("setuptools").split(".")[0]) >= 77
    except importlib.metadata.PackageNotFoundError:
        return False


needs_setuptools = pytest.mark.skipif(not has_setuptools(), reason="building needs setuptools 77 or newer here")


def build(kind: str, project: Path, output: Path) -> Path:
    """Build as pip does, by the hook `build_KIND`, and return the archive."""
    code = f"from setuptools import build_meta; print(build_meta.build_{kind}({str(output)!r}))"
    completed = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    return output / completed.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project in a folder of its name, as `git clone` makes it. Builds leave their traces there."""
    return Path(shutil.copytree(PROJECT, tmp_path_factory.mktemp("above") / "lstmcli", ignore=NOT_COPIED))


@pytest.fixture(scope="module")
def unpacked_sdist(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build("sdist", clone, folder)) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


@needs_setuptools
def test_an_editable_clone_is_found_from_the_folder_above_it(clone: Path, tmp_path: Path) -> None:
    """There Python meets the clone itself first, a folder `lstmcli` without code that the package must win against."""
    with zipfile.ZipFile(build("editable", clone, tmp_path)) as archive:
        archive.extractall(tmp_path / "site-packages")
    code = (
        f"import site; site.addsitedir({str(tmp_path / 'site-packages')!r}); "
        "import lstmcli.data.reading as module; print(module.__file__)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    completed = subprocess.run(
        [sys.executable, "-S", "-c", code],  # -S: without the lstmcli that these tests run with
        cwd=clone.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.stdout.strip() == str(clone / "lstmcli/data/reading.py"), completed.stderr


# What torch's builds for CUDA depend on, and nobody needs without one.
BROUGHT_BY_TORCH = ("triton",)

# lstmcli[ray], which `dev` lacks for its size, and what comes with it.
OF_RAY = ("ray", "fsspec")


def import_names() -> set[str]:
    """Return the names of all modules that the package imports and that neither it nor Python brings along."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (PROJECT / "lstmcli").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {module.partition(".")[0] for module in modules} - sys.stdlib_module_names - {"lstmcli"}


def test_every_imported_package_is_a_dependency_or_in_an_extra() -> None:
    assert set(PACKAGES.values()) == set(DEPENDENCIES)
    extras = PYPROJECT["project"]["optional-dependencies"]
    users = [each for name in ("parquet", "excel", "spss", "teacher") for each in extras[name]]
    optional = {Requirement(each).name.replace("-", "_") for each in users}
    assert import_names() == {*PACKAGES, *optional, *BROUGHT_BY_TORCH, *OF_RAY}
    assert set(users) <= set(extras["dev"])
    assert [Requirement(each).name for each in extras["ray"]] == ["ray"]


@pytest.mark.parametrize("requirement", DEPENDENCIES.values(), ids=lambda requirement: requirement.name)
def test_what_is_installed_is_within_the_bounds(requirement: Requirement) -> None:
    assert requirement.specifier.contains(importlib.metadata.version(requirement.name))
    assert requirement.specifier.contains(CONSTRAINTS[requirement.name])


def test_every_dependency_has_a_lower_bound_and_all_but_rich_an_upper_one() -> None:
    """Why rich has none is said beside it."""
    for requirement in DEPENDENCIES.values():
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators == ({">="} if requirement.name == "rich" else {">=", "<"}), requirement


def files_below(*folders: str) -> set[str]:
    """Return the files in folders of the project, without what Python and editors leave there."""
    return {
        path.relative_to(PROJECT).as_posix()
        for folder in folders
        for path in (PROJECT / folder).rglob("*")
        if path.is_file()
        and not any(part.startswith((".", "__pycache__")) for part in path.parts[len(PROJECT.parts) :])
    }


@needs_setuptools
def test_the_source_archive_holds_the_whole_project(unpacked_sdist: Path) -> None:
    found = {path.relative_to(unpacked_sdist).as_posix() for path in unpacked_sdist.rglob("*")}
    expected = files_below("benchmarks", "configs", "data", "docs", "experiments", "lstmcli", "tests")
    expected |= {path.name for path in PROJECT.glob("*.*") if path.suffix in {".md", ".txt", ".toml", ".in"}}
    expected |= {"Makefile", "Dockerfile", ".dockerignore", "LICENSE", ".ci/run"}
    assert expected <= found
    assert not [name for name in found if "__pycache__" in name]


@needs_setuptools
def test_a_wheel_of_the_source_archive_holds_the_package_and_nothing_else(unpacked_sdist: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(build("wheel", unpacked_sdist, tmp_path)) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name and ".data/" not in name}
        metadata = next(name for name in archive.namelist() if name.endswith("METADATA"))
        required = [line for line in archive.read(metadata).decode().splitlines() if line.startswith("Requires-Dist")]
        settings = archive.read("lstmcli/config/default.yaml")
    assert names == files_below("lstmcli")
    assert settings == (PROJECT / "configs" / "default.yaml").read_bytes()
    assert len([line for line in required if "extra ==" not in line]) == len(DEPENDENCIES)


def pip_commands(name: str) -> list[str]:
    """Return what a file tells pip to install, without interpreters and options that change no result."""
    content = (PROJECT / name).read_text(encoding="utf-8").replace("\\\n", "")
    commands = re.findall(r"-m pip install (.*?)(?: &&|$)", content, flags=re.MULTILINE)
    return [re.sub(r"--quiet |--no-cache-dir |(?<=--no-deps ).*", "", command).strip() for command in commands]


LIGHT_COMMANDS = ["--constraint constraints.txt --requirement requirements-light.txt", "--no-deps"]


@pytest.mark.parametrize("name", ["Makefile", "Dockerfile", "docs/installation.md"])
def test_the_light_installation_is_the_same_where_it_is_told_tested_and_shipped(name: str) -> None:
    commands = pip_commands(name)
    start = commands.index(LIGHT_COMMANDS[0])
    assert commands[start : start + 2] == LIGHT_COMMANDS


def test_the_light_installation_has_the_bounds_of_the_full_one() -> None:
    lines = (PROJECT / "requirements-light.txt").read_text(encoding="utf-8").splitlines()
    light = [Requirement(line) for line in lines if not line.startswith("#")]
    assert {requirement.name for requirement in light} == {"numpy", "safetensors", "typer"}
    assert all(DEPENDENCIES[requirement.name] == requirement for requirement in light)
    command = next(command for command in pip_commands("docs/installation.md") if "numpy" in command)
    assert [Requirement(word.strip("'")) for word in command.split()] == light


def test_the_image_runs_predict_without_privileges() -> None:
    lines = (PROJECT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    last_stage = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM")) :]
    assert last_stage[-1] == 'ENTRYPOINT ["lstmcli", "predict", "/model"]'
    assert "USER 65534:65534" in last_stage
    default = next(line.partition("=")[2] for line in lines if line.startswith("ARG PYTHON_VERSION"))
    assert default in (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()[0]


def test_make_help_lists_every_target() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert targets is not None
    # `make test` starts this test too, and a make within a make tells which folder it enters.
    command = ["make", "--no-print-directory", "help"]
    completed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert sorted(line.split()[0] for line in completed.stdout.splitlines()) == sorted(targets[1].split())
