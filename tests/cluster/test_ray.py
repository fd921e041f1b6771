"""Prediction on Ray: a process is killed, a host is lost, a user presses Ctrl-C, and no row is lost or repeated."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.namespaces import needs_namespaces, two_hosts
from tests.cluster.ray_processes import environment, lstmcli, needs_ray, ray_on, short_folder, wait_for, working
from tests.conftest import PROJECT, TEXTS, write_csv

NUM_ROWS = int(os.environ.get("LSTMCLI_CLUSTER_ROWS", "50000"))

# What a script in the folder of the data would do, if anything imported it.
TRAP = "open({path!r}, 'a').close()\nraise ImportError('imported from the folder of the data')\n"


@pytest.fixture
def data(folder: Path) -> Path:
    rows = [[str(number), f"{TEXTS[number % len(TEXTS)]} {number}"] for number in range(NUM_ROWS)]
    write_csv(folder / "rows.csv", ["id", "text"], rows)
    for name in ("json.py", "numpy.py", "ray.py", "lstmcli.py"):
        (folder / name).write_text(TRAP.format(path=str(folder / "imported")))
    return folder


def start(data: Path, *arguments: object, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    command = lstmcli("predict", "RUN", "rows.csv", "--engine", "ray", "--output", "out", *arguments)
    return subprocess.Popen(
        command, cwd=data, env=env or environment(), text=True, stdout=-1, stderr=-1, start_new_session=True
    )


def run(data: Path, *arguments: object) -> None:
    subprocess.run(lstmcli(*arguments), cwd=data, env=environment(), check=True, capture_output=True)


def check(data: Path) -> None:
    """The parts together are what one command writes, to the byte, and each row is in one of them."""
    run(data, "predict", "RUN", "rows.csv", "--output", "whole.csv")
    run(data, "join", "out", "--output", "joined.csv")
    assert (data / "joined.csv").read_bytes() == (data / "whole.csv").read_bytes()
    facts = json.loads((data / "out" / "manifest.json").read_text())
    assert facts["rows"] == facts["written_rows"] == NUM_ROWS
    assert not list((data / "out").glob(".*"))
    assert not (data / "imported").exists()


@needs_ray
def test_a_worker_that_is_killed_loses_no_row(data: Path) -> None:
    process = start(data, "--parts", "6", "--ray-address", "local")
    wait_for(lambda: list(data.glob("out/.part-*")) and working(process.pid), process)
    os.kill(working(process.pid)[0], signal.SIGKILL)
    output, messages = process.communicate()
    assert process.returncode == 0, messages
    assert (output, messages) == ("", "")  # Ray's own messages are kept from the terminal
    check(data)


@needs_ray
def test_after_ctrl_c_the_rest_is_done_with_resume(data: Path) -> None:
    process = start(data, "--parts", "12", "--ray-address", "local")
    wait_for(lambda: list(data.glob("out/*.shard.json")), process)
    os.killpg(process.pid, signal.SIGINT)
    _, messages = process.communicate()
    assert process.returncode == 130
    assert messages.startswith("error: interrupted; ")
    assert messages.endswith("; the same command with --resume goes on.\n")
    assert messages.count("\n") == 1
    finished = {path: path.stat().st_mtime_ns for path in data.glob("out/part-*.csv")}
    assert 0 < len(finished) < 12
    process = start(data, "--parts", "12", "--ray-address", "local", "--resume")
    assert process.wait() == 0, process.communicate()
    process.communicate()
    again = [path.name for path, changed_at in finished.items() if path.stat().st_mtime_ns != changed_at]
    assert len(again) <= 2  # whose workers were ended before they could say that they had finished
    check(data)


@needs_ray
@needs_namespaces
@pytest.mark.parametrize("how", ["killed", "cut off"])
def test_the_loss_of_a_host_loses_no_row(data: Path, how: str) -> None:
    with two_hosts() as hosts, ray_on(hosts) as (address, variables):
        first, second = hosts
        command = lstmcli("predict", "RUN", "rows.csv", "--engine", "ray", "--ray-address", address)
        command += ["--parts", "8", "--output", "out"]
        process = first.start(*command, cwd=data, env=variables, text=True, stdout=-1, stderr=-1)
        wait_for(lambda: any(b"ray::answer_part" in _line(number) for number in second.processes()), process)
        if how == "killed":
            for number in second.processes():
                os.kill(number, signal.SIGKILL)
        else:
            second.cut()
        output, messages = process.communicate()
        assert process.returncode == 0, messages
        assert (output, messages) == ("", "")
    check(data)


def _line(number: int) -> bytes:
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return b""


@needs_ray
def test_a_cluster_that_isnt_there_is_one_line(data: Path) -> None:
    process = start(data, "--ray-address", "127.0.0.1:9")
    _, messages = process.communicate()
    assert process.returncode == 1
    assert messages.startswith("error: --ray-address 127.0.0.1:9: can't be reached (")
    assert messages.count("\n") == 1


# Each host has its own processes, as others would be taken for a Ray that is started already.
SRUN = """#!{python}
import subprocess, sys
alone = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
programs = [subprocess.Popen(["ip", "netns", "exec", host, *alone, *sys.argv[1:]]) for host in {hosts!r}]
sys.exit(max(program.wait() for program in programs))
"""


@needs_ray
@needs_namespaces
def test_the_script_for_slurm_runs_on_both_hosts(data: Path) -> None:
    page = (PROJECT / "docs" / "cluster.md").read_text(encoding="utf-8")
    script = re.findall(r"<<'EOF'\n(.*?)\nEOF", page, re.DOTALL)[0].replace("comments.csv", "rows.csv")
    (data / "runs").mkdir()
    (data / "runs" / "demo").symlink_to(data / "RUN")
    with two_hosts() as hosts, short_folder() as tools:
        stand_in(tools / "srun", SRUN.format(python=sys.executable, hosts=[host.name for host in hosts]))
        stand_in(tools / "scontrol", f"#!/bin/sh\nprintf '%s\\n' {hosts[0].address} {hosts[1].address}\n")
        stand_in(tools / "lstmcli", f'#!/bin/sh\nexec "{sys.executable}" -P -m lstmcli "$@"\n')
        path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
        slurm = {"SLURM_JOB_NODELIST": "a,b", "SLURM_JOB_NUM_NODES": "2", "SLURM_CPUS_PER_TASK": "1"}
        variables = environment(PATH=path, HOME=str(tools), TMPDIR=str(tools), RAY_TMPDIR=str(tools), **slurm)
        done = subprocess.run(
            ["bash", "-c", script.replace("--output labelled", "--output out --parts 4")],
            cwd=data,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    check(data)


def stand_in(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")
    path.chmod(0o755)
