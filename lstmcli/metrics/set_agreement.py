"""Agreement of annotators who give each item a set of labels: the MASI distance, and one label at a time.

Source: Passonneau 2006, "Measuring Agreement on Set-valued Items (MASI) for Semantic and Pragmatic Annotation", LREC.
"""

from collections.abc import Sequence

import numpy as np

from lstmcli.metrics.agreement import MISSING, Floats, Ratings


def masi_distance(one: frozenset[str], other: frozenset[str]) -> float:
    """Return 1 - Jaccard index * monotonicity of two sets that are not empty, from 0 (equal) to 1 (disjoint).

    The monotonicity is 1 for equal sets, 2/3 if one contains the other, 1/3 if they share something, and else 0.
    """
    shared = len(one & other)
    if one == other:
        return 0.0
    monotonicity = 2.0 / 3.0 if one <= other or other <= one else 1.0 / 3.0
    return 1.0 - shared / len(one | other) * monotonicity


def masi_distances(sets: Sequence[frozenset[str]]) -> Floats:
    """Return the distance of each two sets, (sets, sets)."""
    return np.array([[masi_distance(one, other) for other in sets] for one in sets]).reshape(len(sets), len(sets))


def of_label(ratings: Ratings, sets: Sequence[frozenset[str]], label: str) -> Ratings:
    """Return whether each annotator gave the label to each item; `sets` are those of the categories."""
    has_label = np.array([int(label in own) for own in sets] + [MISSING])
    codes = has_label[ratings.codes]  # MISSING is the last place
    return Ratings(ratings.annotators, ("no", "yes"), codes, np.arange(2.0), "nominal")
