"""The sections of a report, each a function from the content to blocks. `page.py` says in which order."""
