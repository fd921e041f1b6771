"""Decisions, scores with intervals, thresholds, calibration and baselines."""
