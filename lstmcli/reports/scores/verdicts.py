"""The verdicts of an evaluation of scores in sentences."""

from lstmcli.errors import counted
from lstmcli.metrics.evaluation import Comparison
from lstmcli.metrics.score_evaluation import ScoreEvaluation
from lstmcli.reports.scores.titles import TITLES
from lstmcli.reports.verdicts import MIN_DRAWN, NGRAMS_VERDICTS, VERDICTS

OPTIMISM = (
    "The best epoch and the mixture were chosen on these rows, and prediction intervals come from them, so the model's "
    "figures here are somewhat optimistic. For unbiased ones, use rows that training never saw (data.test or lstmcli "
    "evaluate)."
)


def score_verdicts(evaluation: ScoreEvaluation) -> list[str]:
    """Return one sentence per other system on whether the model differs from it significantly, then any caveats."""
    num_drawn = evaluation.num_rows if evaluation.num_groups is None else evaluation.num_groups
    if num_drawn < MIN_DRAWN and evaluation.comparisons:
        what = "row" if evaluation.num_groups is None else "group"
        sentences = [f"{counted(num_drawn, what)}: too few for a verdict or for reliable intervals."]
    else:
        sentences = [_verdict(comparison) for comparison in evaluation.comparisons]
    return [*sentences, *evaluation.notes, *([OPTIMISM] if evaluation.is_tuned_on else [])]


def _verdict(comparison: Comparison) -> str:
    difference = comparison.difference
    amount = (
        f"{difference.value:+.3f} in {TITLES[comparison.score]} (interval {difference.low:+.3f} to "
        f"{difference.high:+.3f})"
    )
    sentences = NGRAMS_VERDICTS if comparison.added_to_ngrams else VERDICTS
    added, other = comparison.added_to_ngrams, comparison.other
    return sentences[comparison.verdict].format(added=added, other=other, amount=amount)
