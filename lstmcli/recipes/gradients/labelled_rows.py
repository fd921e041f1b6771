"""Reads the texts of a file with their labels if it has labels, else with the labels that the model predicts."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings
from lstmcli.data.reading import STANDARD_INPUT, Layout, check_exist, input_layout, open_records
from lstmcli.inference.predictor import Predictor
from lstmcli.recipes.inspection.rows import RowOptions, read_rows
from lstmcli.store.model import SavedModel


@dataclass(frozen=True)
class LabelledRows:
    """Texts with targets, (texts, labels). `num_skipped` rows could not be used, `num_left_out` were not wanted."""

    name: str
    texts: list[str]
    targets: NDArray[np.bool_]
    has_labels: bool
    num_skipped: int
    num_left_out: int


def read_labelled_rows(path: str, options: RowOptions, model: SavedModel, most: int) -> LabelledRows:
    """Read the first `most` texts of `path`.

    Raises:
        DataError: it can't be read, or has no text.
    """
    check_exist([path])
    settings = _settings(path, options, model.columns)
    if path != STANDARD_INPUT and not Path(path).is_fifo() and _has_labels(path, settings):
        return _labelled(path, settings, model, most)
    rows = read_rows(path, options, model.columns)
    texts = list(rows.texts[:most])
    targets = Predictor(model).predict(texts).decisions
    return LabelledRows(rows.name, texts, targets, False, rows.num_skipped, len(rows.texts) - len(texts))


def _settings(path: str, options: RowOptions, trained: DataSettings) -> DataSettings:
    layout = input_layout(path, Layout(options.format_name, options.encoding), Layout(trained.format, trained.encoding))
    return replace(
        trained,
        format=layout.format_name,  # type: ignore[arg-type]  # one of the names
        encoding=str(layout.encoding),
        text=options.column or trained.text,
    )


def _has_labels(path: str, settings: DataSettings) -> bool:
    with open_records(path, format_name=settings.format, encoding=settings.encoding) as source:
        columns = source.columns
        if columns is None:
            first = next(iter(source.records), None)
            columns = () if first is None else first.columns
    return {settings.text, *(settings.labels or [settings.label])} <= set(columns)


def _labelled(path: str, settings: DataSettings, model: SavedModel, most: int) -> LabelledRows:
    from lstmcli.corpus.examples import read_examples  # loads pandas
    from lstmcli.corpus.targets import label_targets

    may_be_empty = settings.label_separator is not None and not model.rule.at_least_one
    settings = replace(settings, unlabelled="keep" if may_be_empty else "drop")
    examples = read_examples(path, settings, known_labels=model.labels.names, needs_group=False)
    texts, targets = list(examples.texts), label_targets(examples, model.labels)
    num_skipped = examples.num_rows - len(texts)
    return LabelledRows(examples.name, texts[:most], targets[:most], True, num_skipped, max(0, len(texts) - most))
