"""`lstmcli check`: it finds each planted fault, with its lines, and says nothing about clean files."""

import json
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import PROJECT, feeling_rows, invoke, write_csv
from tests.test_architecture import loaded_modules

WORDS = """
the a we they old new small house garden river train music friend letter story summer winter morning evening
walked opened found called wrote about under after before with without always never people children water light
paper table window street city school doctor market bread coffee money work game team road bridge mountain sea
""".split()  # noqa: SIM905 (nobody would read them in quotes)
LABELS = ["joy", "anger", "sadness"]

Rows = list[list[str]]


def clean(num_rows: int = 240, *, seed: int = 1) -> Rows:
    """Distinct texts of common English words, whose labels nothing in them gives away."""
    draw = random.Random(seed)
    return [[" ".join(draw.sample(WORDS, 11)), LABELS[number % 3]] for number in range(num_rows)]


class Planted(NamedTuple):
    """A fault.

    Attributes:
        kind: that must be found.
        severity: that it must have.
        plant: changes clean rows in place, or returns other content of the file.
        config: beside `data.train`; None to check without one.
        lines: the first lines that must be named, if it is about lines.
    """

    kind: str
    severity: str
    plant: Callable[[Rows], str | bytes | None]
    config: str | None = None
    lines: Sequence[int] = ()


def at(change: Callable[[list[str]], object], *places: int) -> Callable[[Rows], None]:
    """Change the rows at these places; row n is in line n + 2."""

    def plant(rows: Rows) -> None:
        for place in places:
            change(rows[place])

    return plant


def label(name: str, *places: int) -> Callable[[Rows], None]:
    return at(lambda row: row.__setitem__(1, name), *places)


def text(content: str, *places: int) -> Callable[[Rows], None]:
    return at(lambda row: row.__setitem__(0, content), *places)


def every(change: Callable[[int, list[str]], object]) -> Callable[[Rows], None]:
    def plant(rows: Rows) -> None:
        for number, row in enumerate(rows):
            change(number, row)

    return plant


def as_csv(rows: Rows, *, delimiter: str = ",", header: str = "text,label") -> str:
    lines = [header.replace(",", delimiter), *(delimiter.join(row) for row in rows)]
    return "".join(f"{line}\n" for line in lines)


def with_line(line: str, place: int) -> Callable[[Rows], str]:
    def plant(rows: Rows) -> str:
        lines = as_csv(rows).splitlines()
        return "\n".join([*lines[: place - 1], line, *lines[place - 1 :]]) + "\n"

    return plant


def copied(rows: Rows, first: int, second: int) -> None:
    rows[second][:] = rows[first]


def lists(rows: Rows) -> str:
    return "".join(json.dumps({"text": words, "label": [name]}) + "\n" for words, name in rows)


def answers(rows: Rows, cell: Callable[[int], str]) -> str:
    table = [[words, str(number % 2), cell(number)] for number, (words, _) in enumerate(rows)]
    return as_csv(table, header="text,x,z")


TRAITS = "text: text, labels: [x, z]"
SAME = "Not a single one of these long sentences about the sea and the old bridge was ever written down by the people"


def foreign(_: int, row: list[str]) -> None:
    row[0] = " ".join(f"{word[::-1]}en" for word in row[0].split())


def one_word(number: int, row: list[str]) -> None:
    row[0] = row[0].split()[0] + "abcdefghijkl"[number % 12] + "mnopqrstuvwxyz"[number // 12 % 14] + "xyz"[number % 3]


FAULTS = {
    "another encoding": Planted(
        "encoding",
        "error",
        lambda rows: (
            text("café à la crème, là-bas", 3)(rows),
            as_csv([[f'"{row[0]}"', row[1]] for row in rows]).encode("cp1252"),
        )[1],
        "",
    ),
    "another delimiter": Planted("format", "error", lambda rows: as_csv(rows, delimiter=";"), ""),
    "a comma without quotes": Planted("malformed row", "warning", with_line("so, so glad,joy", 9), lines=[9]),
    "a header in the middle": Planted("repeated header", "warning", with_line("text,label", 30), lines=[30]),
    "a quote that is never closed": Planted("unreadable row", "error", with_line('"so glad,joy', 30), "", [30]),
    "no label": Planted("missing label", "warning", label("", 5, 8), lines=[7, 10]),
    "only white space": Planted("blank text", "warning", text(" \u200b ", 5), lines=[7]),
    "a yes/no cell that is neither": Planted(
        "invalid label",
        "error",
        lambda rows: answers(rows, lambda n: "often" if n == 4 else str(n // 2 % 2)),
        TRAITS,
        [6],
    ),
    "a list where one label is expected": Planted("invalid label", "error", lists, "", [1, 2]),
    "labels that differ in case": Planted("label spelling", "warning", label("Joy", *range(0, 30, 3))),
    "labels that differ in spaces": Planted(
        "label spelling",
        "warning",
        lambda rows: (label("no joy", *range(0, 30, 3))(rows), label("nojoy", *range(30, 60, 3))(rows))[0],
    ),
    "labels that differ in the form of a letter": Planted(
        "label spelling",
        "warning",
        lambda rows: (label("ﬁne", *range(0, 30, 3))(rows), label("fine", *range(30, 60, 3))(rows))[0],
    ),
    "a label with a letter too much": Planted("typing error", "warning", label("angerr", 4), lines=[6]),
    "a label with two letters swapped": Planted("typing error", "warning", label("sadenss", 5), lines=[7]),
    "NA as a label": Planted("label spelling", "warning", label("NA", *range(0, 30, 3))),
    "a label of two rows": Planted("rare label", "warning", label("wonder", 9, 12), lines=[11, 14]),
    "ids as labels": Planted(
        "too many labels", "error", every(lambda number, row: row.__setitem__(1, f"id{number}")), ""
    ),
    "a single label": Planted("one label", "error", every(lambda _, row: row.__setitem__(1, "joy")), ""),
    "a label of nearly all rows": Planted(
        "dominant label", "warning", every(lambda number, row: row.__setitem__(1, "no" if number % 40 else "yes")), ""
    ),
    "ages as labels": Planted(
        "numbers as labels", "warning", every(lambda number, row: row.__setitem__(1, str(18 + number % 30))), ""
    ),
    "a separator that was forgotten": Planted("joined labels", "warning", label("anger|joy", *range(0, 30, 3)), ""),
    "a constant answer": Planted("constant answer", "error", lambda rows: answers(rows, lambda _: "1"), TRAITS),
    "an answer of two rows": Planted(
        "rare label", "warning", lambda rows: answers(rows, lambda n: str(int(n < 2))), TRAITS
    ),
    "UTF-8 that was read as cp1252": Planted(
        "mojibake", "warning", text("we were at the cafÃ© and it wasnâ€™t open", 3, 9, 12), lines=[5]
    ),
    "HTML": Planted(
        "markup",
        "warning",
        every(lambda number, row: row.__setitem__(0, row[0] + " &amp; more") if number % 30 == 0 else None),
        lines=[2, 32],
    ),
    "ids as texts": Planted("number or id", "error", every(lambda number, row: row.__setitem__(0, f"{number:08}")), ""),
    "some numbers as texts": Planted("number or id", "warning", text("4,5", 3, 9, 12), lines=[5, 11, 14]),
    "texts longer than what is read": Planted(
        "cut texts", "warning", lambda _: None, "tokenizer: {max_tokens: 8}", [2, 3]
    ),
    "texts of one word": Planted("single words", "warning", every(one_word), ""),
    "another language": Planted(
        "language",
        "note",
        every(foreign),
    ),
    "another language with the English start": Planted(
        "language",
        "error",
        every(foreign),
        "model: {pretrained: english}",
    ),
    "a row twice": Planted("duplicates", "note", lambda rows: copied(rows, 4, 40), lines=[42]),
    "many rows twice": Planted(
        "duplicates", "warning", lambda rows: [copied(rows, n, n + 60) for n in range(40)] and None, lines=[62, 63]
    ),
    "a text with other signs": Planted(
        "near duplicates",
        "note",
        lambda rows: text(rows[3][0].upper().replace(" ", ", ", 1).replace(",", " -") + "!", 90)(rows),
        lines=[92],
    ),
    "a long text with another word": Planted(
        "near duplicates",
        "note",
        lambda rows: (text(SAME, 10)(rows), text(SAME.replace("Not a single", "Not one single"), 90)(rows))[0],
        lines=[92],
    ),
    "a text with two labels": Planted(
        "conflicting labels", "note", lambda rows: rows[40].__setitem__(0, rows[42][0].upper()), lines=[42, 44]
    ),
    "many texts with two labels": Planted(
        "conflicting labels",
        "warning",
        lambda rows: [rows[n + 1].__setitem__(0, rows[n][0]) for n in range(0, 20, 2)] and None,
        lines=[2, 3],
    ),
    "a word that gives a label away": Planted(
        "leak",
        "warning",
        every(lambda number, row: row.__setitem__(0, f"{row[0]} survey{number % 3}") if number % 3 == 1 else None),
        lines=[3, 6],
    ),
    "a label's own name": Planted(
        "leak",
        "warning",
        every(lambda number, row: row.__setitem__(0, f"{row[0]} joy") if number % 6 == 0 else None),
        lines=[2, 8],
    ),
    "a link in one label": Planted(
        "leak",
        "warning",
        every(lambda number, row: row.__setitem__(0, f"{row[0]} https://a.org/{number}") if number % 3 == 2 else None),
        lines=[4, 7],
    ),
}


def write(folder: Path, content: Rows | str | bytes, name: str = "train.csv") -> Path:
    path = folder / name
    if isinstance(content, list):
        return write_csv(path, ["text", "label"], content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def write_config(folder: Path, settings: str) -> Path:
    """A config with the sections or the keys of `data` in `settings`."""
    path = folder / "config.yaml"
    is_sections = settings.startswith(("tokenizer:", "model:"))
    path.write_text(settings if is_sections else f"data: {{{settings}}}")
    return path


def checked(path: Path, *options: object) -> tuple[int, list[dict[str, Any]]]:
    result = invoke("check", path, "--json", *options)
    assert result.exit_code in {0, 4}, result.stderr
    return result.exit_code, json.loads(result.stdout)["problems"]


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_with_its_severity_and_lines(tmp_path: Path, name: str) -> None:
    fault, rows = FAULTS[name], clean()
    content = fault.plant(rows)
    is_jsonl = isinstance(content, str) and content.startswith("{")
    path = write(tmp_path, rows if content is None else content, "train.jsonl" if is_jsonl else "train.csv")
    options = [] if fault.config is None else ["--config", write_config(tmp_path, fault.config)]
    code, problems = checked(path, *options)
    found = [problem for problem in problems if problem["kind"] == fault.kind]
    assert [problem["severity"] for problem in found] == [fault.severity], problems
    assert list(fault.lines) == found[0]["lines"][: len(fault.lines)]
    assert code == (4 if any(problem["severity"] == "error" for problem in problems) else 0)
    assert found[0]["advice"]


def test_clean_files_get_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, clean())
    result = invoke("check", path, "--strict")
    assert (result.exit_code, result.stdout) == (0, f"{path}: 240 rows, 3 labels: nothing found\n")


@pytest.mark.parametrize("name", ["emotion/train.csv", "personality/train.csv"])
def test_the_sample_corpora_are_clean_with_their_other_splits(name: str) -> None:
    assert checked(PROJECT / "data" / name) == (0, [])


@pytest.mark.parametrize(
    ("roles", "kind", "where"),
    [
        (("train.csv", "validation.csv"), "overlap", "validation.csv"),
        (("train.csv", "test.csv"), "overlap", "test.csv"),
        (("validation.csv", "test.csv"), "overlap", "test.csv"),
    ],
)
def test_overlap_between_files_is_found(tmp_path: Path, roles: tuple[str, str], kind: str, where: str) -> None:
    files = {name: clean(90, seed=number) for number, name in enumerate(("train.csv", "validation.csv", "test.csv"))}
    files[roles[1]][7][0] = files[roles[0]][3][0].upper()
    for name, rows in files.items():
        write(tmp_path, rows, name)
    _, problems = checked(tmp_path / "train.csv")
    assert [(each["kind"], each["where"], each["lines"]) for each in problems] == [(kind, str(tmp_path / where), [9])]
    assert problems[0]["severity"] == "warning"


def test_much_overlap_is_an_error_and_unknown_labels_are_found(tmp_path: Path) -> None:
    train, validation = clean(90), clean(30, seed=2)
    validation[3][1] = "wonder"
    write(tmp_path, train)
    write(tmp_path, validation[:20] + train[:10], "other.csv")
    config = write_config(tmp_path, f"validation: {tmp_path / 'other.csv'}")
    code, problems = checked(tmp_path / "train.csv", "--config", config)
    assert code == 4
    found = {each["kind"]: (each["severity"], each["lines"]) for each in problems}
    assert found == {"overlap": ("error", list(range(22, 32))), "unknown label": ("warning", [5])}


def test_warnings_count_only_when_strict(tmp_path: Path) -> None:
    rows = clean()
    rows[4][1] = "angerr"
    path = write(tmp_path, rows)
    assert invoke("check", path).exit_code == 0
    assert invoke("check", path, "--strict").exit_code == 4


def test_the_report_fits_80_columns_and_says_where_what_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = clean()
    rows[4][1] = "angerr"
    write(tmp_path, rows)
    lines = invoke("check", "train.csv").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    said = " ".join(" ".join(lines).split())
    assert "column 'label': label 'angerr' (1 row) looks like a typing error of 'anger' (79 rows) line 6 ->" in said


def test_what_cannot_be_checked_is_one_message(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "gone.csv", "no such file"), (tmp_path, "is a folder")):
        result = invoke("check", path)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
        assert words in result.stderr
    path = write(tmp_path, clean())
    both = invoke("check", path, "--config", write_config(tmp_path, ""), "--against", tmp_path)
    assert (both.exit_code, "can't be combined" in both.stderr) == (2, True)


def kinds(path: Path, run: Path) -> tuple[int, dict[str, str]]:
    code, problems = checked(path, "--against", run)
    return code, {problem["kind"]: problem["severity"] for problem in problems}


def test_rows_like_those_of_the_training_do_not_drift(tmp_path: Path, run_directory: Path) -> None:
    path = write(tmp_path, [list(row) for row in feeling_rows(10, offset=500)])
    code, found = kinds(path, run_directory)
    assert code == 0
    assert not {kind for kind in found if kind.startswith(("drift", "seen", "unknown"))}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda words, name: (f"{words} {words} {words}", name), "drift of length"),
        (lambda words, name: (words[::-1], name), "drift of words"),
        (lambda words, name: (words, "joy" if name == "anger" else name), "drift of labels"),
        (lambda words, name: (words, "bliss" if name == "joy" else name), "unknown label"),
    ],
    ids=["length", "words", "labels", "names"],
)
def test_drift_is_an_error(
    tmp_path: Path, run_directory: Path, change: Callable[[str, str], tuple[str, str]], kind: str
) -> None:
    path = write(tmp_path, [list(change(*row)) for row in feeling_rows(10, offset=500)])
    code, found = kinds(path, run_directory)
    assert (code, found.get(kind)) == (4, "error")


def test_texts_of_the_training_are_recognised_and_labels_are_not_needed(tmp_path: Path, run_directory: Path) -> None:
    texts = [words for words, _ in feeling_rows(4)]  # the first rows of the training file
    path = write_csv(tmp_path / "new.csv", ["id", "text"], [[str(number), each] for number, each in enumerate(texts)])
    code, found = kinds(path, run_directory)
    assert (code, found.get("seen in training")) == (0, "warning")


def test_a_run_of_an_older_release_says_what_is_not_compared(tmp_path: Path, run_directory: Path) -> None:
    run = Path(shutil.copytree(run_directory, tmp_path / "run"))
    metrics = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps({**metrics, "median_tokens": None, "unknown_words": None}))
    path = write(tmp_path, [[f"{words} {words}", name] for words, name in feeling_rows(10, offset=500)])
    code, problems = checked(path, "--against", run)
    (note,) = (problem for problem in problems if problem["kind"] == "not compared")
    assert (code, note["severity"]) == (0, "note")
    assert note["what"] == "the run does not say how long its texts were, how many words were unknown in new ones"


def test_check_does_not_load_torch(tmp_path: Path, run_directory: Path) -> None:
    path = write(tmp_path, clean())
    code = "from lstmcli.cli.main import app; app()"
    for options in ([], ["--against", str(run_directory)]):
        modules = loaded_modules(code, "check", str(path), *options)
        assert "lstmcli.corpus.checks.rows" in modules
        assert not modules & {"torch", "sklearn", "rich"}
