"""The settings stored in a model: how to read rows and texts, and the shape of the network.

They are separate because prediction loads no other part of the configuration.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal


class Limits:
    """Constraints on a value under pydantic's names (ge, gt, le, lt, min_length), without importing pydantic."""

    def __init__(self, **limits: float) -> None:
        self.limits = limits

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {**handler(source), **self.limits}


Fraction = Annotated[float, Limits(ge=0.0, lt=1.0)]
Count = Annotated[int, Limits(ge=1)]
FormatName = Literal["csv", "tsv", "csv-semicolon", "csv-pipe", "tsv-raw", "jsonl", "text", "parquet"]
CellName = Literal["rnn", "lstm", "peephole"]
PoolingName = Literal["last", "mean", "max", "attention"]
LabelKind = Literal["single", "multi", "traits"]

FORBID_UNKNOWN_KEYS = {"extra": "forbid"}


class Section:
    """Base of every section, with an attribute that makes pydantic reject unknown keys."""

    __pydantic_config__: ClassVar[Any] = FORBID_UNKNOWN_KEYS


@dataclass(frozen=True)
class DataSettings(Section):
    """The files, their columns, and what to do with rows that can't be used."""

    train: str | None = None
    validation: str | None = None
    test: str | None = None
    format: Literal["auto", FormatName] = "auto"
    encoding: str = "utf-8"
    text: str = "text"
    label: str = "label"
    labels: tuple[str, ...] = ()
    label_separator: Annotated[str, Limits(min_length=1)] | None = None
    soft_labels: Annotated[float, Limits(ge=0.0, le=1.0)] = 0.0
    group: str | None = None
    validation_fraction: Annotated[float, Limits(gt=0.0, lt=1.0)] = 0.1
    unlabelled: Literal["drop", "keep", "error"] = "drop"
    empty_texts: Literal["drop", "keep", "error"] = "drop"
    unknown_labels: Literal["drop", "error"] = "drop"
    conflicting_labels: Literal["keep", "drop", "error"] = "keep"
    malformed_rows: Literal["drop", "error"] = "drop"


def label_kind(settings: DataSettings) -> LabelKind:
    """Return "traits" for yes/no columns, "multi" for one column with a separator, and "single" otherwise."""
    if settings.labels:
        return "traits"
    return "single" if settings.label_separator is None else "multi"


@dataclass(frozen=True)
class TokenizerSettings(Section):
    """How a text becomes tokens; stored in the model, so that prediction tokenises as training did."""

    lowercase: bool = True
    contractions: Literal["split", "keep"] = "split"
    elongations: Literal["shorten", "mark", "keep"] = "shorten"
    hashtags: Literal["split", "keep"] = "split"
    users: Literal["mask", "keep"] = "mask"
    links: Literal["mask", "keep"] = "mask"
    capitals: Literal["mark", "ignore"] = "ignore"
    max_tokens: Count = 2048
    cut: Literal["head", "tail", "both"] = "both"


@dataclass(frozen=True)
class ModelSettings(Section):
    """The shape of the network between embedding and output."""

    cell: CellName = "lstm"
    hidden_size: Count = 80
    layers: Count = 1
    bidirectional: bool = True
    chunk_tokens: Annotated[int, Limits(ge=0)] | None = None
    pooling: PoolingName = "attention"
    pretrained: str | None = None
