"""Agreement of annotators: Krippendorff's alpha, kappas, and bootstrap intervals over the annotated items.

Every figure is a function of sums over items (only ordinal distances also depend on how often each category is used),
so a bootstrap resample is a vector that says how often each item was drawn. Figures are NaN where they are undefined:
without two ratings of an item, or if all ratings are equal, so that there is no disagreement to expect.

Sources: Krippendorff 2019, "Content Analysis", 4th edition, chapter 12 (alpha); Cohen 1960 and 1968 (kappa, weighted
kappa); Fleiss 1971, "Measuring nominal scale agreement among many raters" (Fleiss' kappa).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lstmcli.metrics.estimates import Estimate

Floats = NDArray[np.float64]
Scale = Literal["nominal", "ordinal", "interval", "sets"]

NUM_SAMPLES = 1000
SEED = 40_000
CONFIDENCE = 0.95

# Numbers of a block of draws, which bounds memory.
MAX_DRAWN = 2_000_000

# The code of a cell without a rating.
MISSING = -1


@dataclass(frozen=True)
class Ratings:
    """What each annotator says about each item.

    Attributes:
        annotators: their names.
        categories: those that occur; on an ordinal or interval scale, in ascending order.
        codes: (items, annotators), indices into `categories`, or MISSING.
        values: (categories,), their numbers on an interval scale; otherwise their places.
        scale: what differences between categories mean.
        distances: (categories, categories), if categories are sets of labels: how far apart two are, from 0 to 1.
    """

    annotators: tuple[str, ...]
    categories: tuple[str, ...]
    codes: NDArray[np.int64]
    values: Floats
    scale: Scale
    distances: Floats | None = None

    def of(self, annotators: Sequence[int]) -> "Ratings":
        """Return the ratings of some of the annotators."""
        names = tuple(self.annotators[number] for number in annotators)
        return replace(self, annotators=names, codes=self.codes[:, list(annotators)])

    @property
    def is_rated(self) -> NDArray[np.bool_]:
        """(items, annotators)."""
        return np.asarray(self.codes != MISSING)

    @property
    def counts(self) -> Floats:
        """How often each item was given each category, (items, categories)."""
        found = np.zeros((len(self.codes), len(self.categories)))
        items, annotators = np.nonzero(self.is_rated)
        np.add.at(found, (items, self.codes[items, annotators]), 1.0)
        return found


def alpha(ratings: Ratings, draws: Floats) -> Floats:
    """Return Krippendorff's alpha, 1 - observed / expected disagreement, of each resample, (samples,).

    Items with a single rating do not count.

    Args:
        ratings: of the scale that decides how far apart two categories are: 0 or 1 (nominal), their difference
            (interval), or the number of ratings between them (ordinal), the latter two squared; or that of `distances`.
        draws: (samples, items), how often each item was drawn.
    """
    counts = ratings.counts
    counts[counts.sum(axis=1) < 2] = 0.0
    if ratings.scale == "nominal":
        return _nominal_alpha(counts, draws)
    if ratings.distances is not None:
        return _distance_alpha(counts, draws, ratings.distances)
    if ratings.scale == "interval":
        return _interval_alpha(counts, draws, ratings.values)
    return np.concatenate([_interval_alpha(counts, draw[None], _midranks(draw @ counts)) for draw in draws])


def _nominal_alpha(counts: Floats, draws: Floats) -> Floats:
    numbers = counts.sum(axis=1)
    disagreement = (numbers**2 - (counts**2).sum(axis=1)) / np.maximum(numbers - 1.0, 1.0)
    totals = draws @ counts
    total = totals.sum(axis=1)
    return _one_less(draws @ disagreement * (total - 1.0), total**2 - (totals**2).sum(axis=1))


def _distance_alpha(counts: Floats, draws: Floats, distances: Floats) -> Floats:
    disagreement = ((counts @ distances) * counts).sum(axis=1) / np.maximum(counts.sum(axis=1) - 1.0, 1.0)
    totals = draws @ counts
    expected = ((totals @ distances) * totals).sum(axis=1)
    return _one_less(draws @ disagreement * (totals.sum(axis=1) - 1.0), expected)


def _interval_alpha(counts: Floats, draws: Floats, values: Floats) -> Floats:
    """Return alpha for squared differences: over all pairs, these are 2 (n sum of squares - squared sum)."""
    centred = values - (values * counts.sum(axis=0)).sum() / max(counts.sum(), 1.0)
    numbers, sums, squares = counts.sum(axis=1), counts @ centred, counts @ centred**2
    disagreement = (numbers * squares - sums**2) / np.maximum(numbers - 1.0, 1.0)
    total = draws @ numbers
    expected = total * (draws @ squares) - (draws @ sums) ** 2
    return _one_less(draws @ disagreement * (total - 1.0), _without_rounding(expected, total * (draws @ squares)))


def _midranks(totals: Floats) -> Floats:
    """Return a place for each category such that differences are the ratings between two, half of their own included.

    These are the differences of Krippendorff's ordinal distance.
    """
    return np.cumsum(totals) - totals / 2.0


def cohens_kappa(ratings: Ratings, draws: Floats) -> Floats:
    """Return Cohen's kappa of the two annotators of `ratings`, (samples,), over the items that both have rated.

    On an ordinal or interval scale, disagreements are weighted by their squared differences (of places, or of values),
    and those of sets by their distances.
    """
    both = ratings.is_rated.all(axis=1)
    first, second = ratings.codes[both].T
    draws = draws[:, both]
    num_categories = len(ratings.categories)
    total = draws.sum(axis=1)
    if ratings.scale == "nominal":
        marginals = [draws @ np.eye(num_categories)[codes] for codes in (first, second)]
        expected = total**2 - (marginals[0] * marginals[1]).sum(axis=1)
        return _one_less(draws @ (first != second) * total, expected)
    if ratings.distances is not None:
        one, other = (draws @ np.eye(num_categories)[codes] for codes in (first, second))
        expected = ((one @ ratings.distances) * other).sum(axis=1)
        return _one_less(draws @ ratings.distances[first, second] * total, expected)
    values = ratings.values - (ratings.values[first].mean() if both.any() else 0.0)
    one, other = values[first], values[second]
    squares = total * (draws @ (one**2 + other**2))
    expected = squares - 2.0 * (draws @ one) * (draws @ other)
    return _one_less(draws @ (one - other) ** 2 * total, _without_rounding(expected, squares))


def fleiss_kappa(ratings: Ratings, draws: Floats) -> Floats:
    """Return Fleiss' kappa of the items that all annotators have rated, (samples,); differences have no size here."""
    complete = ratings.is_rated.all(axis=1)
    counts, draws, size = ratings.counts[complete], draws[:, complete], len(ratings.annotators)
    if size < 2:
        return np.full(len(draws), np.nan)
    agreeing = (counts * (counts - 1.0)).sum(axis=1) / (size * (size - 1.0))
    total = draws.sum(axis=1)
    shares = (draws @ counts) / np.maximum(total * size, 1.0)[:, None]
    expected = 1.0 - (shares**2).sum(axis=1)
    return _one_less(1.0 - (draws @ agreeing) / np.maximum(total, 1.0), np.where(total > 0, expected, 0.0))


def share_of_equal_ratings(ratings: Ratings, draws: Floats) -> Floats:
    """Return the share of items, of those that both annotators have rated, with the same rating, (samples,)."""
    both = ratings.is_rated.all(axis=1)
    first, second = ratings.codes[both].T
    total = draws[:, both].sum(axis=1)
    return np.where(total > 0, draws[:, both] @ (first == second) / np.maximum(total, 1.0), np.nan)


def with_interval(samples: Floats) -> Estimate | None:
    """Return the first of `samples` with a percentile interval of the others; None if it is undefined.

    Resamples in which it is undefined, such as those with only one category, are left out.
    """
    value, drawn = float(samples[0]), samples[1:][~np.isnan(samples[1:])]
    if np.isnan(value):
        return None
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail]).tolist() if len(drawn) else (value, value)
    return Estimate(value, min(low, value), max(high, value))


def over_draws(num_items: int, compute: Callable[[Floats], Floats]) -> Floats:
    """Return what `compute` returns for all draws of the items, (1 + NUM_SAMPLES, ...): each once, then resamples.

    Args:
        num_items: at least 1.
        compute: from draws, (samples, items), to figures, (samples, ...).
    """
    generator = np.random.default_rng(SEED)
    found = [compute(np.ones((1, num_items)))]
    block = max(1, MAX_DRAWN // num_items)
    for start in range(0, NUM_SAMPLES, block):
        drawn = generator.integers(num_items, size=(min(block, NUM_SAMPLES - start), num_items))
        found.append(compute(np.stack([np.bincount(row, minlength=num_items) for row in drawn]).astype(np.float64)))
    return np.concatenate(found)


def _one_less(observed: Floats, expected: Floats) -> Floats:
    """Return 1 - observed / expected, NaN where nothing is expected."""
    has_any = expected > 0.0
    return np.where(has_any, 1.0 - observed / np.where(has_any, expected, 1.0), np.nan)


def _without_rounding(expected: Floats, largest: Floats) -> Floats:
    """Return 0 for what is left of a difference of numbers as large as `largest` that are equal but for rounding."""
    return np.where(expected > 1e-12 * largest, expected, 0.0)
