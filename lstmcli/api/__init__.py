"""The Python interface: `lstmcli.load(run).predict(texts)` and `lstmcli.train(settings)`."""

from lstmcli.api.loading import load
from lstmcli.api.model import Model
from lstmcli.api.score_model import ScoreModel
from lstmcli.api.training import TrainingResult, train

__all__ = ["Model", "ScoreModel", "TrainingResult", "load", "train"]
