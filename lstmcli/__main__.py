"""`python -m lstmcli` is the same as the console script `lstmcli`."""

# ruff: noqa: PTH100, PTH109, PTH120
# Until the search path is right, pathlib might be a file of the user's.
import os
import sys


def _leave_current_folder() -> None:
    """Take the current folder, which -m puts first, from the search path: a json.py in it is not Python's.

    It comes last instead if this package was found in it, since the libraries may be there, too.
    """
    if not sys.flags.safe_path and sys.path and sys.path[0] == os.getcwd():
        folder = sys.path.pop(0)
        if folder == os.path.dirname(os.path.dirname(os.path.abspath(__file__))):
            sys.path.append(folder)


if __name__ == "__main__":
    _leave_current_folder()
    from lstmcli.cli.main import main

    main()
