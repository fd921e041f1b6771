"""The linear model over n-grams that is combined with the network: features, fitting, scoring, table."""
