"""Opening trained models in Python: `lstmcli.load(run)`."""

import os
from pathlib import Path

from lstmcli.api.model import Model
from lstmcli.api.score_model import ScoreModel
from lstmcli.store.model import read_model


def load(run: str | os.PathLike[str]) -> "Model":
    """Open a trained model, without loading torch.

    Args:
        run: a run directory that `lstmcli train` has written, or its folder `model/`, which may have been copied
            elsewhere.

    Raises:
        LstmcliError: there is no model, a file of it is missing or damaged, or a newer lstmcli wrote it.

    Example:
        >>> model = lstmcli.load("runs/demo")
        >>> model.predict(["i miss her so much"])
        ['sadness']
    """
    path = Path(run)
    saved = read_model(path)
    return Model(saved, path) if saved.scores is None else ScoreModel(saved, path)
