"""A training on two hosts whose connection breaks."""

import subprocess
from pathlib import Path
from typing import Any

from tests.cluster.namespaces import Host, needs_namespaces, two_hosts
from tests.cluster.starting import TORCHRUN, environment, quick_training, wait_until
from tests.conftest import PROJECT

PORT = 29400


def start(host: Host, first: Host, log: Path, options: list[str]) -> subprocess.Popen[Any]:
    """Start the process of one host, as docs/scaling.md says."""
    with log.open("w") as stream:
        return host.start(
            *TORCHRUN,
            *("--nnodes", 2, "--nproc-per-node", 1, "--max-restarts", 3),
            *("--rdzv-backend", "c10d", "--rdzv-id", "test", "--rdzv-endpoint", f"{first.address}:{PORT}"),
            *("--rdzv-conf", f"is_host={int(host is first)}", "--local-addr", host.address),
            *("-m", "lstmcli", "train", *options),
            cwd=PROJECT,
            env=environment(GLOO_SOCKET_IFNAME=host.interface, LSTMCLI_PATIENCE="5"),
            stderr=stream,
        )


@needs_namespaces
def test_hosts_that_lose_each_other_say_so_and_go_on_when_they_are_connected_again(
    corpus: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    # More epochs than there is time for; the first host alone has files of the run.
    options = [*quick_training(corpus, "training.epochs=100000", "training.patience=100000"), "--run-dir", str(run)]
    logs = [tmp_path / "first.log", tmp_path / "second.log"]
    with two_hosts() as (first, second):
        started = [start(host, first, log, options) for host, log in zip((first, second), logs, strict=True)]
        wait_until(lambda: "epoch    2 of" in logs[0].read_text() or any(each.poll() is not None for each in started))
        first.cut()
        for log in logs:
            wait_until(lambda log=log: "lost contact with another process" in log.read_text())
        first.reconnect()
        wait_until(lambda: f"resume   {run}: from epoch" in logs[0].read_text())
        before = logs[0].read_text().rindex("resume ")
        wait_until(lambda: "epoch  " in logs[0].read_text()[before:].partition("\n")[2])
    for each in started:
        each.wait()
    assert "process 1 of 2 on " in logs[1].read_text()
    assert logs[1].read_text().count("epoch  ") == 0
