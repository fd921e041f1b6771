"""Problems with texts that occur more than once, in one file or in two."""

import hashlib
import re
from collections.abc import Iterator, Sequence

from lstmcli.corpus.checks.problems import Problem, graded, of_rows
from lstmcli.corpus.checks.rows import CheckedRows

# From this share of the rows on, repeated texts are hardly natural.
MANY_REPEATED = 0.05
MANY_CONFLICTS = 0.02

# Overlap of this share of an evaluation file makes its scores worthless.
MUCH_OVERLAP = 0.2
SOME_OVERLAP = 0.01

_NO_LETTERS = re.compile(r"[\W\d_]+")

# Texts of fewer words have too few runs of SHINGLE_WORDS words to be compared by.
SHINGLE_WORDS = 3
LEAST_WORDS = 12
SKETCH_SIZE = 4
LEAST_SHARED = 0.8


def duplicate_problems(rows: CheckedRows) -> Iterator[Problem]:
    """Yield problems with texts that are repeated within a file."""
    groups = _groups(rows.keys)
    conflicts = [group for group in groups if len({rows.labels[row] for row in group}) > 1]
    lines = _lines(rows, conflicts)
    if lines:
        severity = graded(len(lines), len(rows), warning=MANY_CONFLICTS)
        what = f"{of_rows(len(lines), len(rows))} have a text that other rows give a different label"
        advice = "decide on one label, or drop them with data.conflicting_labels=drop"
        yield Problem("conflicting labels", severity, rows.name, what, advice, lines)
    repeated = [group[1:] for group in groups if len({rows.labels[row] for row in group}) == 1]
    lines = _lines(rows, repeated)
    if lines:
        severity = graded(len(lines), len(rows), warning=MANY_REPEATED)
        what = f"{of_rows(len(lines), len(rows))} repeat text and label of an earlier row"
        yield Problem(
            "duplicates", severity, rows.name, what, "delete them, unless they were meant to count twice", lines
        )
    near = near_duplicates(rows)
    lines = _lines(rows, near)
    if lines:
        severity = graded(len(lines), len(rows), warning=MANY_REPEATED)
        what = f"{of_rows(len(lines), len(rows))} have nearly the same text as an earlier row"
        advice = (
            "keep them in one split: give them the same value in a column and name it with data.group, or delete them"
        )
        yield Problem("near duplicates", severity, rows.name, what, advice, lines)


def overlap_problem(train: CheckedRows, other: CheckedRows, role: str) -> Problem | None:
    """Return the problem if texts of the training file are also in the file for validation or tests."""
    known = set(train.keys)
    lines = tuple(line for line, key in zip(other.lines, other.keys, strict=True) if key in known)
    if not lines:
        return None
    severity = graded(len(lines), len(other), warning=SOME_OVERLAP, error=MUCH_OVERLAP)
    what = f"{of_rows(len(lines), len(other))} for {role} have a text that is also in {train.name}"
    return Problem(
        "overlap", severity, other.name, what, "delete them from one of the files: scores on them are inflated", lines
    )


def near_duplicates(rows: CheckedRows) -> list[list[int]]:
    """Return later rows whose text nearly equals an earlier one, but not quite: one list for each kind of likeness.

    Texts are alike if they differ only in signs and digits, or if long ones share most runs of three words. The latter
    are found by their smallest hashes (Broder 1997, "On the resemblance and containment of documents").
    """
    first_rows = sorted({key: row for row, key in reversed(list(enumerate(rows.keys)))}.values())
    letters: dict[str, int] = {}
    sketches: dict[int, int] = {}
    found = []
    for row in first_rows:
        words = _NO_LETTERS.sub(" ", rows.texts[row].casefold()).split()
        plain = " ".join(words)
        if (len(words) > 1 and letters.setdefault(plain, row) != row) or (
            len(words) >= LEAST_WORDS and _is_resembling(row, words, sketches, rows.texts)
        ):
            found.append(row)
    return [found] if found else []


def _is_resembling(row: int, words: Sequence[str], sketches: dict[int, int], texts: Sequence[str]) -> bool:
    """Look whether an earlier text shares a smallest hash and most shingles with this one, and remember its hashes."""
    shingles = _shingles(words)
    smallest = sorted(shingles)[:SKETCH_SIZE]
    earlier = {sketches[each] for each in smallest if each in sketches}
    for each in smallest:
        sketches.setdefault(each, row)
    for other in earlier:
        others = _shingles(_NO_LETTERS.sub(" ", texts[other].casefold()).split())
        if len(shingles & others) >= LEAST_SHARED * len(shingles | others):
            return True
    return False


def _shingles(words: Sequence[str]) -> set[int]:
    """Return a hash of each run of words, the same in every process."""
    runs = zip(*(words[start:] for start in range(SHINGLE_WORDS)), strict=False)
    return {
        int.from_bytes(
            hashlib.blake2b(" ".join(run).encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"
        )
        for run in runs
    }


def _groups(keys: Sequence[int]) -> list[list[int]]:
    """Return the rows of each text that occurs more than once."""
    rows_of: dict[int, list[int]] = {}
    for row, key in enumerate(keys):
        rows_of.setdefault(key, []).append(row)
    return [rows for rows in rows_of.values() if len(rows) > 1]


def _lines(rows: CheckedRows, groups: Sequence[Sequence[int]]) -> tuple[int, ...]:
    return tuple(rows.lines[row] for row in sorted(row for group in groups for row in group))
