"""Faster predictions: a small network that imitates a model, and when it, or the n-grams, may answer alone."""
