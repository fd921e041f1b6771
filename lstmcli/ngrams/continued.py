"""Goes on from a fitted n-gram model with rows that do not include those it was fitted on.

A fit on the new rows alone would forget the old ones. Here only the change of each coefficient is fitted, and it is the
change that is regularised: a feature that the new rows do not speak about keeps its coefficient.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from lstmcli.ngrams.choice import NgramCorpus
from lstmcli.ngrams.fit import FittedNgrams, NgramFeatures
from lstmcli.ngrams.negation import with_twins
from lstmcli.ngrams.regressions import regression_of
from lstmcli.ngrams.score import NgramScorer
from lstmcli.ngrams.table import FeatureKinds, NgramTable
from lstmcli.text.token_ids import TokenIds

Floats = NDArray[np.float64]

# Coefficients (labels, features) and intercepts (labels,) to add.
Change = tuple[Floats, Floats]

# Values of C for changes of coefficients, from strong to weak regularisation.
CHANGE_STRENGTHS = (0.2, 1.0, 5.0)

# Each fit begins where the one with less freedom ended; more steps change little.
MAX_ITERATIONS = 15


def continue_ngrams(corpus: NgramCorpus, old: NgramTable, *, seed: int) -> FittedNgrams:
    """Fit changes of an n-gram model; C is chosen on validation rows.

    Args:
        corpus: the new rows.
        old: the model, with a column for each label or score of the corpus (see `for_labels`).
        seed: see `NgramFeatures`.
    """
    parts, words = [corpus.texts, corpus.validation], corpus.words
    if old.kinds is FeatureKinds.NEGATED and (twins := with_twins(parts, words)) is not None:
        parts, words = twins
    features = NgramFeatures(
        parts[0],
        words,
        old.sizes,
        num_buckets=len(old.rows),
        seed=seed,
        kinds=old.kinds,
        known_idf=old.rows[:, 0].astype(np.float64),
    )
    regression = regression_of(corpus.kind)
    before = _table_of(features, old)
    offsets = _logits(before, parts[0], features)[features.rows]
    targets = np.asarray(corpus.targets)[features.rows]
    best: FittedNgrams | None = None
    change = np.zeros((targets.shape[1], features.matrix.shape[1])), np.zeros(targets.shape[1])
    for strength in CHANGE_STRENGTHS:
        if corpus.kind == "scores":
            change = regression.fit(features.matrix, targets - offsets, strength, None, None)
        else:
            change = _logistic_change(features.matrix, targets, offsets, strength, change)
        table = features.changed(before, *change)
        logits = _logits(table, parts[1], features)
        loss = regression.loss(logits, corpus.validation_targets)
        if best is not None and loss >= best.validation_loss:
            break
        best = FittedNgrams(table, strength, logits, loss, len(corpus.targets) - len(targets))
    if best is None:
        raise ValueError("expected at least one strength")
    return best


def for_labels(old: NgramTable, places: list[int | None], intercepts: Floats) -> NgramTable:
    """Return the model with its columns in another order.

    Args:
        old: the model.
        places: for each label, its column in `old`; None for a new one, which starts without any feature.
        intercepts: (labels,), used for new ones.
    """
    rows = np.zeros((len(old.rows), 1 + len(places)), dtype=np.float16)
    rows[:, 0] = old.rows[:, 0]
    found = intercepts.copy()
    for at, place in enumerate(places):
        if place is not None:
            rows[:, 1 + at], found[at] = old.rows[:, 1 + place], old.intercepts[place]
    return NgramTable(old.sizes, rows, found, kinds=old.kinds)


def _table_of(features: NgramFeatures, old: NgramTable) -> NgramTable:
    """Return the old coefficients for the features of old and new rows."""
    rows = old.rows.copy()
    rows[:, 0] = features.idf
    return old._replace(rows=rows, guard=None)


def _logits(table: NgramTable, texts: TokenIds, features: NgramFeatures) -> Floats:
    scorer = NgramScorer(table)
    return scorer.logits(texts.flat, texts.lengths, scorer.token_rows(features.tokens))


def _logistic_change(matrix: Any, targets: NDArray[Any], offsets: Floats, strength: float, start: Change) -> Change:
    """Fit logistic regressions to what is left by the logits so far, `offsets` (texts, labels), beginning at `start`.

    It minimises C times the summed log loss plus half the squared changes, intercepts included, as the solver of a new
    model does.
    """
    transposed = matrix.T.tocsr()
    changes = np.column_stack([start[1], start[0]])
    for label, column in enumerate(targets.T.astype(np.float64)):
        own = offsets[:, label]

        def loss(change: Floats, column: Floats = column, own: Floats = own) -> tuple[float, Floats]:
            logits = own + change[0] + matrix @ change[1:]
            error = expit(logits) - column
            value = strength * float((np.logaddexp(0.0, logits) - column * logits).sum()) + 0.5 * float(change @ change)
            gradient = np.concatenate([[error.sum()], transposed @ error])
            return value, strength * gradient + change

        found = minimize(loss, changes[label], jac=True, method="L-BFGS-B", options={"maxiter": MAX_ITERATIONS})
        changes[label] = found.x
    return changes[:, 1:], changes[:, 0]
