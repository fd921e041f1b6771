"""The linear model over n-grams beside the network: features, fit, score, table."""
