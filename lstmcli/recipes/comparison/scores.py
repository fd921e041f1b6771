"""Compares two models of scores on the rows of a file."""

from pathlib import Path

from lstmcli.corpus.scores import score_targets
from lstmcli.errors import DataError, UsageError
from lstmcli.metrics.score_paired import compare_scores
from lstmcli.recipes.comparison.sides import digest_of
from lstmcli.recipes.evaluate import ColumnOverrides, open_rows
from lstmcli.reports.event_lines import describe_dropped, describe_overlap
from lstmcli.reports.scores.comparison import ScoreOutcome
from lstmcli.store.model import read_model


def predict_scores(first: Path, second: Path) -> bool:
    """Return whether both models predict scores, not labels; see `read_model` for errors."""
    return all(read_model(run).scores is not None for run in (first, second))


def compare_score_runs(first: Path, second: Path, path: str, overrides: ColumnOverrides) -> ScoreOutcome:
    """Predict the rows of `path` with both models; arguments as for `compare_runs`.

    Raises:
        UsageError: the models predict different scores.
        LstmcliError: see `evaluate_file`.
        DataError: the models can't use the same rows.
    """
    opened = [open_rows(run, path, overrides) for run in (first, second)]
    names, others = (each.predictor.model.labels.names for each in opened)
    if names != others:
        raise UsageError(f"{first} and {second}: predict different scores ({', '.join(names)}; {', '.join(others)}).")
    examples = [each.examples for each in opened]
    texts = [list(each.texts) for each in examples]
    if texts[0] != texts[1]:
        raise DataError(f"{first} and {second}: read different rows of {path}; name the same column with --text.")
    targets = score_targets(examples[0])
    values = [each.predictor.probabilities(own) for each, own in zip(opened, texts, strict=True)]
    groups = examples[0].groups if examples[0].groups is not None else examples[1].groups
    overlaps = [describe_overlap(*overlap) for each in opened for overlap in each.overlaps or ()]
    return ScoreOutcome(
        str(first),
        str(second),
        examples[0].name,
        digest_of(zip(texts[0], targets.tolist(), strict=True)),
        compare_scores(targets, values[0], values[1], names, groups=groups),
        tuple(dict.fromkeys([*describe_dropped(examples[0].report), *overlaps])),
    )
