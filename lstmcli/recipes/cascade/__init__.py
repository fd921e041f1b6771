"""Faster predictions: when the n-grams of a model may answer alone."""
