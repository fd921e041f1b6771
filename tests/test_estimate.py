"""`lstmcli predict --estimate`: counts that can be checked, and how costs are inferred from what was measured."""

from dataclasses import replace
from pathlib import Path

import pytest

from lstmcli.inference.cost import Cost
from lstmcli.recipes.bulk import estimate
from lstmcli.reports.cost import cost_lines, duration, size
from tests.conftest import TEXTS, invoke, write_csv

COST = Cost(
    rows=1_000_000,
    is_exact=False,
    sample_rows=18_432,
    start_seconds=1.0,
    read_seconds=2e-6,
    own_seconds=10e-6,
    predict_seconds=40e-6,
    spread=0.03,
    memory_bytes=90_000_000,
    output_bytes=120_000_000,
    num_cores=4,
)


@pytest.fixture
def rows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(estimate, "BLOCK_ROWS", 8)
    monkeypatch.setattr(estimate, "SAMPLE_BLOCKS", 2)
    texts = [TEXTS[number % len(TEXTS)] for number in range(20_000)]
    return write_csv(folder / "rows.csv", ["id", "text"], [[f"{number:05}", text] for number, text in enumerate(texts)])


def measured(folder: Path, *arguments: object) -> dict[str, str]:
    result = invoke("predict", folder / "RUN", *arguments, "--estimate")
    assert result.exit_code == 0, result.stderr
    return {line[:9].strip(): line[9:] for line in result.stdout.splitlines()}


def test_rows_that_were_all_read_are_counted_with_the_bytes_of_their_output(folder: Path) -> None:
    output = invoke("predict", folder / "RUN", folder / "in.csv").stdout_bytes
    found = measured(folder, folder / "in.csv")
    assert found["rows"] == f"{len(TEXTS)}"
    assert found["output"] == f"{size(len(output))} before compression"


def test_the_number_of_rows_is_inferred_from_bytes_once_some_were_read(
    rows: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lstmcli.data import lines

    monkeypatch.setattr(lines, "CHUNK_BYTES", 100)
    found = measured(folder, rows)
    number = int(found["rows"].split()[1].replace(",", ""))
    assert "by the bytes of the first 24)" in found["rows"]
    assert number == pytest.approx(20_000, rel=0.05)


def test_nothing_is_written(rows: Path, folder: Path) -> None:
    before = sorted(folder.iterdir())
    measured(folder, rows, "--output", folder / "out.csv", "--jobs", "2")
    assert sorted(folder.iterdir()) == before


def test_no_line_is_wider_than_a_terminal() -> None:
    for spread, cores in ((None, 1), (0.03, 4)):
        lines = cost_lines(replace(COST, spread=spread, num_cores=cores)).splitlines()
        assert max(map(len, lines)) <= 80, max(lines, key=len)


def test_processes_share_what_is_computed_and_hosts_share_rows() -> None:
    assert COST.cpu_seconds() == pytest.approx(51.0)
    assert COST.wall_seconds(1) == pytest.approx(51.0)
    assert COST.wall_seconds(2) == pytest.approx(21.0)
    assert COST.wall_seconds(4) == pytest.approx(1.0 + 50.0 / 4)  # four cores, five processes
    assert COST.wall_seconds(100) == pytest.approx(1.0 + 50.0 / 4)
    of_ten = 1.0 + (1e5 * 10e-6 + 9e5 * 2e-6 + 1e5 * 40e-6) / 4
    assert COST.wall_seconds(4, hosts=10) == pytest.approx(max(of_ten, 1.0 + 1.0 + 1.8))


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.04, "0.0 s"), (89.0, "89.0 s"), (120.0, "2.0 min"), (7200.0, "2.0 h"), (1e6, "11.6 days")]
)
def test_durations_are_in_units_for_people(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-"], "--estimate: needs files, since a pipe can be read only once."),
        (["in.csv", "--by", "id"], "--estimate: can't be combined with --by."),
    ],
)
def test_what_cannot_be_estimated_is_wrong_usage(folder: Path, arguments: list[str], message: str) -> None:
    path = [str(folder / word) if word == "in.csv" else word for word in arguments]
    result = invoke("predict", folder / "RUN", *path, "--estimate")
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
