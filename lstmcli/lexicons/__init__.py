"""Lexicons of the user's own: reading their files, and counting their words in texts."""
