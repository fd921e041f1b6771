"""A few attacks of each kind; `make faults` tries thousands."""

import mmap
from pathlib import Path

import pytest

from tests.faults.attack import Outcome, forked, started, warm_up
from tests.faults.kills import kill_before
from tests.faults.records import count_csv, count_json_lines, count_lines
from tests.faults.runs import Material, difference, make_material, result_of
from tests.faults.suite import KINDS, faults, run_attacks

SEED = 1


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    warm_up()
    return make_material(tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_lost_let_in_or_wrong_without_a_word(kind: str, material: Material, tmp_path: Path) -> None:
    results = list(run_attacks(KINDS[kind].attacks(material, KINDS[kind].short, SEED), tmp_path))
    assert len(results) >= KINDS[kind].short / 2
    assert faults(results) == []


def test_a_forked_command_answers_as_one_that_users_start(material: Material, tmp_path: Path) -> None:
    commands = [
        ["predict", material.run, material.texts, "--probabilities"],
        ["predict", tmp_path / "missing", material.texts],
        ["verify", material.run, "--no-such-option"],
    ]
    for command in commands:
        alike = [(each.exit_code, each.stdout, each.stderr.splitlines()[-1:]) for each in _both(command)]
        assert alike[0] == alike[1]


def _both(command: list[object]) -> tuple[Outcome, Outcome]:
    return forked(*command), started(*command)


def test_the_attacks_are_noticed_when_a_result_changes(material: Material, tmp_path: Path) -> None:
    command = [*material.train(), "--run-dir", tmp_path / "run"]
    killed = forked(*command, prepare=kill_before(60, mmap.mmap(-1, 8)))
    assert killed.exit_code == -9
    assert difference(result_of(tmp_path / "run"), result_of(material.run))


@pytest.mark.parametrize(
    ("content", "lines", "records"),
    [
        (b"", 0, 0),
        (b"text\na\nb", 3, 2),
        (b'text,id\n"a\nb",1\n\n"c ""d""",2\n', 5, 2),
        (b'text\n"a', 2, None),
        (b"text\na\xff\n", None, None),
        (b"\xef\xbb\xbftext\r\na\r\n", 2, 1),
    ],
)
def test_records_are_counted_independently(content: bytes, lines: int | None, records: int | None) -> None:
    assert (count_lines(content), count_csv(content)) == (lines, records)


def test_blank_lines_are_no_json_records() -> None:
    assert count_json_lines(b'{"text": "a"}\n\n  \n{}') == 2
