"""What to say where a package that we depend on is missing, as most are in a light installation."""

# From the name that Python imports to the name that pip installs; a test ties them to pyproject.toml.
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
    """Return a line for the user, or None where the missing module is not ours to explain.

    Args:
        error: what an import raised.
        command: the command that was given, such as "train".
    """
    package = PACKAGES.get(error.name or "")
    if package is None:
        return None
    # pip finds lstmcli itself installed and adds whatever its dependencies lack.
    return (
        f"`lstmcli {command}` needs {package}, which is not installed. Complete the installation: pip install lstmcli"
    )
