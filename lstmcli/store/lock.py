"""Locks a run directory, so that two trainings never write to it at the same time.

The operating system releases the lock when the process ends, however it ends. `.owner.json` says who holds it; one that
is left by a process that died means nothing.
"""

import errno
import json
import os
import platform
import shlex
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from lstmcli.data.sealed import SealedFolder
from lstmcli.errors import LstmcliError, RunDirectoryError

LOCK_FILE: Final = ".lock"
OWNER_FILE: Final = ".owner.json"
LOCK_FILES: Final = LOCK_FILE, OWNER_FILE

MAX_COMMAND_SHOWN: Final = 80

# What a file system without locks answers, as some network file systems do. There, nothing can be locked.
UNSUPPORTED: Final = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL}


class RunLock:
    """The lock of one run directory, which must exist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: Any = None

    def acquire(self) -> None:
        """Take the lock, and leave a note of who has it.

        Raises:
            RunDirectoryError: another process, or another training of this one, has it; or the folder is read-only.
        """
        from filelock import FileLock, Timeout  # prediction needs no locks

        for name in LOCK_FILES:  # in a run of unknown origin they may be links to any file
            if (self._folder / name).is_symlink():
                raise RunDirectoryError(
                    f"{self._folder / name}: is a link, through which nothing is written; delete it."
                )
        lock = FileLock(self._folder / LOCK_FILE)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise self._in_use() from None
        except (OSError, NotImplementedError) as error:
            if isinstance(error, OSError) and error.errno not in UNSUPPORTED:
                raise RunDirectoryError(f"{self._folder}: can't be locked ({error.strerror or error}).") from None
        self._lock = lock
        content = json.dumps(_this_process()) + "\n"
        (self._folder / OWNER_FILE).write_text(content, encoding="utf-8")

    def release(self) -> None:
        """Give the lock back, if it was taken."""
        if self._lock is not None:
            # While the lock is held, so that nobody else's file is removed. Windows does not remove open files.
            for name in (OWNER_FILE, LOCK_FILE):
                with suppress(OSError):
                    (self._folder / name).unlink()
            self._lock.release()
            self._lock = None

    def check_free(self) -> None:
        """Raise RunDirectoryError if somebody has the lock."""
        if (self._folder / OWNER_FILE).is_file():
            self.acquire()
            self.release()

    def _in_use(self) -> RunDirectoryError:
        owner = self._owner()
        who = "another process"
        if owner is not None:
            command = str(owner.get("command"))[:MAX_COMMAND_SHOWN]
            who = f"process {owner.get('pid')} on {owner.get('host')} since {owner.get('since')} ({command})"
        return RunDirectoryError(
            f"{self._folder}: is in use by {who}. Wait until it has finished, or choose another folder."
        )

    def _owner(self) -> dict[str, Any] | None:
        try:
            owner = SealedFolder(self._folder).read_json(OWNER_FILE)
        except LstmcliError:  # it is being written, or belongs to nobody
            return None
        return owner if isinstance(owner, dict) else None


def _this_process() -> dict[str, Any]:
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    return {"pid": os.getpid(), "host": platform.node(), "since": since, "command": command}
