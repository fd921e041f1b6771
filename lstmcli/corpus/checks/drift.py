"""Compares rows with those that a model was trained on."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.checks.problems import Problem, graded, of_rows, some
from lstmcli.corpus.checks.rows import CheckedRows
from lstmcli.corpus.encode import TokenizedTexts

# With fewer rows, differences are chance.
LEAST_ROWS = 30

# How much longer or shorter the median text may be.
LENGTH_FACTOR = 1.5

# By how much the share of unknown words may rise, and the factor by which it must.
MORE_UNKNOWN = 0.05
UNKNOWN_FACTOR = 2.0

# The share that is suspicious where the run does not say what it was in training.
MANY_UNKNOWN = 0.25

# By how much the share of a label may differ, besides three standard errors.
SHARE_DIFFERENCE = 0.1
STANDARD_ERRORS = 3.0

# From this share of rows on, texts of the training are more than short phrases that anybody writes.
SOME_SEEN = 0.01

ADVICE = "score the model on labelled rows of this kind before you trust it, or train on some of them"


@dataclass(frozen=True)
class TrainedOn:
    """What a run says about the rows that its model was trained on.

    Attributes:
        name: of the run.
        labels: that the model knows.
        label_shares: of the training rows; empty if unknown.
        is_known: whether the model knows a word.
        median_tokens: of a training text, None if unknown.
        unknown_words: share of the tokens of validation texts that the model does not know, None if unknown.
        seen: keys of the training texts, see `text_key`; None if unknown.
    """

    name: str
    labels: tuple[str, ...]
    label_shares: Mapping[str, float]
    is_known: Callable[[str], bool]
    median_tokens: float | None
    unknown_words: float | None
    seen: NDArray[np.int64] | None


def drift_problems(
    rows: CheckedRows, tokens: TokenizedTexts, trained: TrainedOn, column: str, *, has_labels: bool
) -> Iterator[Problem]:
    """Yield how rows differ from those of a training."""
    where = f"{rows.name}, column {column!r}"
    yield from _seen(rows, trained)
    yield from _not_compared(trained, has_labels=has_labels)
    if has_labels:
        yield from _unknown_labels(rows, trained)
    if len(rows) < LEAST_ROWS:
        what = f"{len(rows)} rows are too few to compare with the training of {trained.name}"
        yield Problem("few rows", "note", rows.name, what, f"use at least {LEAST_ROWS}")
        return
    yield from _lengths(tokens, trained, where)
    yield from _words(tokens, trained, where)
    if has_labels:
        yield from _label_shares(rows, trained)


def _seen(rows: CheckedRows, trained: TrainedOn) -> Iterator[Problem]:
    if trained.seen is None:
        return
    is_seen = np.isin(np.array(rows.keys, dtype=np.int64), trained.seen)
    if is_seen.any():
        lines = tuple(np.array(rows.lines)[is_seen].tolist())
        what = f"{of_rows(len(lines), len(rows))} have a text that {trained.name} was trained on"
        advice = "leave them out of an evaluation: scores on them are inflated"
        severity = graded(len(lines), len(rows), warning=SOME_SEEN)
        yield Problem("seen in training", severity, rows.name, what, advice, lines)


def _not_compared(trained: TrainedOn, *, has_labels: bool) -> Iterator[Problem]:
    missing = [] if trained.seen is not None else ["which texts it was trained on"]
    missing += [] if trained.median_tokens is not None else ["how long its texts were"]
    missing += [] if trained.unknown_words is not None else ["how many words were unknown in new ones"]
    missing += [] if trained.label_shares or not has_labels else ["how frequent the labels were"]
    if missing:
        what = f"the run does not say {', '.join(missing)}"
        advice = "these are not compared; train it again with this release and with baselines"
        yield Problem("not compared", "note", trained.name, what, advice)


def _unknown_labels(rows: CheckedRows, trained: TrainedOn) -> Iterator[Problem]:
    known = set(trained.labels)
    unknown = sorted({name for own in rows.labels for name in own} - known)
    if unknown:
        lines = tuple(line for line, own in zip(rows.lines, rows.labels, strict=True) if not known.issuperset(own))
        what = f"{of_rows(len(lines), len(rows))} have labels that {trained.name} does not know: {some(unknown)}"
        advice = "it can't predict them; correct the spelling, or train with such rows"
        yield Problem("unknown label", "error", rows.name, what, advice, lines)


def _lengths(tokens: TokenizedTexts, trained: TrainedOn, where: str) -> Iterator[Problem]:
    median = float(np.median(np.diff(tokens.ids.offsets)))
    before = trained.median_tokens
    if before is not None and not 1 / LENGTH_FACTOR <= median / max(1.0, before) <= LENGTH_FACTOR:
        than = "longer" if median > before else "shorter"
        what = f"texts are {than} than in training: {median:.0f} tokens in the median, {before:.0f} in training"
        yield Problem("drift of length", "error", where, what, ADVICE)


def _words(tokens: TokenizedTexts, trained: TrainedOn, where: str) -> Iterator[Problem]:
    counts = np.bincount(tokens.ids.flat(), minlength=len(tokens.words))
    is_unknown = np.array([not trained.is_known(word) for word in tokens.words], dtype=bool)
    share = float(counts[is_unknown].sum() / max(1, counts.sum()))
    before = trained.unknown_words
    is_drift = share > MANY_UNKNOWN
    if before is not None:
        is_drift = share > before + MORE_UNKNOWN and share > UNKNOWN_FACTOR * before
    if is_drift:
        order = np.argsort(-counts * is_unknown, kind="stable")[:5]
        examples = some([tokens.words[number] for number in order if is_unknown[number]])
        than = "" if before is None else f", {before:.1%} when it was trained"
        what = f"{share:.1%} of the words are unknown to {trained.name}{than}; most often: {examples}"
        yield Problem("drift of words", "error", where, what, ADVICE)


def _label_shares(rows: CheckedRows, trained: TrainedOn) -> Iterator[Problem]:
    counts = Counter(name for own in rows.labels for name in own)
    changed = []
    for name, before in trained.label_shares.items():
        now = counts[name] / len(rows)
        tolerance = SHARE_DIFFERENCE + STANDARD_ERRORS * (before * (1 - before) / len(rows)) ** 0.5
        if abs(now - before) > tolerance:
            changed.append(f"{name} {now:.0%} instead of {before:.0%}")
    if changed:
        what = f"labels are more or less frequent than in training: {some(changed)}"
        yield Problem("drift of labels", "error", rows.name, what, ADVICE)
