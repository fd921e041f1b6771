"""Writes the three files of a report into a folder of their own."""

import json
from collections.abc import Mapping
from pathlib import Path

from lstmcli.data.atomic import atomic_path, unwritable_parent
from lstmcli.errors import DataError
from lstmcli.reports.files import to_html, to_json, to_markdown
from lstmcli.reports.report_page.content import ReportContent
from lstmcli.store.layout import CONFIG_FILE, HTML_FILE, MARKDOWN_FILE, METRICS_FILE


def check_reports(folder: Path) -> None:
    """Check that reports can be written into `folder`, before anything is computed for them; nothing is changed.

    Raises:
        DataError: it can't be created or written, or contains other reports.
    """
    if (folder / CONFIG_FILE).exists():
        raise DataError(f"{folder}: is a run directory, whose reports would be overwritten; choose another --output.")
    if folder.is_file():
        raise DataError(f"{folder}: is a file; --output names a folder for the reports.")
    obstacle = unwritable_parent(folder)
    if obstacle is not None:
        raise DataError(f"{folder}: can't be written (no file can be created in {obstacle}).")
    there = [name for name in (METRICS_FILE, MARKDOWN_FILE, HTML_FILE) if (folder / name).exists()]
    if there and not _is_evaluation(folder / METRICS_FILE):
        raise DataError(
            f"{folder}: contains a {there[0]} that `lstmcli evaluate` did not write; choose another --output."
        )


def _is_evaluation(metrics: Path) -> bool:
    try:
        return "evaluations" in json.loads(metrics.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def write_contents(folder: Path, content: ReportContent) -> None:
    """Write metrics.json, report.md and report.html into `folder`, creating it if necessary.

    Raises:
        DataError: the folder can't be created or written.
    """
    contents = {
        METRICS_FILE: to_json(content.evaluations, content.facts, content.source),
        MARKDOWN_FILE: to_markdown(content),
        HTML_FILE: to_html(content),
    }
    write_files(folder, contents)


def write_files(folder: Path, contents: Mapping[str, str]) -> None:
    """Write files, given by name, into `folder`, creating it if necessary.

    Raises:
        DataError: the folder can't be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: can't be created ({error.strerror}).") from None
    for name, text in contents.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
