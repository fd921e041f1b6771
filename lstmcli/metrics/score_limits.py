"""Limits on the figures of an evaluation of scores; see `limits`."""

from lstmcli.errors import UsageError
from lstmcli.metrics.baseline_names import NGRAMS_NAME
from lstmcli.metrics.estimates import Estimate
from lstmcli.metrics.limits import Limits, check_baseline, check_names
from lstmcli.metrics.score_baselines import MEAN_NAME, RIDGE_NAME
from lstmcli.metrics.score_evaluation import FIGURES, ScoreEvaluation
from lstmcli.metrics.scores import LOWER_IS_BETTER

# How the baselines are called where a name is typed: as the ones of labels that are nearest to them.
SHORT_NAMES = {MEAN_NAME: "majority", RIDGE_NAME: "tfidf", NGRAMS_NAME: "ngrams"}


def score_scalars(evaluation: ScoreEvaluation) -> dict[str, float | None]:
    """Return all figures by name, None where one is not defined.

    Those of the model have their own names ("r2"); those of one score come with its name ("r2.valence"), those of a
    baseline after its short name ("tfidf.r2").
    """
    model, *others = evaluation.scores
    found = {name: _value(each) for name, each in evaluation.scores[model].items()}
    for one in evaluation.each_score[model]:
        for figure in FIGURES:
            found[f"{figure}.{one.name}"] = _value(getattr(one, figure))
    for other in others:
        if other in SHORT_NAMES:
            scores = evaluation.scores[other].items()
            found |= {f"{SHORT_NAMES[other]}.{name}": _value(each) for name, each in scores}
    return found


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value


def score_failures(limits: Limits, evaluation: ScoreEvaluation) -> list[str]:
    """Return what the model has not reached, in words.

    Raises:
        UsageError: there is no such figure or baseline.
    """
    values = score_scalars(evaluation)
    _check_directions(limits, list(values))
    found = []
    for option, wanted, sign in (("--fail-under", limits.under, 1.0), ("--fail-over", limits.over, -1.0)):
        for limit in wanted:
            value = values[limit.name]
            if value is None:
                found.append(f"{limit.name} is not defined on these rows ({option})")
            elif sign * value < sign * limit.value:
                found.append(f"{limit.name} {value:.4f} is {option.removeprefix('--fail-')} {limit.value:g} ({option})")
    return found + _below(limits, evaluation, values)


def _check_directions(limits: Limits, names: list[str]) -> None:
    """Check the names of limits; that of a score comes after its figure ("mae.valence"), unlike in `check_names`."""
    both = limits.under + limits.over
    unknown = tuple(limit for limit in both if limit.name not in names)
    by_figure = {limit.name: _figure_of(limit.name) for limit in both if limit not in unknown}
    check_names(Limits(under=unknown), names)
    for option, wanted in (("--fail-under", limits.under), ("--fail-over", limits.over)):
        for limit in wanted:
            less_is_better = by_figure[limit.name] in LOWER_IS_BETTER
            if less_is_better != (option == "--fail-over"):
                more_or_less, other = ("less", "--fail-over") if less_is_better else ("more", "--fail-under")
                raise UsageError(f"{option} {limit.name}: {more_or_less} of it is better; use {other}.")


def _figure_of(name: str) -> str:
    first, _, rest = name.partition(".")
    return rest if first in SHORT_NAMES.values() else first


def _below(limits: Limits, evaluation: ScoreEvaluation, values: dict[str, float | None]) -> list[str]:
    """Return the baselines that the model does not reach, see `score_failures`."""
    found, main = [], evaluation.main_score
    held = [short for name, short in SHORT_NAMES.items() if name in evaluation.scores]
    for short in limits.below:
        check_baseline(short, held)
        ours, theirs = values[main], values[f"{short}.{main}"]
        if ours is None or theirs is None:
            found.append(f"{main} is not defined on these rows (--fail-below)")
        elif ours < theirs:
            found.append(f"{main} {ours:.4f} is below {theirs:.4f} of {short} (--fail-below)")
    return found
