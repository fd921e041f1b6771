"""What recipes do for models of scores where those of labels differ."""
