"""Options that make an evaluation a test: it fails if a score does not reach a limit."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcli.cli.messages import say
from lstmcli.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from lstmcli.metrics.limits import Limits
    from lstmcli.recipes.tasks.reporting import AnyScored

# Exit code if a score does not reach a limit.
LIMIT_MISSED = 4

LIMITS = "Limits (exit code 4 if one is missed)"


class BaselineChoice(StrEnum):
    """The choices of --fail-below; a test compares them with the baselines."""

    MAJORITY = "majority"
    MEDIAN = "median"
    TFIDF = "tfidf"
    NGRAMS = "ngrams"


FailUnder = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-under",
        metavar="SCORE=X",
        rich_help_panel=LIMITS,
        help="Fail if a score is under X, such as macro_f1=0.8, f1.joy=70% or slices.source.web.accuracy=0.7; "
        "repeatable.",
    ),
]
FailOver = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-over",
        metavar="SCORE=X",
        rich_help_panel=LIMITS,
        help="Fail if a score of which less is better is over X: log_loss or calibration_error; repeatable.",
    ),
]
FailBelow = Annotated[
    list[BaselineChoice] | None,
    typer.Option(
        "--fail-below",
        metavar="BASELINE",
        rich_help_panel=LIMITS,
        help="Fail if the main score is below that of a baseline; repeatable.",
    ),
]


def wanted_limits(
    under: list[str] | None, over: list[str] | None, below: list[BaselineChoice] | None, *, baselines: bool
) -> "Limits":
    """Return the limits, as far as they can be checked before there are scores.

    Raises:
        UsageError: one has no number or can't be a score, or there are no baselines.
    """
    from lstmcli.metrics.limits import Limit, Limits

    if below and not baselines:
        raise UsageError(f"--fail-below {below[0]}: needs the baselines, which --no-baselines leaves out.")
    given = {"--fail-under": under or [], "--fail-over": over or []}
    parsed = {option: tuple(Limit(*_parsed(option, word)) for word in words) for option, words in given.items()}
    for option, limits in parsed.items():
        for limit in limits:
            _check_start(option, limit.name)
    return Limits(parsed["--fail-under"], parsed["--fail-over"], tuple(each.value for each in below or []))


def _parsed(option: str, word: str) -> tuple[str, float]:
    """Return ("macro_f1", 0.8) for "macro_f1=0.8" and for "macro_f1=80%"; a name may contain "="."""
    name, _, number = word.rpartition("=")
    try:
        value = float(number.removesuffix("%")) / (100.0 if number.endswith("%") else 1.0)
    except ValueError:
        value = float("nan")
    if not name or value != value:
        raise UsageError(f"{option} {word}: expected SCORE=X with a number, such as macro_f1=0.8.")
    return name, value


def _check_start(option: str, name: str) -> None:
    """Refuse a score that no evaluation has, before a cross-validation trains for hours."""
    from lstmcli.config.settings import SCORES_BY_KIND
    from lstmcli.metrics.further import FURTHER_SCORES, OF_EACH_LABEL
    from lstmcli.metrics.limits import CALIBRATION_ERROR, OF_LABELS, SLICES
    from lstmcli.metrics.rank_scores import RANK_SCORES

    by_kind = (*SCORES_BY_KIND.values(), *FURTHER_SCORES.values(), RANK_SCORES)
    scores = list(dict.fromkeys(score for scores in by_kind for score in scores))
    of_labels = [*OF_LABELS, *OF_EACH_LABEL]
    starts = [*scores, CALIBRATION_ERROR, *of_labels, *(choice.value for choice in BaselineChoice), SLICES]
    if name.partition(".")[0] not in starts:
        forms = [f"{score}.LABEL" for score in of_labels]
        forms += [f"{choice.value}.SCORE" for choice in BaselineChoice]
        known = ", ".join([*scores, CALIBRATION_ERROR, *forms, f"{SLICES}.COLUMN.VALUE.SCORE"])
        raise UsageError(f"{option} {name}: there is no such score.{did_you_mean(name, starts)} Scores: {known}.")


def check_limits(limits: "Limits", scored: "AnyScored") -> None:
    """Say which limits are missed, in one line.

    Raises:
        typer.Exit: one is, with LIMIT_MISSED.
        UsageError: see `failures`.
    """
    missed: Sequence[str] = _missed(limits, scored)
    if missed:
        say(f"failed   {'; '.join(missed)}")
        raise typer.Exit(LIMIT_MISSED)


def _missed(limits: "Limits", scored: "AnyScored") -> list[str]:
    if not (limits.under or limits.over or limits.below):
        return []
    from lstmcli.metrics.baseline_names import SHORT_NAMES
    from lstmcli.metrics.limits import failures
    from lstmcli.metrics.score_evaluation import ScoreEvaluation
    from lstmcli.metrics.score_limits import score_failures

    if isinstance(scored.evaluation, ScoreEvaluation):
        return score_failures(limits, scored.evaluation)
    return failures(limits, scored.evaluation, SHORT_NAMES)
