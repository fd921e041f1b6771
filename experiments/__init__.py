"""What the default recipe was chosen by: variants of a training, with several seeds each, and tables of scores."""
