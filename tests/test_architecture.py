"""The design's rules, checked on the source: who imports whom, where libraries live, how long things are."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "lstmcli"
FILES = sorted(PACKAGE.rglob("*.py"))

# From the bottom up. Names in one set never import each other.
LAYERS: list[set[str]] = [
    {"errors", "visible", "stopping", "dependencies", "kernels"},
    {"config", "data", "events", "charts"},
    {"text", "models", "metrics", "variants"},
    {"lexicons"},
    {"corpus"},
    {"ngrams"},
    {"store"},
    {"training", "inference"},
    {"inspection"},
    {"explanation"},
    {"reports"},
    {"recipes"},
    {"api", "cli"},
    {"sklearn"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

# Rooms, and files or folders where one of a room is all that may.
HOMES = {
    "typer": {"cli"},
    "rich": {"reports", "cli"},
    "jinja2": {"reports"},
    "pydantic": {"config"},
    "yaml": {"config"},
    "pandas": {"corpus"},
    "pyarrow": {"data"},
    "python_calamine": {"data"},
    "pyreadstat": {"data"},
    "sklearn": {"metrics", "sklearn"},
    "scipy": {"metrics", "corpus", "ngrams"},
    "fsspec": {"data"},
    "ray": {"cli/on_ray"},
    "triton": {"models/gpu/kernels.py"},
    "torch": {"models", "training", "recipes", "store/checkpoint.py"},
    "onnxruntime": {"training/teacher.py"},
    "tokenizers": {"training/teacher.py"},
}

HEAVY = {
    "torch",
    "triton",
    "pandas",
    "sklearn",
    "scipy",
    "matplotlib",
    "pydantic",
    "pyarrow",
    "onnxruntime",
    "tokenizers",
    "ray",
    "fsspec",
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from {module_of(node.module, alias.name) for alias in node.names}


def module_of(module: str, name: str) -> str:
    """Return what `from module import name` imports: a module of ours, or something in a module."""
    is_module = (PACKAGE.parent / module.replace(".", "/") / f"{name}.py").is_file()
    return f"{module}.{name}" if is_module else module


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", [path for path in FILES if part(path) in LEVEL], ids=str)
def test_a_package_imports_only_from_layers_below(path: Path) -> None:
    for module in imports(path):
        names = module.split(".")
        if names[0] == "lstmcli" and len(names) > 1 and names[1] != part(path):
            assert LEVEL[names[1]] < LEVEL[part(path)], f"{part(path)} imports {module}"


def module_name(path: Path) -> str:
    return ".".join(["lstmcli", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")


def test_no_imports_go_in_a_circle() -> None:
    """Also not within a room, and not through an import inside a function or for a type."""
    names = {module_name(path) for path in FILES} - {"lstmcli"}  # which loads what it names when that is asked for
    paths = {module_name(path): path for path in FILES}
    below = {name: (set(imports(paths[name])) & names) - {name} for name in names}
    while leaves := [name for name, needed in below.items() if not needed]:
        for name in leaves:
            del below[name]
        for needed in below.values():
            needed.difference_update(leaves)
    assert not below, f"these import each other: {', '.join(sorted(below))}"


def private_names(source: str) -> Iterator[str]:
    """Yield what `source` takes from inside other modules of ours, which it may import under any name."""
    ours = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias for alias in node.names if alias.name.split(".")[0] == "lstmcli"]
            ours |= {(alias.asname or alias.name).split(".")[0] for alias in names}
        elif isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] == "lstmcli"):
            ours |= {alias.asname or alias.name for alias in node.names}
            parts = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            yield from (name for name in parts if is_private(name))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            owner: ast.expr = node.value
            while isinstance(owner, ast.Attribute):
                owner = owner.value
            if isinstance(owner, ast.Name) and owner.id in ours:
                yield ast.unparse(node)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_module_reads_private_names_of_another(path: Path) -> None:
    assert list(private_names(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from lstmcli.text.tokenizer import _kinds", ["_kinds"]),
        ("from lstmcli.text import tokenizer as t\nt._KINDS", ["t._KINDS"]),
        ("import lstmcli.text.tokenizer\nlstmcli.text.tokenizer._KINDS", ["lstmcli.text.tokenizer._KINDS"]),
        ("from .tokenizer import Tokenizer\nTokenizer._split", ["Tokenizer._split"]),
        ("from lstmcli import __version__\nimport os\nos._exit(0)\nself._own = other._own", []),
    ],
)
def test_private_names_are_found(source: str, names: list[str]) -> None:
    assert list(private_names(source)) == names


def test_recipes_stay_few() -> None:
    folders = Counter(path.parent for path in FILES if part(path) == "recipes")
    assert max(folders.values()) <= 10, folders


def test_every_part_of_the_package_has_a_layer() -> None:
    assert {part(path) for path in FILES} - {"__init__", "__main__"} == set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_heavy_libraries_stay_at_home(path: Path) -> None:
    for module in imports(path):
        library = module.split(".")[0]
        homes = HOMES.get(library, {part(path)})
        inside = path.relative_to(PACKAGE)
        assert homes & {part(path), str(inside), str(inside.parent)}, f"{path} imports {library}"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_files_and_functions_stay_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 300
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            length = (node.end_lineno or 0) - first.lineno + 1
            assert length <= 40, f"{node.name} has {length} lines"


def loaded_modules(code: str, *arguments: str, stdin: str = "") -> set[str]:
    """Return the modules that are loaded after `code` has run in a process of its own."""
    probe = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint(*sys.modules, file=sys.stderr)"
    completed = subprocess.run(
        [sys.executable, "-c", probe, *arguments], input=stdin, capture_output=True, text=True, check=True
    )
    return set(completed.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["predict", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    modules = loaded_modules("from lstmcli.cli.main import app; app()", *arguments)
    assert "typer" in modules
    assert not modules & (HEAVY | {"numpy"})


def test_predict_loads_nothing_heavy(run_directory: Path) -> None:
    code = "from lstmcli.cli.main import app; app()"
    modules = loaded_modules(code, "predict", str(run_directory), stdin="i feel glad\n")
    assert "numpy" in modules
    assert not modules & (HEAVY | {"rich", "yaml", "jinja2", "numpy.random", "annotated_types"})
    assert {name for name in modules if name.startswith("lstmcli.cli.")} == {
        "lstmcli.cli.main",
        "lstmcli.cli.commands",
        "lstmcli.cli.engine",
        "lstmcli.cli.messages",
        "lstmcli.cli.options",
        "lstmcli.cli.predict",
        "lstmcli.cli.predict_options",
        "lstmcli.cli.process",
    }
    assert not modules & {"lstmcli.recipes.shards.manifest", "lstmcli.inference.cascade", "hashlib"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--set", "data.train=CORPUS", "--set", "model.cel=lstm"],
        ["train", "--set", "data.train=CORPUS.gone"],
        ["train", "--set", "data.train=RUN"],
        ["train", "--set", "data.train=CORPUS", "--set", "data.text=sentence"],
        ["train", "CORPUS", "--run-dir", "RUN"],
        ["train", "CORPUS", "--run-dir", "CORPUS/run"],
        ["train", "CORPUS", "--text", "sentence"],
        ["train", "--set", "data.train=CORPUS", "--set", "data.test=CORPUS.gone"],
        ["pretrain", "--set", "pretraining.texts=CORPUS.gone"],
        ["pretrain", "CORPUS.gone"],
        ["evaluate", "--folds", "3", "CORPUS", "--label", "feeling"],
        ["cross-validate", "CORPUS", "--label", "feeling"],
    ],
)
def test_a_mistake_is_told_before_anything_heavy_is_loaded(
    arguments: list[str], run_directory: Path, corpus: Path, tmp_path: Path
) -> None:
    names = {"CORPUS": str(corpus / "train.csv"), "RUN": str(run_directory)}
    for name, path in names.items():
        arguments = [argument.replace(name, path) for argument in arguments]
    if "--run-dir" not in arguments and arguments[0] == "train":
        arguments += ["--run-dir", str(tmp_path / "new")]
    code = (
        "from lstmcli.errors import LstmcliError; from lstmcli.cli.main import app\n"
        "    try: app(standalone_mode=False)\n"
        "    except LstmcliError: pass"
    )
    modules = loaded_modules(code, *arguments)
    assert "lstmcli.recipes.run_setup" in modules
    assert "lstmcli.recipes.train" not in modules
    assert not modules & {"torch", "pandas", "sklearn", "scipy"}
    assert not (tmp_path / "new").exists()


def test_training_loads_no_compiler() -> None:
    """torch's own optimizers do."""
    code = (
        "import torch; from lstmcli.config.settings import TrainingSettings; from lstmcli.training.updater import "
        "Updater; model = torch.nn.Module(); model.embedding = torch.nn.Embedding(3, 2); "
        "updater = Updater(model, TrainingSettings()); updater.prepare(torch.tensor([1])); "
        "model.embedding.weight.sum().backward(); updater.update(0.1)"
    )
    modules = loaded_modules(code)
    assert "lstmcli.training.updater" in modules
    assert "torch._dynamo" not in modules


def test_backpropagation_loads_no_computer_algebra() -> None:
    """torch does, for a gradient that is given to it."""
    code = (
        "import torch; from lstmcli.config.model_settings import ModelSettings; from lstmcli.config.settings import "
        "DropoutSettings; from lstmcli.models.classifier import Classifier, Sizes; from lstmcli.training.batch import "
        "WordBatch; from lstmcli.training.backpropagation import backpropagate; "
        "model = Classifier(Sizes(3, 2, 2, 0), ModelSettings(hidden_size=2), DropoutSettings()); "
        "batch = WordBatch(torch.tensor([1]), torch.tensor([0, 0]), torch.tensor([2])); "
        "backpropagate(model, batch, lambda logits: logits.sum(), adversarial=0.1)"
    )
    modules = loaded_modules(code)
    assert "lstmcli.training.backpropagation" in modules
    assert "sympy" not in modules


def test_evaluate_does_not_load_torch(run_directory: Path, corpus: Path) -> None:
    code = "from lstmcli.cli.main import app; app()"
    assert "torch" not in loaded_modules(code, "evaluate", str(run_directory), str(corpus / "test.csv"))


def test_torch_has_an_upper_bound() -> None:
    """Or pip would choose a release whose default build is for CUDA and takes several GB."""
    pyproject = (PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert '"torch>=2.6,<2.14"' in pyproject
