"""How long to train where the user does not say: a rule by corpus size, in one place."""

import math

from lstmcli.config.settings import TrainingSettings

# Small corpora need many passes to get enough updates; large ones have learned what they can after a few.
WANTED_UPDATES = 1500
MIN_EPOCHS = 6
MAX_EPOCHS = 30


def num_epochs_for(num_rows: int, settings: TrainingSettings) -> int:
    """Return `training.epochs`, or as many as make about WANTED_UPDATES updates, within MIN_EPOCHS and MAX_EPOCHS."""
    if settings.epochs is not None:
        return settings.epochs
    updates_per_epoch = math.ceil(num_rows / settings.batch_size)
    return min(MAX_EPOCHS, max(MIN_EPOCHS, math.ceil(WANTED_UPDATES / updates_per_epoch)))
