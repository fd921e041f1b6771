"""docs/cluster.md: its files are what SLURM, Kubernetes and Ray expect, as far as can be told without them."""

import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from typer.main import get_command

from lstmcli.cli.main import app
from tests.conftest import PROJECT, TEXTS

PAGE = (PROJECT / "docs" / "cluster.md").read_text(encoding="utf-8")


def documents() -> list[Any]:
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def check_command(words: list[str]) -> dict[str, Any]:
    """Return the options of a call of the tool, as the tool reads them."""
    assert words[:2] == ["lstmcli", "predict"]
    command = get_command(app).commands["predict"]  # type: ignore[attr-defined]
    return dict(command.make_context("predict", words[2:]).params)


def test_the_job_of_kubernetes_runs_a_command_that_the_tool_accepts() -> None:
    job = next(each for each in documents() if each.get("kind") == "RayJob")
    assert job["apiVersion"] == "ray.io/v1"
    options = check_command(shlex.split(job["spec"]["entrypoint"]))
    assert options["engine"] == "ray"
    groups = [job["spec"]["rayClusterSpec"]["headGroupSpec"], *job["spec"]["rayClusterSpec"]["workerGroupSpecs"]]
    for group in groups:
        assert {"rayStartParams", "template"} <= group.keys()
        pod = group["template"]["spec"]
        (container,) = pod["containers"]
        assert container["resources"]["limits"] == container["resources"]["requests"]  # from which Ray counts CPUs
        places = [mount["mountPath"] for mount in container["volumeMounts"]]
        assert [volume["name"] for volume in pod["volumes"]] == [mount["name"] for mount in container["volumeMounts"]]
        assert all(path.startswith(tuple(places)) for path in (str(options["run"]), options["output"]))


@pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray: pip install 'lstmcli[ray]'")
def test_ray_accepts_the_description_of_a_cluster() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = next(each for each in documents() if "cluster_name" in each)
    validate_config(prepare_config(config))


def test_the_actors_of_ray_data_answer_as_the_tool_does(run_directory: Path) -> None:
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], names)
    batch = {"text": np.array([*TEXTS, None], dtype=object)}
    found = names["Predict"](str(run_directory))(batch)["prediction"]
    assert list(found) == list(names["lstmcli"].load(str(run_directory)).predict([*TEXTS, ""]))
