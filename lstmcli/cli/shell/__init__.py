"""Completion scripts and the manual page, which work without starting the tool."""
