"""Limits on the scores of an evaluation, so that a program can test whether a model is good enough."""

from collections.abc import Sequence
from dataclasses import dataclass

from lstmcli.errors import UsageError, did_you_mean
from lstmcli.metrics.estimates import Estimate
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.metrics.further import OF_EACH_LABEL
from lstmcli.metrics.rank_scores import RANK_SCORES
from lstmcli.metrics.scores import LOWER_IS_BETTER

CALIBRATION_ERROR = "calibration_error"
OF_LABELS = ("precision", "recall", "f1", "accuracy")
SLICES = "slices"

MAX_NAMES_SHOWN = 40


@dataclass(frozen=True)
class Limit:
    """A score by its name, see `scalars`, and the least that it may be (or the most, if less of it is better)."""

    name: str
    value: float


@dataclass(frozen=True)
class Limits:
    """What an evaluation has to reach.

    Attributes:
        under: scores with their least value.
        over: scores of which less is better, with their greatest value.
        below: short names of baselines that the model must not be worse than in the main score.
    """

    under: tuple[Limit, ...] = ()
    over: tuple[Limit, ...] = ()
    below: tuple[str, ...] = ()


def scalars(evaluation: Evaluation, baselines: dict[str, str]) -> dict[str, float | None]:
    """Return all scores by name; None for one that is not defined on these rows, such as the AUC of an absent label.

    Those of the model have their own names ("macro_f1"); those of a label come after the score ("f1.joy"), those of a
    baseline after its short name ("tfidf.macro_f1"), and those of a slice after its column and value
    ("slices.source.web.accuracy").

    Args:
        evaluation: with the scores.
        baselines: short names of systems, by name.
    """
    model, *others = evaluation.scores
    found: dict[str, float | None] = {name: each.value for name, each in evaluation.scores[model].items()}
    found[CALIBRATION_ERROR] = evaluation.calibration[model].error
    further = evaluation.further[model]
    found |= {name: _value(each) for name, each in further.scores.items()}
    found |= _rank_scalars(evaluation, baselines)
    for label in evaluation.labels[model]:
        found |= {f"{score}.{label.label}": getattr(label, score).value for score in OF_LABELS}
    for each_label in further.labels:
        found |= {f"{score}.{each_label.label}": _value(getattr(each_label, score)) for score in OF_EACH_LABEL}
    for other in others:
        if other in baselines:
            scores = (evaluation.scores[other] | evaluation.further[other].scores).items()
            found |= {f"{baselines[other]}.{name}": _value(each) for name, each in scores}
    for slicing in evaluation.slices:
        for part in slicing.slices:
            found |= {f"{SLICES}.{slicing.name}.{part.value}.{name}": value for name, value in part.scores.items()}
    return found


def _rank_scalars(evaluation: Evaluation, baselines: dict[str, str]) -> dict[str, float | None]:
    """Return QWK and MAE of the model and its baselines, if labels are ordered."""
    prefixes = {next(iter(evaluation.scores)): "", **{name: f"{short}." for name, short in baselines.items()}}
    return {
        f"{prefixes[ranks.system]}{score}": _value(getattr(ranks, score))
        for ranks in evaluation.ordered
        if ranks.system in prefixes
        for score in RANK_SCORES
    }


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value


def check_names(limits: Limits, names: Sequence[str]) -> None:
    """Check the names of limits.

    Raises:
        UsageError: one is not among `names`, or it is a score of which less is better where a least value is wanted, or
            the other way round.
    """
    for option, wanted in (("--fail-under", limits.under), ("--fail-over", limits.over)):
        for limit in wanted:
            if limit.name not in names:
                shown = ", ".join(names[:MAX_NAMES_SHOWN]) + (", ..." if len(names) > MAX_NAMES_SHOWN else "")
                raise UsageError(
                    f"{option} {limit.name}: there is no such score.{did_you_mean(limit.name, names)} Scores: {shown}."
                )
            less_is_better = limit.name.rpartition(".")[2] in LOWER_IS_BETTER | {CALIBRATION_ERROR}
            if less_is_better != (option == "--fail-over"):
                other = "--fail-over" if less_is_better else "--fail-under"
                more_or_less = "less" if less_is_better else "more"
                raise UsageError(f"{option} {limit.name}: {more_or_less} of it is better; use {other}.")


def failures(limits: Limits, evaluation: Evaluation, baselines: dict[str, str]) -> list[str]:
    """Return what the model has not reached, in words.

    Args:
        limits: what it has to reach.
        evaluation: what it has reached.
        baselines: short names of systems, by name.

    Raises:
        UsageError: see `check_names`; or there is no such baseline.
    """
    values = scalars(evaluation, baselines)
    check_names(limits, list(values))
    found = []
    for option, wanted, sign in (("--fail-under", limits.under, 1.0), ("--fail-over", limits.over, -1.0)):
        for limit in wanted:
            value = values[limit.name]
            if value is None:
                found.append(f"{limit.name} is not defined on these rows ({option})")
            elif sign * value < sign * limit.value:
                found.append(f"{limit.name} {value:.4f} is {option.removeprefix('--fail-')} {limit.value:g} ({option})")
    return found + _below(limits, evaluation, baselines)


def check_baseline(short: str, held: Sequence[str]) -> None:
    """Check that a baseline is among those that were scored.

    Raises:
        UsageError: it is not.
    """
    if not held:
        raise UsageError(
            f"--fail-below {short}: no baselines were scored (--no-baselines here, or evaluation.baselines=false in "
            "training)."
        )
    if short not in held:
        raise UsageError(f"--fail-below {short}: there is no such baseline here; there are {', '.join(held)}.")


def _below(limits: Limits, evaluation: Evaluation, baselines: dict[str, str]) -> list[str]:
    """Return the baselines that the model does not reach, see `failures`."""
    found, main, scores = [], evaluation.main_score, evaluation.scores
    model = next(iter(scores.values()))[main].value
    held = {short: scores[name][main].value for name, short in baselines.items() if name in scores}
    for short in limits.below:
        check_baseline(short, list(held))
        if model < held[short]:
            found.append(f"{main} {model:.4f} is below {held[short]:.4f} of {short} (--fail-below)")
    return found
