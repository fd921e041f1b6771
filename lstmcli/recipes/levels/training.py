"""`decision.level=group`: what a training does about answers for whole groups of texts."""

from collections.abc import Sequence

from lstmcli.config.settings import Config
from lstmcli.config.thresholds import check_label_names
from lstmcli.corpus.corpus import Corpus
from lstmcli.events import Note, Tell
from lstmcli.recipes.levels.people import check_groups, with_people
from lstmcli.recipes.score import ScoredRows
from lstmcli.recipes.tasks.reporting import AnyScored
from lstmcli.store.model import SavedModel

# The sentences on what more texts bring come last.
NUM_SENTENCES = 2


def check_decision(config: Config, corpus: Corpus) -> None:
    """Check that the labels with thresholds exist, and that groups of rows can be answered, if that is wanted.

    Raises:
        ConfigError: there is no such label.
        DataError: no row has a group, or the rows of one have different labels.
    """
    check_label_names(config.decision.thresholds, corpus.labels.names)
    if config.decision.level == "group":
        splits = [corpus.validation] if corpus.test is None else [corpus.validation, corpus.test]
        check_groups(str(config.data.group), splits, corpus.labels)


def with_groups(config: Config, scored: Sequence[AnyScored], model: SavedModel, tell: Tell) -> list[AnyScored]:
    """Return the rows with an evaluation of groups, if the model has a rule for them, and tell what these gain."""
    if model.group_rule is None:
        return list(scored)
    by = str(config.data.group)
    found = [with_people(by, each, model.rule, config.evaluation) for each in scored if isinstance(each, ScoredRows)]
    for note in found[-1].levels[-1].notes[-NUM_SENTENCES:]:
        tell(Note(note))
    return [*found]
