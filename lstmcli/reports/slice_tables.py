"""The table of a model's scores on parts of the rows."""

from lstmcli.metrics.slices import MIN_SLICE, Slicing
from lstmcli.reports.table import SCORE_TITLES, Table, format_points


def slices_table(slicing: Slicing) -> Table:
    """Show the scores of each slice."""
    scores, gaps = list(slicing.slices[0].scores), list(slicing.slices[0].gaps)
    rows = [
        [
            each.value,
            f"{each.num_rows:,}{' *' if each.is_small else ''}",
            *(f"{each.scores[name]:.3f}" for name in scores),
            *(format_points(each.gaps[name]) for name in gaps),
        ]
        for each in slicing.slices
    ]
    columns = ["slice", "rows", *(SCORE_TITLES[name] for name in scores)]
    columns += [f"gap in {SCORE_TITLES[name]}" for name in gaps]
    return Table(f"Slices by {slicing.name}", columns, rows, _slices_note(slicing))


def _slices_note(slicing: Slicing) -> str:
    """Name the worst slice, and say what to make of its gap."""
    score, sentences = SCORE_TITLES[slicing.score], []
    if slicing.worst is not None:
        (worst,) = (each for each in slicing.slices if each.value == slicing.worst)
        gap = worst.gaps[slicing.score]
        sentences.append(
            f"Worst: {worst.value} ({score} {worst.scores[slicing.score]:.3f}, {format_points(gap)} points against "
            "the rest). It is picked from all, so its interval alone is not a test."
        )
    if any(each.is_small for each in slicing.slices):
        what = "rows" if slicing.slices[0].num_groups is None else "groups"
        sentences.append(f"* Fewer than {MIN_SLICE} {what}: not reliable.")
    return " ".join([*sentences, "Gap: the slice minus all other rows, in points."])
