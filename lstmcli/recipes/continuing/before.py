"""Compares a model with the one that it went on from, on the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstmcli.corpus.corpus import Corpus
from lstmcli.errors import counted
from lstmcli.metrics.estimates import Estimate
from lstmcli.metrics.evaluation import System
from lstmcli.metrics.paired import COMPARED_SCORES, PairedComparison, compare
from lstmcli.recipes.continuing.plan import Continuation
from lstmcli.recipes.continuing.systems import BEFORE_NAME
from lstmcli.recipes.score import ScoredRows
from lstmcli.recipes.scores.score import ScoredNumbers
from lstmcli.reports.table import SCORE_TITLES
from lstmcli.training.continued import Continued

# Of two models on these many rows, nothing can be said.
FEWEST_ROWS = 20


@dataclass(frozen=True)
class KnownRows:
    """Both models on the labels that the earlier one knew.

    Attributes:
        found: the figures, the earlier model first.
        name: of the rows.
        is_part: whether there are other labels.
    """

    found: PairedComparison
    name: str
    is_part: bool


def on_known_labels(scored: ScoredRows, continued: Continued) -> KnownRows | None:
    """Compare both models on the labels that the earlier one knew; None on too few rows.

    Where a text has one label, these are the rows with such a label; otherwise, the columns of such labels.
    """
    after, before = (_system(scored, name) for name in (scored.systems[0].name, BEFORE_NAME))
    known = [at for at, name in enumerate(scored.labels.names) if name in continued.model.labels.names]
    is_part, groups = len(known) < len(scored.labels.names), scored.examples.groups
    parts = [scored.targets, before.decisions, after.decisions]
    if is_part and scored.labels.kind == "single":
        rows = scored.targets[:, known].any(axis=1)
        parts = [part[rows] for part in parts]
        groups = None if groups is None else np.asarray(np.unique(groups[rows], return_inverse=True)[1], dtype=np.int64)
    elif is_part:
        parts = [part[:, known] for part in parts]
    if len(parts[0]) < FEWEST_ROWS or not known:
        return None
    targets, first, second = parts
    found = compare(targets, first, second, scored.labels.kind, groups=groups)
    return KnownRows(found, scored.evaluation.name, is_part)


def _system(scored: ScoredRows, name: str) -> System:
    return next(system for system in scored.systems if system.name == name)


def sentence_on(known: KnownRows) -> str:
    """Return how the first score that people understand has changed."""
    each = known.found.scores[0]
    kind, rows = known.found.kind, f"{counted(known.found.num_rows, 'row')} of {known.name}"
    which, it = f"On the {rows} with labels that {BEFORE_NAME} knew", "it"
    if not known.is_part:
        which, it = f"On all {rows}", BEFORE_NAME
    elif kind != "single":
        which = f"On the {rows}, in the labels that {BEFORE_NAME} knew"
    difference = each.difference
    return (
        f"{which}, {SCORE_TITLES[each.score]} was {each.first:.1%} with {it} and is {each.second:.1%} now: "
        f"{100 * difference.value:+.1f} points (95% interval {100 * difference.low:+.1f} to "
        f"{100 * difference.high:+.1f})."
    )


def with_notes(scored: "ScoredRows | ScoredNumbers", continued: Continued) -> "ScoredRows | ScoredNumbers":
    """Return scored rows of labels with a sentence on the labels that the earlier model knew."""
    if not isinstance(scored, ScoredRows):
        return scored
    known = on_known_labels(scored, continued)
    if known is None:
        return scored
    evaluation = scored.evaluation
    return replace(scored, evaluation=replace(evaluation, notes=(sentence_on(known), *evaluation.notes)))


def facts_on(continuation: Continuation, scored: "Sequence[ScoredRows | ScoredNumbers]") -> dict[str, Any]:
    """Return what metrics.json says about the model that this one went on from."""
    continued = continuation.continued
    known = [found for each in scored if isinstance(each, ScoredRows) if (found := on_known_labels(each, continued))]
    return {
        "run": continued.name,
        "model_sha256": continued.digest,
        "training_texts_given_again": round(continuation.given_again, 4),
        "remembered_weight": continuation.remembered_weight,
        "new_labels": list(continuation.new_labels),
        "known_labels": {each.name: _scores(each) for each in known},
    }


def _scores(known: KnownRows) -> dict[str, Any]:
    return {
        "rows": known.found.num_rows,
        "scores": {
            each.score: {"before": each.first, "after": each.second, "difference": _estimate(each.difference)}
            for each in known.found.scores
            if each.score in COMPARED_SCORES[known.found.kind]
        },
    }


def _estimate(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def earlier_overlaps(continued: Continued, corpus: Corpus) -> tuple[tuple[str, str, int], ...]:
    """Return the splits with texts that the earlier model was trained on, unless they are training rows now.

    They are as in `Corpus.overlaps`.
    """
    trained = np.setdiff1d(continued.past.trained, corpus.train.table["text_key"].to_numpy())
    splits = [split for split in (corpus.validation, corpus.test) if split is not None]
    found = [(split.name, len(np.intersect1d(split.table["text_key"].to_numpy(), trained))) for split in splits]
    return tuple((f"the training rows of {continued.name}", name, number) for name, number in found if number)
