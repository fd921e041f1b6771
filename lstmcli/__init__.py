"""Train, evaluate and run LSTM text classifiers from CSV files."""

__version__ = "0.1.0"
