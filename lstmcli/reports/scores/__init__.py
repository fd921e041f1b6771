"""Reports of models that predict scores instead of labels."""
