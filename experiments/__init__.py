"""What each part of the default recipe is worth: variants of a training with several seeds, and tables of scores."""
