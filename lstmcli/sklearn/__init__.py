"""The scikit-learn estimators: `from lstmcli import LSTMClassifier, LSTMRegressor`."""

from lstmcli.sklearn.classifier import LSTMClassifier
from lstmcli.sklearn.regressor import LSTMRegressor

__all__ = ["LSTMClassifier", "LSTMRegressor"]
