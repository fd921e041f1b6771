"""Checks what is wanted besides scores before an evaluation starts, and adds it once there are scores."""

from collections.abc import Sequence

from lstmcli.config.model_settings import DataSettings
from lstmcli.config.settings import EvaluationSettings
from lstmcli.corpus.label_set import LabelSet
from lstmcli.errors import UsageError
from lstmcli.recipes.evaluation.rows import check_rows, write_rows
from lstmcli.recipes.evaluation.slices import check_slices, with_score_slices, with_slices
from lstmcli.recipes.evaluation.suspects import check_suspects, with_suspects
from lstmcli.recipes.evaluation.wanted import Extras
from lstmcli.recipes.levels.labels import check_maps, with_levels
from lstmcli.recipes.levels.people import check_people
from lstmcli.recipes.score import ScoredRows
from lstmcli.recipes.scores.score import ScoredNumbers
from lstmcli.recipes.tasks.reporting import AnyScored


def check_extras(
    extras: Extras, paths: Sequence[str], settings: DataSettings, labels: LabelSet, *, has_folds: bool = False
) -> None:
    """Check what can be checked before anything is computed.

    Args:
        extras: what is wanted.
        paths: of the rows, see `read_examples`.
        settings: see `read_examples`.
        labels: of the model.
        has_folds: whether the rows are those of a cross-validation.

    Raises:
        LstmcliError: it can't be had.
    """
    if labels.kind == "scores":
        _refuse_for_scores(extras)
    if extras.rows is not None:
        check_rows(extras.rows, paths, settings, labels, has_folds=has_folds)
    check_slices(extras.slices, paths, settings)
    if extras.suspects is not None:
        check_suspects(extras.suspects, paths[0], settings)
    check_maps(extras, labels)
    if extras.by is not None:
        check_people(labels)


def _refuse_for_scores(extras: Extras) -> None:
    wanted = {
        "--map": extras.maps,
        "--suspects": extras.suspects,
        "--variants": extras.variants,
    }
    given = [option for option, values in wanted.items() if values]
    if given:
        raise UsageError(f"{', '.join(given)}: for models of labels; this one predicts scores.")


def add_extras(
    extras: Extras, scored: AnyScored, paths: Sequence[str], settings: DataSettings, evaluation: EvaluationSettings
) -> AnyScored:
    """Return the scored rows with what is wanted in their evaluation, after files are written.

    Raises:
        DataError: a file can't be written, or the rows have changed.
    """
    if extras.slices and isinstance(scored, ScoredRows):
        scored = with_slices(extras.slices, scored, paths, settings, evaluation)
    if extras.slices and isinstance(scored, ScoredNumbers):
        scored = with_score_slices(extras.slices, scored, paths, settings, evaluation)
    if extras.suspects is not None and isinstance(scored, ScoredRows):
        scored = with_suspects(extras.suspects, scored, paths[0], settings)
    if extras.maps and isinstance(scored, ScoredRows):
        scored = with_levels(extras, scored, evaluation)
    if extras.rows is not None:
        write_rows(extras.rows, scored, paths, settings)
    return scored
