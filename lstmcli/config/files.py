"""Opens config files: the user's own, which may be pipes, and those of runs, which strangers may have written."""

import codecs
import os
import stat
from pathlib import Path
from typing import BinaryIO

from lstmcli.errors import ConfigError, did_you_mean

# Fifty thousand file names, with room to spare.
MAX_CONFIG_BYTES = 1 << 21

UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path, *, is_stored: bool = False) -> str:
    """Return the content of a config file.

    Args:
        path: the file.
        is_stored: whether it belongs to a run directory. If not, it may also be a pipe of the shell, such as
            /dev/stdin.

    Raises:
        ConfigError: it can't be read, is too large, or isn't UTF-8.
    """
    try:
        with open_config(path, is_stored=is_stored) as stream:
            content = stream.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        siblings = sorted(str(other) for other in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        raise ConfigError(f"{path}: no such config file.{did_you_mean(str(path), siblings)}") from None
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror or error}).") from None
    if len(content) > MAX_CONFIG_BYTES:
        raise ConfigError(f"{path}: is larger than {MAX_CONFIG_BYTES >> 20} MiB, expected a config file.")
    if content.startswith(UTF_16_MARKS):
        raise ConfigError(f"{path}: is UTF-16; save it as UTF-8.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        problem = f"byte 0x{byte:02x} is not valid UTF-8; save the file as UTF-8."
        raise ConfigError(f"{path}, line {line}: {problem}") from None


def open_config(path: Path, *, is_stored: bool) -> BinaryIO:
    """Open a config file without waiting for a writer.

    Raises:
        ConfigError: the path is neither a file nor, unless `is_stored`, a pipe of the shell.
        OSError: it can't be opened.
    """
    if is_stored and path.is_symlink():
        raise ConfigError(f"{path}: is a link, which may point anywhere; replace it with a copy of the file.")
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder, expected a config file.")
    # The path may be anything by now, so what was opened is checked. A pipe without a writer would block.
    descriptor = os.open(path, _flags(follows_links=not is_stored))
    stream = os.fdopen(descriptor, "rb")
    mode = os.fstat(descriptor).st_mode
    is_given = not is_stored and str(path).startswith(("/dev/", "/proc/self/fd/"))
    if not stat.S_ISREG(mode) and not is_given:
        stream.close()
        raise ConfigError(f"{path}: is not a regular file, expected a config file.")
    if os.name != "nt":
        os.set_blocking(descriptor, True)
    return stream


def _flags(*, follows_links: bool) -> int:
    """Return the flags to open a file without waiting; Windows has none of them, and its own for binary content."""
    names = (
        ["O_NONBLOCK", "O_CLOEXEC", "O_BINARY"]
        if follows_links
        else ["O_NONBLOCK", "O_CLOEXEC", "O_BINARY", "O_NOFOLLOW"]
    )
    return os.O_RDONLY | sum(getattr(os, name, 0) for name in names)
