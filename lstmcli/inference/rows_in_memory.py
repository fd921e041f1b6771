"""Rows passed by a Python program: texts of one or several columns, and what is read beside them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.feature_cells import BadFeatureError, number_of, wanted_features
from lstmcli.data.row_text import RowText, joined_texts
from lstmcli.inference.given_texts import check_collection, is_missing

# What a text is where several columns are joined: itself, or with what comes before it.
GivenText = str | Sequence[str | None]


def given_rows(
    settings: DataSettings, texts: Iterable[GivenText], features: Mapping[str, Iterable[Any]] | None
) -> Iterable[Any]:
    """Return texts as a model reads them, lazily; wrong types among them are left to `text_blocks`.

    Args:
        settings: the columns that the model reads.
        texts: a str each; or where several columns are joined, perhaps a tuple of all of them in order, of which those
            before the text may be None.
        features: the values of each column beside the text; None: all of them are missing.

    Raises:
        TypeError: `texts` are no collection, or there are features, but the model reads none.
        ValueError: a column is missing. While the rows are read: there are more or fewer values than texts, or one is
            not what it should be.
    """
    wanted = wanted_features(settings)
    if features is not None and not wanted:
        raise TypeError("expected no features: this model reads nothing beside the text (data.features)")
    if not wanted and not settings.text_before:
        return texts
    check_collection(texts)
    num_columns = len(settings.text_before) + 1
    joined = (_joined(text, number, num_columns) for number, text in enumerate(texts))
    return joined if not wanted else _with_features(joined, wanted, features)


def _joined(text: Any, number: int, num_columns: int) -> Any:
    if num_columns == 1:
        return text
    if isinstance(text, str):
        return joined_texts([""] * (num_columns - 1) + [text])
    parts = ["" if is_missing(part) else part for part in text] if isinstance(text, tuple | list) else []
    if len(parts) != num_columns or not all(isinstance(part, str) for part in parts):
        raise TypeError(f"expected a text, or a tuple of {num_columns} texts, but texts[{number}] is {text!r:.80}")
    return joined_texts(parts)


def _with_features(
    texts: Iterable[Any], wanted: Sequence[tuple[str, str | None]], features: Mapping[str, Iterable[Any]] | None
) -> Iterator[Any]:
    if features is None:
        return (RowText(text, [""] * len(wanted)) if isinstance(text, str) else text for text in texts)
    missing = [name for name, _ in wanted if name not in features]
    if missing:
        raise ValueError(f"expected features {', '.join(name for name, _ in wanted)}, but there is no {missing[0]!r}")
    columns = [
        [_cell(value, name, kind, number) for number, value in enumerate(features[name])] for name, kind in wanted
    ]
    return _zipped(texts, list(zip(*columns, strict=False)), {len(column) for column in columns})


def _zipped(texts: Iterable[Any], rows: Sequence[tuple[str, ...]], sizes: set[int]) -> Iterator[Any]:
    number = -1
    for number, text in enumerate(texts):
        if number < len(rows):
            yield RowText(text, rows[number]) if isinstance(text, str) else text
    if sizes != {number + 1}:
        raise ValueError(
            f"expected as many values of each feature as texts, got {number + 1:,} texts and {max(sizes):,}"
        )


def _cell(value: Any, name: str, kind: str | None, number: int) -> str:
    """Return a value as a cell.

    Raises:
        ValueError: it is no number where one is expected.
    """
    cell = "" if is_missing(value) else " ".join(str(value).split())
    if kind == "number":
        try:
            number_of(cell, name)
        except BadFeatureError:
            raise ValueError(
                f"expected numbers in the feature {name!r}, but number {number} is {value!r:.40}"
            ) from None
    return cell
