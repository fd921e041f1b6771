"""Problems with labels: their balance, their spelling, and cells that hold several."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from lstmcli.config.model_settings import DataSettings, label_kind
from lstmcli.corpus.checks.problems import Problem, some
from lstmcli.corpus.checks.rows import CheckedRows
from lstmcli.corpus.labels import MANY_LABELS, separator_notes, spelling_notes
from lstmcli.errors import counted

# A label with fewer rows can be neither learned nor measured.
FEW_ROWS = 5

# A label with more of the rows leaves nothing to learn for the others.
DOMINANT = 0.95

# Numbers with more values than this are measurements.
MANY_NUMBERS = 20

# A typing error is rarer than the right spelling by this factor, and no shorter than this.
RARER = 10
LEAST_CHARACTERS = 4


def label_problems(rows: CheckedRows, settings: DataSettings) -> Iterator[Problem]:
    """Yield what is wrong with the labels of training rows."""
    counts = Counter(name for names in rows.labels for name in names)
    kind = label_kind(settings)
    if kind == "scores":  # whose cells are all that can be wrong
        return
    column = ", ".join(settings.labels) or settings.label
    where = f"{rows.name}, column {column!r}" if not settings.labels else f"{rows.name}, yes/no columns"
    if kind == "traits":
        yield from _trait_problems(counts, len(rows), settings.labels, where)
        return
    names = sorted(counts)
    fatal = _fatal(counts, rows, kind == "multi", where)
    if fatal is not None:
        yield fatal
        return
    if kind == "single":
        for note in separator_notes(names):
            what, _, advice = note.partition("; ")
            yield Problem("joined labels", "warning", where, what, advice)
    for note in spelling_notes(names):
        what, _, advice = note.partition("; ")
        yield Problem("label spelling", "warning", where, what, advice)
    yield from _typing_errors(counts, rows, where)
    yield from _balance(counts, rows, where)


def _fatal(counts: Counter[str], rows: CheckedRows, is_multi: bool, where: str) -> Problem | None:
    """Return the problem for which a training would not start."""
    num_labels = len(counts)
    if num_labels > max(MANY_LABELS, len(rows) / 2):
        advice = "choose another column with --label (data.label)"
        return Problem(
            "too many labels", "error", where, f"{num_labels:,} different labels in {len(rows):,} rows", advice
        )
    if num_labels < 2 and not (is_multi and not all(rows.labels)):
        what = f"only the label {next(iter(counts))!r}" if counts else "no labels"
        advice = "a classifier needs at least two; choose another column, or add rows"
        return Problem("one label", "error", where, what, advice)
    return None


def _trait_problems(counts: Counter[str], num_rows: int, columns: Sequence[str], where: str) -> Iterator[Problem]:
    constant = [name for name in columns if counts[name] in {0, num_rows}]
    if constant:
        what = f"every row has the same answer in {some(constant)}"
        yield Problem("constant answer", "error", where, what, "remove the column from data.labels")
    rare = [name for name in columns if name not in constant and min(counts[name], num_rows - counts[name]) < FEW_ROWS]
    if rare:
        what = f"fewer than {FEW_ROWS} rows with one of the answers in {some(rare)}"
        yield Problem("rare label", "warning", where, what, "remove the column from data.labels, or add rows")


def _balance(counts: Counter[str], rows: CheckedRows, where: str) -> Iterator[Problem]:
    rare = sorted((name for name, count in counts.items() if count < FEW_ROWS), key=lambda name: counts[name])
    if rare:
        shown = some([f"{name} ({counts[name]})" for name in rare])
        what = f"{counted(len(rare), 'label')} with fewer than {FEW_ROWS} rows: {shown}"
        lines = tuple(_lines_of(rows, set(rare)))
        yield Problem("rare label", "warning", where, what, "merge them with others, add rows, or delete them", lines)
    name, count = counts.most_common(1)[0]
    if count / len(rows) > DOMINANT:
        what = f"{count / len(rows):.1%} of the rows have the label {name!r}"
        yield Problem(
            "dominant label", "warning", where, what, "add rows of the others; judge by macro-F1, not accuracy"
        )
    numbers = [name for name in counts if re.fullmatch(r"-?\d+(?:[.,]\d+)?", name)]
    if len(numbers) > max(MANY_NUMBERS, 0.9 * len(counts) - 1):
        what = (
            f"{len(numbers)} different numbers, such as {some(numbers, 3)}, each of which would be a class of its own"
        )
        yield Problem(
            "numbers as labels", "warning", where, what, "choose another column, or cut the scale into a few levels"
        )


def _lines_of(rows: CheckedRows, names: set[str]) -> Iterator[int]:
    return (line for line, own in zip(rows.lines, rows.labels, strict=True) if not names.isdisjoint(own))


def _typing_errors(counts: Counter[str], rows: CheckedRows, where: str) -> Iterator[Problem]:
    """Yield rare labels that are one typing error away from a frequent one."""
    by_variant: dict[str, list[str]] = {}
    for name in counts:
        for variant in _deletions(name.casefold()):
            by_variant.setdefault(variant, []).append(name)
    for name, count in sorted(counts.items()):
        near = {other for variant in _deletions(name.casefold()) for other in by_variant[variant]} - {name}
        right = [
            other for other in near if counts[other] >= RARER * count and _one_error(name.casefold(), other.casefold())
        ]
        if right and len(name) >= LEAST_CHARACTERS:
            best = max(right, key=counts.__getitem__)
            of = f"{best!r} ({counts[best]:,} rows)"
            what = f"label {name!r} ({counted(count, 'row')}) looks like a typing error of {of}"
            advice = "correct it in the file if it is one"
            yield Problem("typing error", "warning", where, what, advice, tuple(_lines_of(rows, {name})))


def _deletions(name: str) -> set[str]:
    """Return the word, and the word without each of its characters: words with one error between share one of them."""
    return {name, *(name[:at] + name[at + 1 :] for at in range(len(name)))}


def _one_error(first: str, second: str) -> bool:
    """Whether two different words differ in one character, one more or less, or two neighbours that changed places."""
    if first == second or abs(len(first) - len(second)) > 1:
        return False
    start = next(
        (at for at, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]),
        min(len(first), len(second)),
    )
    one, other = first[start:], second[start:]
    if len(one) != len(other):
        return one[1:] == other or other[1:] == one
    return (one[1:] == other[1:] and not (one[0] + other[0]).isdigit()) or (
        one[:2] == other[:2][::-1] and one[2:] == other[2:]
    )
