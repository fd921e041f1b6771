"""A first look at the inputs of a training, which finds a wrong name of a file or a column in no time.

What reads and trains in earnest takes seconds to be loaded; this needs nothing of it.
"""

from pathlib import Path

from lstmcli.config.model_settings import DataSettings
from lstmcli.config.settings import Config
from lstmcli.corpus.columns import CellSelector
from lstmcli.data.reading import check_exist, open_records


def look_at_rows(config: Config, *, with_test: bool) -> None:
    """Look at the first row of each file of labelled rows; `with_test`: of `data.test` too.

    Raises:
        DataError: a file is missing or can't be read, or lacks a column.
    """
    data = config.data
    files = {data.train: data.soft_labels > 0.0, data.validation: False}
    if with_test:
        files[data.test] = False
    for path, soft in files.items():
        if path is not None:
            _look_at_first_row(path, data, soft=soft)


def look_at_texts(config: Config) -> None:
    """Look whether the files of texts are there.

    Raises:
        DataError: one is not.
    """
    check_exist(config.pretraining.texts)


def _look_at_first_row(path: str, settings: DataSettings, *, soft: bool) -> None:
    check_exist([path])
    if not Path(path).is_file():  # a pipe can be read only once
        return
    with open_records(path, format_name=settings.format, encoding=settings.encoding) as source:
        record = next(source.records, None)
        if record is not None and not record.is_malformed:
            CellSelector(source, settings, soft=soft).select(record)
