"""Two hosts on one machine: network namespaces with a cable between them that can be cut. Needs root and iproute2."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

# Nothing outside the two namespaces has or reaches these addresses, so several pairs may use the same.
ADDRESSES = "10.99.0.1", "10.99.0.2"

needs_namespaces = pytest.mark.skipif(
    shutil.which("ip") is None or getattr(os, "geteuid", lambda: 1)() != 0,
    reason="network namespaces need root and iproute2",
)


@dataclass(frozen=True)
class Host:
    """A network namespace. Its loopback is its own: 127.0.0.1 of one host is not that of the other.

    Attributes:
        name: of the namespace.
        address: of the host, which the other one reaches.
        interface: its end of the cable.
    """

    name: str
    address: str
    interface: str

    def command(self, *arguments: object) -> list[str]:
        """Return the command line that runs `arguments` on this host, with the same files, users and processes."""
        return ["ip", "netns", "exec", self.name, *map(str, arguments)]

    def run(self, *arguments: object, **options: Any) -> subprocess.CompletedProcess[Any]:
        """Run a command on this host to its end; `options` as for `subprocess.run`."""
        return subprocess.run(self.command(*arguments), check=False, **options)

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[Any]:
        """Start a command on this host; `options` as for `subprocess.Popen`. `two_hosts` kills what is left of it."""
        return subprocess.Popen(self.command(*arguments), **options)

    def cut(self) -> None:
        """Take the cable out: from now on packets in both directions are lost, and no connection is closed."""
        ip("-n", self.name, "link", "set", self.interface, "down")

    def reconnect(self) -> None:
        """Plug the cable in again."""
        ip("-n", self.name, "link", "set", self.interface, "up")

    def processes(self) -> list[int]:
        """Return the ids of all processes that run on this host."""
        return [int(number) for number in ip("netns", "pids", self.name).split()]


@contextmanager
def two_hosts() -> Iterator[tuple[Host, Host]]:
    """Yield two connected hosts; then kill everything that runs on them, and remove them."""
    number = os.getpid()
    hosts = [
        Host(f"lstmcli-{number}-{end}", address, f"l{number}{end}")
        for end, address in zip("ab", ADDRESSES, strict=True)
    ]
    first, second = hosts
    made = []
    try:
        for host in hosts:
            ip("netns", "add", host.name)
            made.append(host)
        ends = ("dev", first.interface), ("peer", "name", second.interface)
        ip("-n", first.name, "link", "add", *ends[0], "type", "veth", *ends[1], "netns", second.name)
        for host in hosts:
            ip("-n", host.name, "address", "add", f"{host.address}/24", "dev", host.interface)
            for interface in ("lo", host.interface):
                ip("-n", host.name, "link", "set", interface, "up")
        yield first, second
    finally:
        for host in made:
            for process in host.processes():
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            ip("netns", "delete", host.name)


def ip(*arguments: str) -> str:
    """Run `ip` and return what it prints."""
    completed = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if completed.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {completed.stderr.strip()}")
    return completed.stdout
