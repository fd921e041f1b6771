"""The message for a missing dependency; a light installation lacks most of them."""

# Import name -> name on PyPI; a test compares them with pyproject.toml.
PACKAGES = {
    "jinja2": "jinja2",
    "numpy": "numpy",
    "pandas": "pandas",
    "pydantic": "pydantic",
    "rich": "rich",
    "safetensors": "safetensors",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "threadpoolctl": "threadpoolctl",
    "torch": "torch",
    "typer": "typer",
    "yaml": "pyyaml",
}


def missing_package(error: ModuleNotFoundError, command: str | None) -> str | None:
    """Return a message for the user, or None if the missing module is not one of our dependencies.

    Args:
        error: raised by an import.
        command: the command in use, such as "train".
    """
    package = PACKAGES.get(error.name or "")
    if package is None:
        return None
    # pip keeps the installed lstmcli and adds its missing dependencies.
    return (
        f"`lstmcli {command}` needs {package}, which is not installed. Complete the installation: pip install lstmcli"
    )
