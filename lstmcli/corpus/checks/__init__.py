"""A look at labelled rows before a training: what is probably a mistake, where, and what to do."""
