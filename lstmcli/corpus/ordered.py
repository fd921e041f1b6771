"""Labels in the order that the settings give, checked against the rows."""

from collections import Counter

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.label_names import clean_label
from lstmcli.corpus.label_set import LabelSet
from lstmcli.errors import DataError

MAX_NAMES_SHOWN = 5


def ordered_labels(settings: DataSettings) -> LabelSet:
    """Return the labels of `data.ordered`, from the lowest to the highest."""
    return LabelSet(tuple(map(clean_label, settings.ordered)), "single", is_ordered=True)


def check_ordered(examples: Examples, settings: DataSettings) -> None:
    """Check that the labels of these rows are those of `data.ordered`, if it is set: no others, and no fewer.

    Raises:
        DataError: they are not; one message has everything that is wrong.
    """
    if not settings.ordered:
        return
    names = ordered_labels(settings).names
    set_of_row, label_sets = examples.used_label_sets
    lines = examples.table["line"].to_numpy()
    counts, first_lines = Counter[str](), dict[str, int]()
    for number, line in zip(set_of_row.tolist(), lines.tolist(), strict=True):
        for name in label_sets[number]:
            counts[name] += 1
            first_lines.setdefault(name, line)
    soft = () if examples.soft is None else examples.soft.names
    unknown = sorted({*counts, *soft} - set(names))
    missing = [name for name in names if not counts[name] and name not in soft]
    problems = []
    if unknown:
        where = "item" if settings.train is None else "line"
        shown = [f"{name!r} ({where} {first_lines[name]:,})" if counts[name] else repr(name) for name in unknown]
        problems.append(
            f"data.ordered lacks {_listed(shown)}: put each label of the rows at its place in the order, or remove the "
            "rows."
        )
    if missing:
        problems.append(
            f"no row has {_listed(list(map(repr, missing)))} of data.ordered: remove what can't be learned from the "
            "list, or add rows."
        )
    if problems:
        order = f"data.ordered is {' < '.join(names)}."
        raise DataError(f"{examples.name}: {problems[0]}", *problems[1:], order)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMES_SHOWN:,} more" if len(names) > MAX_NAMES_SHOWN else ""
    return ", ".join(names[:MAX_NAMES_SHOWN]) + more
