"""Text from elsewhere, escaped for Markdown."""

import re
from collections.abc import Iterable, Sequence

from lstmcli.visible import visible

# HTML is escaped with entities, which every dialect of Markdown understands; not all know a backslash before "<".
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

# Characters that start something inside a line: emphasis, code, cells, and links such as [x](y), which end in "](". So
# do addresses, which GitHub's dialect turns into links by itself. Brackets alone mean nothing, and intervals have them.
SPECIAL = re.compile(r"[&<>]|[\\`*_|~$#@]|\](?=[\[(:])|:(?=//)|(?<=www)\.", re.IGNORECASE)


def escape_markdown(text: str) -> str:
    """Return Markdown that shows `text` as one line of plain text, within a paragraph, a heading or a cell."""
    return SPECIAL.sub(lambda match: ENTITIES.get(match[0], f"\\{match[0]}"), visible(text))


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]], num_names: int = 1) -> str:
    """Return a table, whose cells are escaped; those after the first `num_names` columns are figures."""
    header, *lines = ([escape_markdown(cell) for cell in line] for line in (columns, *rows))
    rule = ["---"] * num_names + ["---:"] * (len(header) - num_names)
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, rule, *lines])


def bullets(sentences: Iterable[str]) -> str:
    """Return sentences as a list."""
    return "\n".join(f"- {sentence}" for sentence in sentences)
