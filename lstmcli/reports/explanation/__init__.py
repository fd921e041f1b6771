"""Explanations as cells of a row, on a terminal, and as a page."""
