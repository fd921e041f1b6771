"""The message for a missing dependency; a light installation lacks most of them."""

from collections.abc import Iterator
from contextlib import contextmanager

# Import name -> name on PyPI; a test compares them with pyproject.toml.
PACKAGES = {
    "charset_normalizer": "charset-normalizer",
    "filelock": "filelock",
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


def missing_package(error: ModuleNotFoundError, user: str) -> str | None:
    """Return a message for the user, or None if the missing module is not one of our dependencies.

    Args:
        error: raised by an import.
        user: what needs the module, such as "lstmcli train".
    """
    package = PACKAGES.get(error.name or "")
    if package is None:
        return None
    # pip keeps the installed lstmcli and adds its missing dependencies.
    return f"`{user}` needs {package}, which is not installed. Complete the installation: pip install lstmcli"


@contextmanager
def naming_missing_package(user: str) -> Iterator[None]:
    """Turn the failed import of one of our dependencies into one that says what completes the installation.

    Args:
        user: see `missing_package`.

    Raises:
        ModuleNotFoundError: with that message.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        message = missing_package(error, user)
        if message is None:
            raise
        raise ModuleNotFoundError(message, name=error.name) from None
