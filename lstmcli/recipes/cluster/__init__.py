"""Prediction on a cluster: parts of the inputs, each answered by whoever is free, into one folder."""
