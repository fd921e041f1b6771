"""`lstmcli page`: one HTML file that runs the model of a run in a browser."""

from pathlib import Path

from lstmcli.errors import UsageError
from lstmcli.reports.page.content import content_of
from lstmcli.reports.page.html import page_of
from lstmcli.store.layout import MODEL_FOLDER
from lstmcli.store.model import SavedModel, read_label_model

# In bytes; phones run out of memory with much more, since a page unpacks to several times its size.
MAX_PAGE_BYTES = 40_000_000

# A number of a table takes at least about this many bytes in a page, so that a far too large model is refused at once.
LEAST_BYTES = 0.5


def make_page(run: Path) -> str:
    """Return the page of the model of `run`, the same for the same model and version of lstmcli.

    Raises:
        UsageError: the page would be too large, its labels are ordered, or the model reads more than a text.
        RunDirectoryError: see `read_model`.
    """
    model = read_label_model(run, "lstmcli page")
    if model.labels.is_ordered:
        raise UsageError(
            f"{run}: predicts ordered labels, which the page can't compute; use lstmcli predict or explain."
        )
    if model.features is not None and model.features.lexicons:
        raise UsageError(f"{run}: counts the words of lexicons, which a page does not; train without data.lexicons.")
    if model.features is not None or model.columns.text_before:
        raise UsageError(f"{run}: reads more than one column of a row, and a page has one field for a text.")
    _check_size(run, LEAST_BYTES * _num_numbers(model), "at least ")
    model.check_tables()
    page = page_of(content_of(model), _name_of(run))
    _check_size(run, len(page.encode()), "")
    return page


def _name_of(run: Path) -> str:
    path = run.resolve()
    return path.parent.name if path.name == MODEL_FOLDER else path.name


def _num_numbers(model: SavedModel) -> int:
    """Return the number of word vectors' values and of weights; of the n-grams, most rows may be unused."""
    return sum(value.size for member in model.members for value in member.values())


def _check_size(run: Path, num_bytes: float, least: str) -> None:
    if num_bytes > MAX_PAGE_BYTES:
        raise UsageError(
            f"{run}: the page of this model would have {least}{num_bytes / 1e6:.0f} MB, more than the "
            f"{MAX_PAGE_BYTES / 1e6:.0f} MB that phones can run. Train a smaller model: fewer networks, or a smaller "
            "vocabulary.max_words."
        )
