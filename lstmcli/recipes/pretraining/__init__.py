"""`lstmcli pretrain`: learn from unlabelled texts, for a classifier to start from."""

from lstmcli.config.settings import Config
from lstmcli.events import Tell, ignore
from lstmcli.recipes.pretraining.distill import distill
from lstmcli.recipes.pretraining.next_word import learn_next_word, pretrain_within
from lstmcli.stopping import NEVER, Stop
from lstmcli.store.run import OpenRun
from lstmcli.training.processes import ALONE, Processes

__all__ = ["pretrain", "pretrain_within"]


def pretrain(
    config: Config, run: OpenRun, *, tell: Tell = ignore, stop: Stop = NEVER, processes: Processes = ALONE
) -> None:
    """Learn the vectors of the teacher that `config` names, or else to predict the next word; write all into `run`.

    Several `processes` must all call it; those after the first one with a `FollowedRun`.

    Raises:
        LstmcliError: a mistake that the user can fix; an existing run is left unchanged.
        InterruptedRunError: `stop` was set; the state is saved.
    """
    if config.pretraining.teacher is None:
        learn_next_word(config, run, tell=tell, stop=stop, processes=processes)
    else:
        distill(config, run, tell=tell, stop=stop)
