"""The linear model of a training: n-grams, and what rows have beside their texts."""
