"""The console script `lstmcli`, and `python -m lstmcli`, which is the same."""

# ruff: noqa: PTH100, PTH109, PTH120
# Until the search path is right, pathlib or signal might be a file of the user's; _signal is built in.
import _signal  # type: ignore[import-not-found]
import os
import sys


def main() -> None:
    """Run the command line. Ctrl-C while it is loaded ends the process without a traceback."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    from lstmcli.cli.main import main as run

    run()


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
    main()
