"""How long to train where the user does not say: a rule by corpus size, in one place."""

import math

from lstmcli.config.settings import TrainingSettings

# Small corpora need many passes to get enough updates; large ones have learned what they can after a few.
WANTED_UPDATES = 1500
MIN_EPOCHS = 6
MAX_EPOCHS = 30

# Long texts make every pass expensive: beyond this many tokens only MIN_EPOCHS are worth their time.
MAX_TOKENS = 6_000_000


def num_epochs_for(num_rows: int, num_tokens: int, settings: TrainingSettings) -> int:
    """Return `training.epochs`, or by the size of the training rows how many passes to make.

    As many as make about WANTED_UPDATES updates without reading more than MAX_TOKENS, within MIN_EPOCHS and MAX_EPOCHS.

    Args:
        num_rows: training texts.
        num_tokens: tokens in them.
        settings: batch size, and `epochs` if the user has set it.
    """
    if settings.epochs is not None:
        return settings.epochs
    updates_per_epoch = math.ceil(num_rows / settings.batch_size)
    wanted = min(math.ceil(WANTED_UPDATES / updates_per_epoch), MAX_TOKENS // num_tokens)
    return min(MAX_EPOCHS, max(MIN_EPOCHS, wanted))
