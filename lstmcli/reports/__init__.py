"""What people read: console lines and tables, JSON, Markdown and HTML, all from the same dataclasses."""
