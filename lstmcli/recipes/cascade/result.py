"""What `lstmcli predict --fast` has found out before it predicts."""

from typing import NamedTuple

from lstmcli.metrics.first_stage import FirstStage


class Fast(NamedTuple):
    """What `--fast` has found.

    Attributes:
        agreement: that is wanted.
        stage: None if the whole model answers all rows.
        note: for the user.
    """

    agreement: float
    stage: FirstStage | None
    note: str
