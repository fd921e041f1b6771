"""What pip and Docker get: the source archive, the wheel, an editable clone, and the bounds of the dependencies."""

import ast
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from lstmcli.cli.dependencies import PACKAGES
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
    code = f"from setuptools import build_meta; build_meta.build_{kind}({str(output)!r})"
    completed = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False, timeout=300
    )
    assert completed.returncode == 0, completed.stderr
    return max(output.iterdir(), key=lambda path: path.stat().st_mtime_ns)


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


def import_names() -> set[str]:
    """Return the names of all modules that the package imports and that neither it nor Python brings along."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (PROJECT / "lstmcli").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {module.partition(".")[0] for module in modules} - sys.stdlib_module_names - {"lstmcli"}


def test_every_imported_package_is_a_dependency_or_the_extra() -> None:
    assert set(PACKAGES.values()) == set(DEPENDENCIES)
    assert import_names() == {*PACKAGES, "pyarrow"}


@pytest.mark.parametrize("requirement", DEPENDENCIES.values(), ids=lambda requirement: requirement.name)
def test_what_is_installed_is_within_the_bounds(requirement: Requirement) -> None:
    assert requirement.specifier.contains(importlib.metadata.version(requirement.name))
    assert requirement.specifier.contains(CONSTRAINTS[requirement.name])


def test_every_dependency_has_a_lower_bound_and_all_but_rich_an_upper_one() -> None:
    """Why rich has none is said beside it."""
    for requirement in DEPENDENCIES.values():
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators == ({">="} if requirement.name == "rich" else {">=", "<"}), requirement
