"""Measures what each part of the default recipe contributes: variants with several seeds, and tables of scores."""
