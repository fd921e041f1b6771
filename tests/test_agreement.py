"""Agreement of annotators against published tables, scikit-learn, and all pairs counted one by one."""

from itertools import combinations, permutations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from lstmcli.metrics.agreement import (
    MISSING,
    Ratings,
    Scale,
    alpha,
    cohens_kappa,
    fleiss_kappa,
    over_draws,
    share_of_equal_ratings,
    with_interval,
)
from lstmcli.metrics.agreement_summary import measured

SCALES: tuple[Scale, ...] = ("nominal", "ordinal", "interval")

# The examples of Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", sections A to C; "." is no rating.
BINARY = ["0100000010", "1110010000"]
TWO_OBSERVERS = ["aabbdcccedda", "babbbccceddd"]
FOUR_OBSERVERS = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]


def ratings_of(annotators: list[str], scale: Scale = "nominal") -> Ratings:
    """Take a string of ratings from each annotator."""
    categories = sorted({mark for own in annotators for mark in own} - {"."})
    codes = [
        [MISSING if mark == "." else categories.index(mark) for mark in item] for item in zip(*annotators, strict=True)
    ]
    values = np.array([float(name) if name.isdecimal() else at for at, name in enumerate(categories)])
    names = tuple(f"annotator {number}" for number in range(len(annotators)))
    return Ratings(names, tuple(categories), np.array(codes), values, scale)


def once(ratings: Ratings) -> np.ndarray:
    return np.ones((1, len(ratings.codes)))


def random_ratings(generator: np.random.Generator, scale: Scale) -> Ratings:
    num_items, num_annotators, num_categories = generator.integers([1, 2, 1], [30, 6, 6]).tolist()
    codes = generator.integers(num_categories, size=(num_items, num_annotators))
    truth = generator.integers(num_categories, size=(num_items, 1))
    codes = np.where(generator.random(codes.shape) < 0.5, truth, codes)
    codes[generator.random(codes.shape) < generator.choice([0.0, 0.4])] = MISSING
    values = np.sort(generator.normal(size=num_categories)) if scale == "interval" else np.arange(num_categories)
    names = tuple(map(str, range(num_annotators)))
    return Ratings(names, tuple(map(str, range(num_categories))), codes, values.astype(np.float64), scale)


def alpha_of_all_pairs(ratings: Ratings) -> float:
    """Krippendorff's definition: the mean distance within items over the mean distance of all ratings."""
    items = [[code for code in item if code != MISSING] for item in ratings.codes.tolist()]
    items = [item for item in items if len(item) > 1]
    pooled = [code for item in items for code in item]
    totals = np.bincount(pooled, minlength=len(ratings.categories)) if pooled else np.zeros(1)

    def distance(one: int, other: int) -> float:
        if ratings.scale == "nominal":
            return float(one != other)
        if ratings.scale == "interval":
            return float((ratings.values[one] - ratings.values[other]) ** 2)
        low, high = sorted((one, other))
        return float((totals[low : high + 1].sum() - (totals[low] + totals[high]) / 2) ** 2)

    observed = sum(distance(*pair) / (len(item) - 1) for item in items for pair in permutations(item, 2))
    expected = sum(distance(*pair) for pair in permutations(pooled, 2))
    return 1.0 - observed / expected * (len(pooled) - 1) if expected else np.nan


@pytest.mark.parametrize(
    ("annotators", "scale", "published"),
    [
        (BINARY, "nominal", 0.095),
        (TWO_OBSERVERS, "nominal", 0.692),
        (FOUR_OBSERVERS, "nominal", 0.743),
        (FOUR_OBSERVERS, "ordinal", 0.815),
        (FOUR_OBSERVERS, "interval", 0.849),
    ],
)
def test_alpha_is_that_of_the_published_examples(annotators: list[str], scale: Scale, published: float) -> None:
    ratings = ratings_of(annotators, scale)
    assert alpha(ratings, once(ratings))[0] == pytest.approx(published, abs=0.0005)


def test_alpha_is_the_definition_over_all_pairs() -> None:
    generator = np.random.default_rng(7)
    for number in range(240):
        ratings = random_ratings(generator, SCALES[number % 3])
        expected = alpha_of_all_pairs(ratings)
        assert alpha(ratings, once(ratings))[0] == pytest.approx(expected, abs=1e-9, nan_ok=True), ratings


def table(cells: list[list[int]]) -> Ratings:
    """Take the numbers of items that two annotators put into each pair of categories."""
    pairs = [(row, column) for row, own in enumerate(cells) for column, count in enumerate(own) for _ in range(count)]
    size = len(cells)
    return Ratings(("a", "b"), tuple(map(str, range(size))), np.array(pairs), np.arange(float(size)), "nominal")


@pytest.mark.parametrize(
    ("cells", "published"),
    [  # the first from Cohen 1960, the others from textbooks
        ([[88, 14, 18], [10, 40, 10], [2, 6, 12]], 0.492),
        ([[20, 5], [10, 15]], 0.4),
        ([[45, 15], [25, 15]], 0.1304),
        ([[25, 35], [5, 35]], 0.2593),
    ],
)
def test_cohens_kappa_is_that_of_the_published_tables(cells: list[list[int]], published: float) -> None:
    ratings = table(cells)
    assert cohens_kappa(ratings, once(ratings))[0] == pytest.approx(published, abs=0.0005)


@pytest.mark.filterwarnings("ignore")  # scikit-learn warns where kappa is undefined
def test_cohens_kappa_is_that_of_scikit_learn() -> None:
    generator = np.random.default_rng(8)
    for number in range(200):
        ratings = random_ratings(generator, SCALES[number % 2]).of([0, 1])
        both = ratings.codes[ratings.is_rated.all(axis=1)]
        found = cohens_kappa(ratings, once(ratings))[0]
        if not len(both):
            assert np.isnan(found)
            continue
        weights = "quadratic" if ratings.scale == "ordinal" else None
        labels = range(len(ratings.categories))
        expected = cohen_kappa_score(both[:, 0], both[:, 1], labels=labels, weights=weights)
        assert found == pytest.approx(expected, abs=1e-9, nan_ok=True)
        same = share_of_equal_ratings(ratings, once(ratings))[0]
        assert same == (both[:, 0] == both[:, 1]).mean()


# Ten subjects, each put into one of five categories by 14 raters: the textbook example of Fleiss' kappa.
FOURTEEN_RATERS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def test_fleiss_kappa_is_that_of_the_textbook() -> None:
    codes = np.array([np.repeat(np.arange(5), counts) for counts in FOURTEEN_RATERS])
    ratings = Ratings(tuple(map(str, range(14))), tuple("12345"), codes, np.arange(5.0), "nominal")
    assert fleiss_kappa(ratings, once(ratings))[0] == pytest.approx(0.210, abs=0.0005)
    codes = np.vstack([codes, [[*[MISSING] * 13, 0]]])  # an item that one of them has rated changes nothing
    ratings = Ratings(ratings.annotators, ratings.categories, codes, ratings.values, "nominal")
    assert fleiss_kappa(ratings, once(ratings))[0] == pytest.approx(0.210, abs=0.0005)


@pytest.mark.parametrize("scale", SCALES)
def test_what_is_undefined_has_no_figure(scale: Scale) -> None:
    for annotators in (["111", "111"], ["1.", ".2"], ["1", "."]):
        ratings = ratings_of(annotators, scale)
        found = measured("rows", ratings, 2)
        assert found.alpha is None, annotators
        assert found.pairs[0].kappa is None
    assert measured("rows", ratings_of(["1.", ".2"], scale), 2).fleiss is None
    assert measured("rows", ratings_of(["1.", ".2"], scale), 2).pairs[0].equal is None


def test_drawing_items_is_repeating_them() -> None:
    generator = np.random.default_rng(9)
    for scale in SCALES:
        ratings = random_ratings(generator, scale)
        draw = generator.integers(4, size=(1, len(ratings.codes))).astype(np.float64)
        repeated = np.repeat(ratings.codes, draw[0].astype(int), axis=0)
        other = Ratings(ratings.annotators, ratings.categories, repeated, ratings.values, scale)
        for measure in (alpha, fleiss_kappa):
            assert measure(ratings, draw)[0] == pytest.approx(measure(other, once(other))[0], abs=1e-9, nan_ok=True)
        pair, other_pair = ratings.of([0, 1]), other.of([0, 1])
        expected = cohens_kappa(other_pair, once(other_pair))[0]
        assert cohens_kappa(pair, draw)[0] == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_an_interval_holds_its_value_and_narrows_with_more_items() -> None:
    widths = []
    for repeats in (2, 40):
        ratings = ratings_of([own * repeats for own in TWO_OBSERVERS])
        found = with_interval(over_draws(len(ratings.codes), lambda draws, own=ratings: alpha(own, draws)))
        assert found is not None
        assert found.low < found.value < found.high
        widths.append(found.high - found.low)
    assert widths[1] < widths[0] / 2


def test_a_model_is_compared_with_the_annotators_alone() -> None:
    annotators = ["aabbccab" * 5, "aabbcaab" * 5, "aabbccab" * 5]
    found = measured("rows", ratings_of(annotators), 2, run="runs/x")
    pairs = {(pair.first, pair.second): pair.kappa for pair in found.pairs}
    assert len(pairs) == len(list(combinations(range(3), 2)))
    assert found.model is not None
    assert (found.model.with_humans, found.model.among_humans) != (None, None)
    human = pairs["annotator 0", "annotator 1"]
    assert human is not None
    assert found.model.among_humans is not None
    assert found.model.with_humans is not None
    assert found.model.among_humans.value == human.value
    assert found.model.with_humans.value == pytest.approx((1.0 + human.value) / 2)
    assert found.alpha == measured("rows", ratings_of(annotators[:2]), 2).alpha
