"""What is reported on the agreement of annotators."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np

from lstmcli.metrics.agreement import (
    Floats,
    Ratings,
    Scale,
    alpha,
    cohens_kappa,
    fleiss_kappa,
    over_draws,
    share_of_equal_ratings,
    with_interval,
)
from lstmcli.metrics.estimates import Estimate
from lstmcli.metrics.set_agreement import of_label

# The name of a model among annotators.
MODEL = "model"


@dataclass(frozen=True)
class Pair:
    """Two annotators: how many items both rated, how many of these alike, and their kappa (None: undefined)."""

    first: str
    second: str
    num_items: int
    equal: Estimate | None
    kappa: Estimate | None


@dataclass(frozen=True)
class OneWithOthers:
    """An annotator, the number of items rated, and the mean kappa with the (other) human annotators."""

    annotator: str
    num_items: int
    kappa: Estimate | None


@dataclass(frozen=True)
class ModelAgreement:
    """A model as one more annotator.

    Attributes:
        run: the model.
        with_humans: its mean kappa with the annotators.
        among_humans: the mean kappa of pairs of annotators.
        difference: the former minus the latter.
    """

    run: str
    with_humans: Estimate | None
    among_humans: Estimate | None
    difference: Estimate | None


@dataclass(frozen=True)
class Agreement:
    """All that is shown.

    Attributes:
        name: of the file.
        scale: of the categories.
        categories: in order; how often each was used is in `counts`.
        counts: (categories,), by the human annotators.
        num_items: that someone rated.
        num_compared: of these, with at least two ratings.
        num_complete: of these, rated by all annotators.
        num_spelt_missing: cells such as NA, which count as missing.
        alpha: Krippendorff's, of the human annotators; None if undefined, as all others.
        fleiss: Fleiss' kappa of the items that all have rated.
        pairs: of the annotators, the model among them.
        annotators: each with the others.
        model: if there is one.
        labels: if categories are sets of labels, alpha of each label: was it given or not.
    """

    name: str
    scale: Scale
    categories: tuple[str, ...]
    counts: tuple[int, ...]
    num_items: int
    num_compared: int
    num_complete: int
    num_spelt_missing: int
    alpha: Estimate | None
    fleiss: Estimate | None
    pairs: tuple[Pair, ...]
    annotators: tuple[OneWithOthers, ...]
    model: ModelAgreement | None
    labels: tuple[tuple[str, Estimate | None], ...] = ()


def measured(
    name: str,
    ratings: Ratings,
    num_humans: int,
    *,
    num_spelt_missing: int = 0,
    run: str | None = None,
    sets: Sequence[frozenset[str]] = (),
) -> Agreement:
    """Measure how far the first `num_humans` annotators agree, and a model, which is the last one if there is one.

    Args:
        name: of the file.
        ratings: of items with at least one rating.
        num_humans: number of annotators that are no model.
        num_spelt_missing: see `Agreement`.
        run: the model.
        sets: those of labels, if categories are sets.
    """
    num_items = len(ratings.codes)
    human = ratings.of(range(num_humans))
    pairs = list(combinations(range(len(ratings.annotators)), 2))
    kappas, equal = (_of_pairs(ratings, pairs, measure) for measure in (cohens_kappa, share_of_equal_ratings))
    num_rated = human.is_rated.sum(axis=1)
    return Agreement(
        name=name,
        scale=ratings.scale,
        categories=ratings.categories,
        counts=tuple(human.counts.sum(axis=0).astype(int).tolist()),
        num_items=num_items,
        num_compared=int((num_rated >= 2).sum()),
        num_complete=int((num_rated == num_humans).sum()),
        num_spelt_missing=num_spelt_missing,
        alpha=with_interval(over_draws(num_items, lambda draws: alpha(human, draws))),
        fleiss=None if sets else with_interval(over_draws(num_items, lambda draws: fleiss_kappa(human, draws))),
        pairs=tuple(
            Pair(
                ratings.annotators[pair[0]],
                ratings.annotators[pair[1]],
                int(ratings.of(pair).is_rated.all(axis=1).sum()),
                with_interval(equal[:, at]),
                with_interval(kappas[:, at]),
            )
            for at, pair in enumerate(pairs)
        ),
        annotators=tuple(
            OneWithOthers(
                who,
                int(ratings.is_rated[:, number].sum()),
                with_interval(_mean(kappas[:, _with_humans(pairs, number, num_humans)])),
            )
            for number, who in enumerate(ratings.annotators)
        ),
        model=None if run is None else _model(run, pairs, kappas, num_humans),
        labels=tuple(
            (label, with_interval(over_draws(num_items, partial(alpha, of_label(human, sets, label)))))
            for label in sorted(set[str]().union(*sets))
        ),
    )


Measure = Callable[[Ratings, Floats], Floats]
PairNumbers = list[tuple[int, int]]


def _of_pairs(ratings: Ratings, pairs: PairNumbers, measure: Measure) -> Floats:
    """Return the measure of each pair, (samples, pairs)."""
    of_pairs = [ratings.of(pair) for pair in pairs]
    return over_draws(len(ratings.codes), lambda draws: np.stack([measure(own, draws) for own in of_pairs], axis=1))


def _with_humans(pairs: PairNumbers, number: int, num_humans: int) -> list[int]:
    """Return which pairs consist of an annotator and a human one."""
    return [
        at
        for at, (first, second) in enumerate(pairs)
        if number in (first, second) and first + second - number < num_humans
    ]


def _model(run: str, pairs: PairNumbers, kappas: Floats, num_humans: int) -> ModelAgreement:
    is_with_model = np.array([second == num_humans for _, second in pairs])
    with_humans, among = _mean(kappas[:, is_with_model]), _mean(kappas[:, ~is_with_model])
    return ModelAgreement(run, with_interval(with_humans), with_interval(among), with_interval(with_humans - among))


def _mean(columns: Floats) -> Floats:
    """Return the mean of the columns that are defined, (samples,); NaN if none is."""
    has_value = ~np.isnan(columns)
    total = np.where(has_value, columns, 0.0).sum(axis=1)
    return np.where(has_value.any(axis=1), total / np.maximum(has_value.sum(axis=1), 1), np.nan)
