"""The part of `model.json` that turns outputs into scores, checked value by value when it is read."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.metrics.score_outputs import COVERAGES, ScoreOutputs
from lstmcli.store.checks import number_in, numbers_in

LARGEST = 1e12
VALUES = -LARGEST, LARGEST
SIZES = 0.0, LARGEST


def scores_to_dict(scores: ScoreOutputs) -> dict[str, Any]:
    """Return the outputs as they are stored; half widths of intervals that can't be told are None."""
    reaches = [[None if math.isnan(each) else each for each in row] for row in scores.reaches.tolist()]
    names = ("means", "deviations", "network_weights", "ngram_weights", "offsets")
    return {name: getattr(scores, name).tolist() for name in names} | {"reaches": reaches}


def scores_from_dict(stored: Mapping[str, Any], num_scores: int) -> ScoreOutputs:
    """Read what `scores_to_dict` returned, which may be of unknown origin.

    Raises:
        ValueError, KeyError, TypeError: a value is missing, or not what it should be.
    """
    limits = {"means": VALUES, "deviations": SIZES, "network_weights": SIZES, "ngram_weights": SIZES, "offsets": VALUES}
    found = {name: numbers_in(stored[name], num_scores, name, each) for name, each in limits.items()}
    rows = stored["reaches"]
    if not isinstance(rows, list) or len(rows) != num_scores:
        raise ValueError(f"reaches: expected {num_scores} lists")
    return ScoreOutputs(**found, reaches=np.array([_reaches(row) for row in rows]))


def _reaches(row: Any) -> NDArray[np.float64]:
    """Return ascending half widths of intervals, NaN where they are unknown."""
    if not isinstance(row, list) or len(row) != len(COVERAGES):
        raise ValueError(f"reaches: expected {len(COVERAGES)} numbers")
    values = np.array([math.nan if each is None else number_in(each, "reach", SIZES) for each in row])
    known = values[~np.isnan(values)]
    if (np.diff(known) < 0.0).any() or np.isnan(values[: len(known)]).any():
        raise ValueError("reaches: expected ascending numbers")
    return values
