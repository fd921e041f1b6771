"""How far the annotators of evaluated rows agree, and the model with them: the ceiling of every score there."""

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.examples import Examples
from lstmcli.corpus.votes import MISSING, VotedLabels, VotedSets
from lstmcli.metrics.agreement import Ratings
from lstmcli.metrics.agreement_summary import MODEL, measured
from lstmcli.metrics.set_agreement import masi_distances
from lstmcli.reports.agreement import agreement_sentences


def notes_on_agreement(
    examples: Examples, decisions: NDArray[np.bool_], labels: tuple[str, ...], model: str
) -> tuple[str, ...]:
    """Return sentences on rows with several annotators; none for other rows.

    Args:
        examples: the rows.
        decisions: (rows, labels), what the model predicts.
        labels: their names.
        model: its name.
    """
    soft = examples.soft
    if isinstance(soft, VotedSets):
        return _of_sets(soft, examples, decisions, labels, model)
    if not isinstance(soft, VotedLabels):
        return ()
    names = tuple(dict.fromkeys([*soft.names, *labels]))
    votes = soft.votes[examples.table["text"].to_numpy()]
    own = np.array([names.index(label) for label in labels])[decisions.argmax(axis=1)]
    codes = np.column_stack([votes, np.where(decisions.any(axis=1), own, MISSING)])
    ratings = Ratings((*soft.annotators, MODEL), names, codes, np.arange(float(len(names))), "nominal")
    return tuple(agreement_sentences(measured(examples.name, ratings, len(soft.annotators), run=model)))


def _of_sets(
    soft: VotedSets, examples: Examples, decisions: NDArray[np.bool_], labels: tuple[str, ...], model: str
) -> tuple[str, ...]:
    votes = soft.votes[examples.table["text"].to_numpy()]
    codes = {frozenset(own): number for number, own in enumerate(soft.sets)}
    own = []
    for row in decisions:
        picked = frozenset(label for label, is_picked in zip(labels, row, strict=True) if is_picked)
        own.append(codes.setdefault(picked, len(codes)) if picked else MISSING)
    sets = list(codes)
    names = tuple("|".join(sorted(each)) for each in sets)
    values = np.arange(float(len(names)))
    ratings = Ratings(
        (*soft.annotators, MODEL), names, np.column_stack([votes, own]), values, "sets", masi_distances(sets)
    )
    return tuple(agreement_sentences(measured(examples.name, ratings, len(soft.annotators), run=model, sets=sets)))
