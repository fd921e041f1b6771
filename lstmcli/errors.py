"""Errors that users can fix, and wording that their messages share.

A broken contract between our own functions is a plain `ValueError`. Each error here ends as one message on stderr.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path


class LstmcliError(Exception):
    r"""A mistake that the user can fix. The message states where, what is wrong, and what to do next.

    Several arguments are the lines of one message. A "\n" within a line comes from a value, and is shown as an escape.
    """

    exit_code = 1

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the message."""
        return tuple(map(str, self.args))

    def __str__(self) -> str:
        return "\n".join(self.lines)


class ConfigError(LstmcliError):
    """A config file or a `--set` option contains an invalid key or value."""


class DataError(LstmcliError):
    """A corpus or an input file can't be used as it is."""


class RunDirectoryError(LstmcliError):
    """A run directory is missing or damaged, has a newer format, or would be overwritten."""


class DamagedFileError(RunDirectoryError):
    """A file of a run can't be trusted. Nothing that was computed from it may be used.

    Attributes:
        path: of the file.
        reason: what is wrong with it, for a sentence about it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        """Say what is wrong with the file at `path`, and what to do."""
        super().__init__(
            f"{path}: {reason}. Restore the folder from a copy, or train again; `lstmcli verify` checks a whole run."
        )
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type["DamagedFileError"], tuple[Path, str]]:
        """Say how a worker process sends this error."""
        return type(self), (self.path, self.reason)


class UsageError(LstmcliError):
    """The command line itself is wrong."""

    exit_code = 2


class InterruptedPredictionError(LstmcliError):
    """Prediction was interrupted by Ctrl-C, but can be resumed after the rows written so far."""

    exit_code = 130


class InterruptedRunError(LstmcliError):
    """A training was asked to stop. Its progress is saved, and the run can be resumed."""

    exit_code = 130


# What messages advise on the command line, and what that is in Python.
IN_PYTHON = {
    "--resume": "resume=True",
    "--overwrite": "overwrite=True",
    "; pass a FILE, or a config that sets data.train.": "; set it, or pass texts and labels.",
    "--label (data.label)": "data.label",
    "--text (data.text)": "data.text",
    "--format (data.format)": "data.format",
    "--encoding (data.encoding)": "data.encoding",
}


@contextmanager
def in_python_words() -> Iterator[None]:
    """Turn the options that an error advises into arguments of Python functions."""
    try:
        yield
    except LstmcliError as error:
        error.args = tuple(map(_in_python, error.lines))
        raise


def _in_python(line: str) -> str:
    for option, argument in IN_PYTHON.items():
        line = line.replace(option, argument)
    return line


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return " Did you mean 'nearest'?", or "" when nothing in `choices` is near."""
    near = nearest(name, choices)
    return f" Did you mean {near!r}?" if near is not None else ""


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """Return the element of `choices` that `name` is probably a typo for, or None."""
    by_folded_name = {choice.casefold(): choice for choice in choices}
    near = get_close_matches(name.casefold(), by_folded_name, n=1, cutoff=0.6)
    return by_folded_name[near[0]] if near else None


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return "1 row", "2,000 rows" and the like."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {plural or noun + 's'}"
