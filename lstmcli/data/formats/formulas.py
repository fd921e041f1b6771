"""Cells that a spreadsheet would run as formulas, turned into text."""

import re
from collections.abc import Iterable

# What Excel, LibreOffice or Google Sheets take for the start of a formula, after spaces and quotes, which some imports
# strip (OWASP, "CSV Injection"). The last four are the full-width forms.
FORMULA = re.compile(r"[ \"']*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")

# Calculates nothing: "-1.5", "+3", "-2e5", "-10%".
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?")


def escape_formulas(cells: Iterable[str]) -> list[str]:
    """Return the cells with an apostrophe before each that a spreadsheet could run; numbers are left as they are."""
    return [f"'{cell}" if FORMULA.match(cell) and not NUMBER.fullmatch(cell) else cell for cell in cells]
