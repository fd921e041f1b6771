"""Ray for tests: a small cluster on two hosts, and the processes of ours that it runs. Nothing outside is touched."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cluster.namespaces import Host
from tests.conftest import PROJECT

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray: pip install 'lstmcli[ray]'")

PORT = 6379
WORKING = b"ray::answer_part"

# Longer than anything here takes on a busy machine; only a test that fails waits for it.
SECONDS = 240.0

# After which a host that no longer answers is lost, instead of a minute and more.
QUICK = {
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_grpc_client_keepalive_time_ms": "10000",
    "RAY_grpc_client_keepalive_timeout_ms": "10000",
}


def wait_for(what: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    """Wait until `what` is true, or fail if `process` ends before."""
    give_up_at = time.monotonic() + SECONDS
    while not what():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def environment(**more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return {**own, "PYTHONPATH": str(PROJECT), "RAY_USAGE_STATS_ENABLED": "0", "COLUMNS": "200", **more}


def lstmcli(*arguments: object) -> list[str]:
    return [sys.executable, "-P", "-m", "lstmcli", *map(str, arguments)]


def working(above: int) -> list[int]:
    """Return the processes below `above` that are answering a part now."""
    return [number for number, line in descendants(above) if line.startswith(WORKING)]


def descendants(above: int) -> list[tuple[int, bytes]]:
    """Return all processes that process `above` has started, directly or not, with their command lines."""
    parents, lines = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            lines[int(folder.name)] = (folder / "cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
    found, latest = set(), {above}
    while latest:
        latest = {number for number, parent in parents.items() if parent in latest} - found
        found |= latest
    return [(number, lines[number]) for number in found if number in lines]


@contextmanager
def short_folder() -> Iterator[Path]:
    """Yield a folder with a path that is short enough for the sockets of Ray."""
    folder = Path(tempfile.mkdtemp(prefix="ray-x-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def ray_on(hosts: tuple[Host, Host]) -> Iterator[tuple[str, dict[str, str]]]:
    """Run Ray on both hosts, with one CPU each; yield its address and the environment of its programs.

    Whoever has the hosts ends what runs on them.
    """
    with short_folder() as folder:
        yield from _ray_in(folder, hosts)


def _ray_in(folder: Path, hosts: tuple[Host, Host]) -> Iterator[tuple[str, dict[str, str]]]:
    (folder / "home").mkdir()
    variables = environment(
        HOME=str(folder / "home"), RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="a-token-of-this-test" * 2, **QUICK
    )
    processes = []
    try:
        for host in hosts:
            processes.append(start_ray(host, folder, variables, at=hosts[0]))
        yield f"{hosts[0].address}:{PORT}", variables
    finally:
        for host in hosts:
            for number in host.processes():
                os.kill(number, 9)
        for process in processes:
            process.wait()


def start_ray(host: Host, folder: Path, variables: dict[str, str], at: Host) -> subprocess.Popen[bytes]:
    """Start Ray on a host, as a part of the cluster whose first host is `at`, and wait until it is there.

    Its files and its log are in `folder`.
    """
    ray = [str(Path(sys.executable).parent / "ray"), "start", f"--node-ip-address={host.address}", "--num-cpus=1"]
    ray += [f"--object-store-memory={200 << 20}", "--disable-usage-stats", "--block"]
    if host == at:
        ray += ["--head", f"--port={PORT}", "--include-dashboard=false", f"--temp-dir={folder}/a"]
    else:
        ray += [f"--address={at.address}:{PORT}"]
    path = folder / f"{host.name}.log"
    with path.open("w") as log:
        process = host.start(
            *ray, env={**variables, "GLOO_SOCKET_IFNAME": host.interface}, cwd=folder, stdout=log, stderr=log
        )
    wait_for(lambda: "--block" in path.read_text())
    return process
