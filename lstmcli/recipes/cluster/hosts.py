"""What all hosts of a cluster must have in common."""

import platform

from lstmcli import __version__
from lstmcli.errors import LstmcliError


def check_version(version: str) -> None:
    """Check that this host has the `version` of lstmcli that the host of the command has.

    Raises:
        LstmcliError: it has another one.
    """
    if version != __version__:
        raise LstmcliError(
            f"{platform.node()}: has lstmcli {__version__}, but the host of the command has {version}; install the "
            "same version on all hosts."
        )
