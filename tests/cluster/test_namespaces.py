"""The hosts that the other tests of this folder run on."""

import sys

from tests.cluster.namespaces import ip, needs_namespaces, two_hosts

ANSWER = """
import socket, sys
with socket.create_server((sys.argv[1], 0)) as server:
    print(server.getsockname()[1], flush=True)
    server.accept()[0].sendall(b"here")
"""
ASK = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3])) as connection:
    print(connection.recv(4).decode())
"""


@needs_namespaces
def test_two_hosts_reach_each_other_until_the_cable_is_cut() -> None:
    with two_hosts() as (first, second):
        server = first.start(sys.executable, "-c", ANSWER, first.address, stdout=-1, text=True)
        port = server.stdout.readline().strip()
        second.cut()
        assert second.run(sys.executable, "-c", ASK, first.address, port, 0.1, capture_output=True).returncode != 0
        second.reconnect()
        answer = second.run(sys.executable, "-c", ASK, first.address, port, 60, capture_output=True, text=True)
        assert answer.stdout == "here\n"
        assert server.wait() == 0
        server.stdout.close()
    assert first.name not in ip("netns", "list")
