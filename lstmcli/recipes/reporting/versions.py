"""What has computed the scores of a report."""

import platform

import numpy as np

from lstmcli import __version__


def versions() -> dict[str, str]:
    """Return versions by name."""
    return {"lstmcli": __version__, "Python": platform.python_version(), "NumPy": np.__version__}
