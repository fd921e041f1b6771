"""From two sides with the same rows to all that is shown about them."""

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.label_set import SET_SEPARATOR
from lstmcli.metrics.paired import compare
from lstmcli.recipes.comparison.sides import Compared
from lstmcli.reports.comparison import Flip, Outcome


def compare_sides(compared: Compared, *, margin: float | None = None, num_flips: int = 0) -> Outcome:
    """Compare both sides.

    Args:
        compared: their rows.
        margin: within which they may be equivalent; None: not asked.
        num_flips: number of examples in each direction.
    """
    found = compare(
        compared.targets,
        compared.first_decisions,
        compared.second_decisions,
        compared.labels.kind,
        groups=compared.groups,
        is_ordered=compared.labels.is_ordered,
    )
    first, second = compared.first, compared.second
    return Outcome(
        first.name,
        second.name,
        first.file if first.file == second.file else f"{first.file} and {second.file}",
        compared.digest,
        found,
        margin,
        _flips(compared, found.only_first[:num_flips]),
        _flips(compared, found.only_second[:num_flips]),
        compared.notes,
    )


def _flips(compared: Compared, rows: NDArray[np.int64]) -> list[Flip]:
    first, second = compared.first, compared.second
    return [
        Flip(
            first.lines[row],
            first.texts[row],
            SET_SEPARATOR.join(first.gold[row]),
            SET_SEPARATOR.join(first.predicted[row]),
            SET_SEPARATOR.join(second.predicted[row]),
        )
        for row in rows.tolist()
    ]
