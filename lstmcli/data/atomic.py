"""Files and folders that appear only when they are complete."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lstmcli.errors import DataError


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path next to `target`, which replaces `target` if the block succeeds and is deleted otherwise.

    A symbolic link is kept, and the file it points to is replaced. A replaced file passes on its permissions.

    Raises:
        DataError: `target` is a folder, or its folder is missing or can't be written.
    """
    import tempfile  # not loaded for a prediction to standard output

    if target.is_dir():
        raise DataError(f"{target}: is a folder, expected the name of a file to write.")
    target = target.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    except OSError as error:
        raise DataError(f"{target}: can't be written ({error.strerror}). Does the folder exist?") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(_permissions(target))
        temporary.replace(target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def unwritable_parent(folder: Path) -> Path | None:
    """Return the nearest existing path if it prevents `folder` from being created or written, else None.

    This creates and removes a folder there, since permissions mean nothing to root, in /proc, or on a read-only disk.
    """
    import tempfile

    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        Path(tempfile.mkdtemp(dir=nearest, prefix=f".{folder.name}.")).rmdir()
    except OSError:
        return nearest
    return None


def _permissions(target: Path) -> int:
    """Return the mode of an existing file, else that of any new file: mkstemp's files are private to the owner."""
    return stat.S_IMODE(target.stat().st_mode) if target.exists() else _new_file_mode()


def _new_file_mode() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder, which replaces `target` if the block succeeds and is deleted otherwise.

    If the process dies between the two renames, the old content is kept as `.NAME.old`; `recover` restores it.
    """
    recover(target)
    temporary, old = _sibling(target, "new"), _sibling(target, "old")
    for leftover in (temporary, old):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        for path in temporary.iterdir():
            path.chmod(_new_file_mode())  # some libraries write files that only the owner may read
        if target.exists():
            target.rename(old)
        temporary.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def recover(target: Path) -> None:
    """Restore the old content if a `replaced_folder` died between its two renames."""
    old = _sibling(target, "old")
    if old.exists() and not target.exists():
        old.rename(target)


def _sibling(target: Path, role: str) -> Path:
    return target.parent / f".{target.name}.{role}"
