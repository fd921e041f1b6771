"""How results for people may look on standard output."""

import os
import shutil
import sys
from typing import TYPE_CHECKING

from lstmcli.cli.process import is_terminal

if TYPE_CHECKING:
    from lstmcli.reports.inspection.cells import Style

MIN_WIDTH = 40


def output_style(*, no_color: bool) -> "Style":
    """Return what standard output can show. A pipe gets 80 columns and no colours."""
    from lstmcli.reports.inspection.cells import BLOCKS, ELLIPSIS, Style

    on_terminal = is_terminal(sys.stdout)
    wants_color = not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = max(MIN_WIDTH, shutil.get_terminal_size((80, 24)).columns) if on_terminal else 80
    try:
        (BLOCKS + ELLIPSIS).encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return Style(width, on_terminal and wants_color, is_unicode=False)
    return Style(width, on_terminal and wants_color)
