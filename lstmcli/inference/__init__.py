"""Prediction in numpy, never torch: a saved model, token ids to probabilities, texts to labels."""
