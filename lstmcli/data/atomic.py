"""Files and folders that appear only when they are complete and on disk.

A rename may reach the disk before the content does. Files are therefore synchronised before they are renamed, so that a
power cut leaves either the old content or the new one, and folders afterwards, so that the rename lasts.
"""

import errno
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lstmcli.errors import DataError

TEMPORARY_SUFFIX = ".part"

# What `unwritable_parent` would create, so that its traces are known as ours.
PROBE = "lstmcli"


def real_path(path: Path) -> Path:
    """Return `path` without links; links that lead to themselves remain, and opening them is an OSError."""
    return Path(os.path.realpath(path))


@contextmanager
def atomic_path(target: Path, *, follows_links: bool = True) -> Iterator[Path]:
    """Yield a temporary path next to `target`, which replaces `target` if the block succeeds and is deleted otherwise.

    A symbolic link is kept, and the file it points to is replaced, unless `follows_links` is False: then the link is
    replaced, since in a run of unknown origin it may lead anywhere. A replaced file passes on its permissions.

    Raises:
        DataError: `target` is a folder, or its folder is missing or can't be written.
    """
    import tempfile  # not loaded for a prediction to standard output

    if target.is_dir():
        raise DataError(f"{target}: is a folder, expected the name of a file to write.")
    if follows_links:
        target = real_path(target)
    elif target.is_symlink():
        target.unlink()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=TEMPORARY_SUFFIX)
    except OSError as error:
        raise DataError(f"{target}: can't be written ({error.strerror}). Does the folder exist?") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(_permissions(target))
        sync(temporary)
        temporary.replace(target)
        sync(target.parent)
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
        Path(tempfile.mkdtemp(dir=nearest, prefix=f".{PROBE}.", suffix=TEMPORARY_SUFFIX)).rmdir()
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
def replaced_folder(target: Path, *, previous: Path | None = None) -> Iterator[Path]:
    """Yield an empty folder, which replaces `target` if the block succeeds and is deleted otherwise.

    If the process dies between the two renames, the old content is kept as `.NAME.old`; `recover` restores it.

    Args:
        target: to replace.
        previous: where the old content is kept, instead of being deleted.
    """
    if previous is None:
        recover(target)
    temporary, old = _sibling(target, "new"), previous or _sibling(target, "old")
    _discard(temporary)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        for path in temporary.iterdir():
            path.chmod(_new_file_mode())  # some libraries write files that only the owner may read
            sync(path)
        sync(temporary)
        if target.exists():
            _discard(old)
            target.rename(old)
        temporary.rename(target)
        sync(target.parent)
        if previous is None:
            _discard(old)
    finally:
        _discard(temporary)


def recover(target: Path) -> None:
    """Restore the old content if a `replaced_folder` died between its two renames."""
    old = _sibling(target, "old")
    if old.exists() and not target.exists():
        old.rename(target)


def _sibling(target: Path, role: str) -> Path:
    return target.parent / f".{target.name}.{role}"


def leftovers(folder: Path, names: Iterable[str]) -> list[Path]:
    """Return what processes that died have left in `folder`, of files and folders that would now have these `names`."""
    import glob  # not needed for a prediction

    found: list[Path] = []
    for name in (*names, PROBE):
        found += folder.glob(f".{glob.escape(name)}.*{TEMPORARY_SUFFIX}")
        found += [path for role in ("new", "old") if (path := _sibling(folder / name, role)).exists()]
    return found


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there; a link is removed, not what it points to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _discard(path: Path) -> None:
    """Remove what is not needed, if that is possible. `shutil.rmtree` alone would wait for who writes to a FIFO."""
    with suppress(OSError):
        remove(path)


def sync(path: Path) -> None:
    """Wait until a file or the names in a folder are on disk, where the file system can tell."""
    if os.name == "nt" and path.is_dir():  # where folders can't be opened
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        sync_descriptor(descriptor)
    finally:
        os.close(descriptor)


def sync_descriptor(descriptor: int) -> None:
    """Wait until an open file is on disk, where the file system can tell."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EROFS}:
            raise


@contextmanager
def saving_tensors(path: Path) -> Iterator[None]:
    """Turn an error of safetensors, which writes to `path`, into the OSError behind it.

    Raises:
        OSError: for example, the disk is full.
    """
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        number = re.search(r"(?:os error|code:) (\d+)", str(error))
        code = errno.EIO if number is None else int(number[1])
        raise OSError(code, os.strerror(code), str(path)) from None
