"""Labelled texts: read, checked, split, and turned into targets and token ids."""
