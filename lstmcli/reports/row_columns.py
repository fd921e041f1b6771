"""What a model card says of all that is read of a row."""

from collections.abc import Iterator, Sequence

from lstmcli.config.model_settings import DataSettings
from lstmcli.reports.markdown import bullets, escape_markdown
from lstmcli.reports.wording import joined


def row_paragraphs(columns: DataSettings, beside: Sequence[str]) -> Iterator[str]:
    """Yield paragraphs on columns before the text, weights, and what is `beside` the text, in a few words each."""
    if columns.text_before and columns.train is not None:
        before = joined([f'"{escape_markdown(name)}"' for name in columns.text_before])
        yield f"Before each text, it reads {before}, which may be empty."
    if columns.weight is not None:
        yield f'Training rows were weighted by the column "{escape_markdown(columns.weight)}"; scored ones were not.'
    if beside:
        yield "Its linear part also reads these columns of a row:"
        yield bullets(map(escape_markdown, beside))
