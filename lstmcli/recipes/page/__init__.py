"""A model as a page."""
