"""Which words of a text speak for a label, to the whole predictor: the network and the n-grams as they are mixed."""
