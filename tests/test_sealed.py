"""Folders with checksums: any damage is noticed before what is damaged is used, and nothing outside is read."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmcli.data.sealed import CHECKSUMS_FILE, MOST_BLOCKS, SMALLEST_BLOCK, SealedFolder, seal
from lstmcli.errors import DamagedFileError
from lstmcli.store.tables import Table

SIZE = 3 * SMALLEST_BLOCK + 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a").write_bytes(bytes(number % 251 for number in range(SIZE)))
    (tmp_path / "b.json").write_text('{"x": 1}')
    np.save(tmp_path / "table.npy", np.arange(2 * 500 * 7, dtype=np.float16).reshape(2, 500, 7))
    seal(tmp_path)
    return tmp_path


def flip(path: Path, place: int, bit: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)


def test_undamaged_files_are_read_as_they_are(folder: Path) -> None:
    sealed = SealedFolder(folder)
    assert sealed.names == ["a", "b.json", "table.npy"]
    assert sealed.read("a") == (folder / "a").read_bytes()
    assert sealed.read_json("b.json") == {"x": 1}
    sealed.check("table.npy")


@given(place=st.integers(0, SIZE - 1), bit=st.integers(0, 7))
def test_every_flipped_bit_is_noticed(tmp_path_factory: pytest.TempPathFactory, place: int, bit: int) -> None:
    folder = tmp_path_factory.mktemp("sealed")
    (folder / "a").write_bytes(bytes(SIZE))
    seal(folder)
    flip(folder / "a", place, bit)
    with pytest.raises(DamagedFileError, match="/a: is damaged: its content does not match its checksum"):
        SealedFolder(folder).read("a")


@pytest.mark.parametrize("size", [0, SIZE - 1, SIZE + 1, 10 * SIZE])
def test_another_size_is_noticed(folder: Path, size: int) -> None:
    os.truncate(folder / "a", size)
    for read in (SealedFolder(folder).read, SealedFolder(folder).check):
        with pytest.raises(DamagedFileError, match="/a: is damaged: it"):
            read("a")


def test_damage_to_the_checksums_never_hides_damage_to_a_file(folder: Path) -> None:
    flip(folder / "a", SIZE // 2)
    original = (folder / CHECKSUMS_FILE).read_bytes()
    for place in range(len(original)):
        flip(folder / CHECKSUMS_FILE, place, bit=place % 8)
        with pytest.raises(DamagedFileError):
            SealedFolder(folder).read("a")
        (folder / CHECKSUMS_FILE).write_bytes(original)


def test_only_the_blocks_that_are_read_are_checked(folder: Path) -> None:
    flip(folder / "a", 2 * SMALLEST_BLOCK + 5)
    mapped = SealedFolder(folder).map("a")
    mapped.check(0, 2 * SMALLEST_BLOCK)
    mapped.check(3 * SMALLEST_BLOCK, SIZE)
    for start, end in ((2 * SMALLEST_BLOCK - 1, 2 * SMALLEST_BLOCK + 1), (0, SIZE)):
        with pytest.raises(DamagedFileError):
            mapped.check(start, end)


@given(rows=st.lists(st.integers(0, 499), max_size=5), damaged=st.integers(0, 499), part=st.integers(0, 1))
def test_a_guard_refuses_exactly_the_rows_that_share_a_block_with_damage(
    tmp_path_factory: pytest.TempPathFactory, rows: list[int], damaged: int, part: int
) -> None:
    folder, row_bytes, header = tmp_path_factory.mktemp("sealed"), 14, 128
    np.save(folder / "table.npy", np.zeros((2, 500, 7), dtype=np.float16))
    seal(folder)
    places = [header + (500 * part + row) * row_bytes for row in range(500)]
    flip(folder / "table.npy", places[damaged])
    bad = places[damaged] // SMALLEST_BLOCK
    touched = {place // SMALLEST_BLOCK for row in rows for place in (places[row], places[row] + row_bytes - 1)}
    if bad == 0:  # with the header
        with pytest.raises(DamagedFileError):
            Table(SealedFolder(folder).map("table.npy"), np.float16, 3)
        return
    guard = Table(SealedFolder(folder).map("table.npy"), np.float16, 3).guard(part)
    if bad in touched:
        with pytest.raises(DamagedFileError, match="does not match its checksum"):
            guard(np.array(rows))
    else:
        guard(np.array(rows, dtype=np.int64))


def test_rows_longer_than_a_block_are_checked_whole(tmp_path: Path) -> None:
    np.save(tmp_path / "table.npy", np.zeros((3, 3 * SMALLEST_BLOCK), dtype=np.float16))
    seal(tmp_path)
    flip(tmp_path / "table.npy", 128 + 9 * SMALLEST_BLOCK)  # in the middle of row 1
    guard = Table(SealedFolder(tmp_path).map("table.npy"), np.float16, 2).guard()
    guard(np.array([0]))
    with pytest.raises(DamagedFileError):
        guard(np.array([1]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("is_sealed", [True, False])
def test_values_that_are_not_finite_are_refused_with_and_without_checksums(
    tmp_path: Path, value: float, is_sealed: bool
) -> None:
    table = np.zeros((2000, 7), dtype=np.float16)
    table[1500, 3] = value
    np.save(tmp_path / "table.npy", table)
    if is_sealed:
        seal(tmp_path)
    guard = Table(SealedFolder(tmp_path).map("table.npy"), np.float16, 2).guard()
    guard(np.arange(100))
    with pytest.raises(DamagedFileError, match="contains values that are not finite"):
        guard(np.array([1500]))


def test_large_files_have_few_blocks(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(MOST_BLOCKS * SMALLEST_BLOCK + 1)
    seal(tmp_path)
    sums = json.loads((tmp_path / CHECKSUMS_FILE).read_text())["files"]["large"]
    assert sums["block"] == 2 * SMALLEST_BLOCK
    assert len(sums["crc32"]) == MOST_BLOCKS // 2 + 1
    SealedFolder(tmp_path).check("large")


def test_a_file_that_was_added_is_not_read(folder: Path) -> None:
    (folder / "new").write_text("x")
    with pytest.raises(DamagedFileError, match=r"checksums\.json: is damaged: it has no checksum of new"):
        SealedFolder(folder).read("new")


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_only_regular_files_are_opened(folder: Path, make: Callable[[Path], None]) -> None:
    (folder / "a").unlink()
    make(folder / "a")
    for read in (SealedFolder(folder).read, SealedFolder(folder).map):
        with pytest.raises(DamagedFileError, match=r"/a: is (not a regular file|a link that leads out)"):
            read("a")


def test_links_may_not_leave_the_folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "a"
    (folder / "a").rename(elsewhere)
    (folder / "a").symlink_to(elsewhere)
    with pytest.raises(DamagedFileError, match="is a link that leads out of the run"):
        SealedFolder(folder).read("a")
    (folder / "a").unlink()
    elsewhere.rename(folder / "real")
    (folder / "a").symlink_to("real")
    assert len(SealedFolder(folder).read("a")) == SIZE


def test_a_folder_that_is_a_link_may_not_leave_the_run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = tmp_path_factory.mktemp("run")
    (run / "model").symlink_to(folder)
    with pytest.raises(DamagedFileError, match="is a link that leads out of the run"):
        SealedFolder(run / "model", within=run)
    SealedFolder(run / "model").check("a")  # a user may name a link


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"files": 5}', b'{"files": {"a": 1}}', b"[" * 100_000, b"\xff", b"NaN"]
)
def test_checksums_that_make_no_sense_are_damaged(folder: Path, content: bytes) -> None:
    (folder / CHECKSUMS_FILE).write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"checksums\.json: is damaged"):
        SealedFolder(folder).read("a")


@pytest.mark.parametrize("value", ["NaN", "Infinity", '{"x": -Infinity}', "[" * 100_000, "{", ""])
def test_json_from_strangers_is_refused_where_it_is_not_json(tmp_path: Path, value: str) -> None:
    (tmp_path / "b.json").write_text(value)
    with pytest.raises(DamagedFileError, match=r"b\.json: is damaged \("):
        SealedFolder(tmp_path).read_json("b.json")


def test_json_of_any_size_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "b.json").open("wb") as stream:
        stream.truncate(1 << 36)
    with pytest.raises(DamagedFileError, match=r"b\.json: is damaged: it has 68,719,476,736 bytes"):
        SealedFolder(tmp_path).read_json("b.json")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00v\x00" + b"(" * 118,
        b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (4, 4), }".ljust(127) + b"\n",
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f2', 'fortran_order': True, 'shape': (4, 4), }".ljust(127) + b"\n",
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f2', 'fortran_order': False, 'shape': (-5, 4), }".ljust(127) + b"\n",
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f2', 'fortran_order': False, 'shape': (0, 4), }".ljust(127) + b"\n",
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f2', 'fortran_order': False, 'shape': (99999999999, 9), }".ljust(127)
        + b"\n",
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }".ljust(127) + b"\n\0\0",
        b"PK\x03\x04" + bytes(200),
    ],
)
def test_a_table_with_an_odd_header_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "table.npy").write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"table\.npy: is damaged"):
        Table(SealedFolder(tmp_path).map("table.npy"), np.float16, 2)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content + b"\n",
        lambda content: content.rstrip(b"\n"),
        lambda content: content.replace(b": ", b":\t", 1),
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b'{"files"', b'{"files": {}, "files"', 1),
    ],
)
def test_checksums_have_only_one_form(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    (tmp_path / "a.txt").write_bytes(b"abc")
    seal(tmp_path)
    assert SealedFolder(tmp_path).read("a.txt") == b"abc"
    path = tmp_path / "checksums.json"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DamagedFileError, match="is damaged"):
        SealedFolder(tmp_path)
