"""The classifier as a scikit-learn estimator: `from lstmcli import LSTMClassifier`."""

from lstmcli.sklearn.classifier import LSTMClassifier

__all__ = ["LSTMClassifier"]
