"""Runs a command while something is wrong, and says how it took it.

A command runs in a forked child of this process, which has everything imported, so that thousands fit into minutes. It
has its own group, standard streams and folder. Memory is the peak that the system reports, less that of a child that
does nothing; an upper limit keeps a command that never stops asking from taking the machine with it.
"""

import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

PROJECT = Path(__file__).parents[2]

# What nothing here comes near to: a command that does has not stopped.
DEADLINE_SECONDS = 120
CPU_SECONDS = 60
MOST_BYTES = 4 << 30

Prepare = Callable[[], None]


@dataclass(frozen=True)
class Outcome:
    """How a command has ended.

    Attributes:
        exit_code: negative for a signal; None if it did not end.
        cpu_seconds: of the command and the processes that it has waited for.
        megabytes: of memory, at most, besides what a child has that does nothing.
    """

    exit_code: int | None
    stdout: bytes
    stderr: str
    cpu_seconds: float
    megabytes: float


class Verdict(StrEnum):
    REFUSED = "refused"
    UNAFFECTED = "unaffected"
    CHANGED = "SILENT CHANGES"
    TRACEBACK = "TRACEBACKS"
    HANG = "HANGS"
    OTHER = "OTHER FAULTS"


FORBIDDEN = [Verdict.CHANGED, Verdict.TRACEBACK, Verdict.HANG, Verdict.OTHER]


@dataclass(frozen=True)
class Result:
    """What has become of one attack."""

    attack: str
    verdict: Verdict
    cpu_seconds: float = 0.0
    megabytes: float = 0.0
    detail: str = ""


@dataclass(frozen=True)
class Attack:
    """Something to do in an empty folder of its own."""

    name: str
    run: Callable[[Path], list[Result]] = field(compare=False)


def result(name: str, verdict: Verdict, outcome: Outcome, detail: str = "") -> Result:
    shown = "" if verdict in (Verdict.REFUSED, Verdict.UNAFFECTED) else f"{detail} {outcome.stderr[-1500:]}".strip()
    return Result(name, verdict, outcome.cpu_seconds, outcome.megabytes, shown)


def judge(
    name: str,
    outcome: Outcome,
    expected: bytes | None,
    *,
    exit_codes: Sequence[int] = (0,),
    names: str = "",
    max_seconds: float = CPU_SECONDS,
    max_megabytes: float = MOST_BYTES / 1e6,
) -> Result:
    """Say what an outcome means.

    Args:
        name: of the attack.
        outcome: of the command.
        expected: what it prints if nothing is wrong; None if it must not succeed.
        exit_codes: with which it prints that.
        names: what the message must contain when the attack is refused.
        max_seconds: of CPU that it may take.
        max_megabytes: of memory that it may take.
    """
    if outcome.exit_code is None or outcome.exit_code == -signal.SIGXCPU:
        return result(name, Verdict.HANG, outcome, "did not end.")
    if outcome.cpu_seconds > max_seconds or outcome.megabytes > max_megabytes:
        return result(name, Verdict.HANG, outcome, f"{outcome.cpu_seconds:.1f} s of CPU, {outcome.megabytes:.0f} MB.")
    if outcome.exit_code in exit_codes:
        same = outcome.stdout == expected
        return result(name, Verdict.UNAFFECTED if same else Verdict.CHANGED, outcome, "another result, exit 0.")
    if "Traceback" in outcome.stderr or outcome.exit_code < 0:
        return result(name, Verdict.TRACEBACK, outcome, f"exit code {outcome.exit_code}.")
    said = [line for line in outcome.stderr.splitlines() if line.startswith("error: ")]
    if outcome.exit_code != 1 or len(said) != 1 or names not in outcome.stderr + outcome.stdout.decode(errors="ignore"):
        return result(name, Verdict.OTHER, outcome, f"exit code {outcome.exit_code}, expected one line about {names}.")
    return result(name, Verdict.REFUSED, outcome)


def forked(
    *arguments: object,
    cwd: Path | None = None,
    stdin: Path | None = None,
    prepare: Prepare | None = None,
) -> Outcome:
    """Run `lstmcli ARGUMENTS` in a child of this process, after it has called `prepare`."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            try:
                _become(list(map(str, arguments)), cwd, stdin, output.fileno(), errors.fileno(), prepare)
            finally:
                os._exit(70)
        return _wait(child, output, errors, base_megabytes=_idle_megabytes())


def started(*arguments: object, cwd: Path | None = None) -> Outcome:
    """Run `lstmcli ARGUMENTS` as users do."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lstmcli", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=cwd,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
        )
        process.returncode = 0  # _wait waits for it
        return _wait(process.pid, output, errors, base_megabytes=0.0)


def _become(
    arguments: list[str], cwd: Path | None, stdin: Path | None, output: int, errors: int, prepare: Prepare | None
) -> None:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(stdin or os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(errors, 2)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False, errors=policy)  # noqa: SIM115  # as long as this process
        for number, mode, policy in ((0, "r", "surrogateescape"), (1, "w", "strict"), (2, "w", "backslashreplace"))
    )
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    if cwd is not None:
        os.chdir(cwd)
    sys.argv = ["lstmcli", *arguments]
    try:
        if prepare is not None:
            prepare()
        from lstmcli.cli.main import main

        main()
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            sys.stderr.write(f"{end.code}\n")
        os._exit(end.code if isinstance(end.code, int) else 1 if end.code else 0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _wait(child: int, output: object, errors: object, *, base_megabytes: float) -> Outcome:
    handle = os.pidfd_open(child)
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    is_over = bool(poll.poll(DEADLINE_SECONDS * 1000))
    os.close(handle)
    if not is_over:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    output.seek(0)  # type: ignore[attr-defined]
    errors.seek(0)  # type: ignore[attr-defined]
    return Outcome(
        os.waitstatus_to_exitcode(status) if is_over else None,
        output.read(),  # type: ignore[attr-defined]
        errors.read().decode(errors="replace"),  # type: ignore[attr-defined]
        usage.ru_utime + usage.ru_stime,
        max(0.0, usage.ru_maxrss / 1e3 - base_megabytes),
    )


def _idle_megabytes() -> float:
    child = os.fork()
    if child == 0:
        os._exit(0)
    return os.wait4(child, 0)[2].ru_maxrss / 1e3


def warm_up() -> None:
    """Import what commands import, so that no child has to."""
    import pandas
    import scipy.sparse
    import sklearn.feature_extraction.text
    import sklearn.linear_model
    import torch

    import lstmcli.cli.cross_validate
    import lstmcli.cli.evaluate
    import lstmcli.cli.main
    import lstmcli.cli.predict
    import lstmcli.cli.pretrain
    import lstmcli.cli.train
    import lstmcli.cli.verify
    import lstmcli.recipes.cross_validate
    import lstmcli.recipes.evaluate
    import lstmcli.recipes.predict
    import lstmcli.recipes.pretraining
    import lstmcli.recipes.train  # noqa: F401

    torch.set_num_threads(1)
    del pandas, scipy, sklearn


def empty_folder(path: Path) -> Path:
    """Return `path` as an empty folder, whatever was there."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path
