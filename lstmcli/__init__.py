"""Train, evaluate and run LSTM text classifiers from CSV files."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstmcli.api import Model, ScoreModel, TrainingResult, load, train
    from lstmcli.errors import LstmcliError
    from lstmcli.sklearn import LSTMClassifier, LSTMRegressor

__version__ = "0.1.0"

__all__ = [
    "LSTMClassifier",
    "LSTMRegressor",
    "LstmcliError",
    "Model",
    "ScoreModel",
    "TrainingResult",
    "load",
    "train",
]

# Where each name is found when it is first asked for: importing the package loads no library.
_HOMES = {
    "LstmcliError": "lstmcli.errors",
    "LSTMClassifier": "lstmcli.sklearn",
    "LSTMRegressor": "lstmcli.sklearn",
    "Model": "lstmcli.api",
    "ScoreModel": "lstmcli.api",
    "TrainingResult": "lstmcli.api",
    "load": "lstmcli.api",
    "train": "lstmcli.api",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    from lstmcli.dependencies import naming_missing_package

    with naming_missing_package(f"lstmcli.{name}"):
        found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
