"""docs/understanding.md and the pictures that `make pictures` draws by running its commands."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from experiments import pictures
from tests.conftest import PROJECT

DOCUMENT = pictures.DOCUMENT.read_text(encoding="utf-8")


def test_every_picture_of_the_page_is_drawn_by_a_command_on_it() -> None:
    shown = set(re.findall(r"\]\((pictures/\S+\.svg)\)", DOCUMENT))
    drawn = {match for command in pictures.commands(DOCUMENT) for match in re.findall(r"--svg docs/(\S+)", command)}
    kept = {str(path.relative_to(PROJECT / "docs")) for path in (PROJECT / "docs" / "pictures").iterdir()}
    assert shown == drawn == kept
    for name in shown:
        ElementTree.parse(PROJECT / "docs" / name)


def test_commands_are_read_in_order_and_joined_where_a_line_goes_on() -> None:
    page = "```sh\nlstmcli a\n```\n`lstmcli b`\n```text\nlstmcli c\n```\n```bash\nls\nlstmcli d \\\n  --e\n```\n"
    assert [command.split() for command in pictures.commands(page)] == [["lstmcli", "a"], ["lstmcli", "d", "--e"]]


def test_only_a_training_that_has_finished_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "PROJECT", tmp_path)
    command = "lstmcli train --run-dir runs/x --set model.cell=rnn"
    assert not pictures.is_done(command)
    (tmp_path / "runs" / "x").mkdir(parents=True)
    (tmp_path / "runs" / "x" / "metrics.json").touch()
    assert pictures.is_done(command)
    assert not pictures.is_done("lstmcli inspect runs/x --text word")
