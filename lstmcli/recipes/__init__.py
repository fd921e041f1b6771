"""Each command from start to finish: the only place that combines data, text and models."""
