"""Texts described by the words of lexicons."""
