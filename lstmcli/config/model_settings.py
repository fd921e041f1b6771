"""The settings stored in a model: how to read rows and texts, and the shape of the network.

They are separate because prediction loads no other part of the configuration.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, get_args


class Limits:
    """Constraints on a value under pydantic's names (ge, gt, le, lt, min_length), without importing pydantic.

    Numbers must be finite. Their upper limits are above what anyone needs, and keep a slip, or a config from a
    stranger, from taking all memory.
    """

    def __init__(self, **limits: float) -> None:
        self.limits = limits

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        schema = {**handler(source), **self.limits}
        return {**schema, "allow_inf_nan": False} if schema["type"] == "float" else schema

    def allow(self, value: float) -> bool:
        """Return whether a number is within the limits; NaN is not."""
        return all(LIMIT_CHECKS[name](value, limit) for name, limit in self.limits.items() if name in LIMIT_CHECKS)


LIMIT_CHECKS: dict[str, Callable[[float, float], bool]] = {
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
}


def limits_of(hint: Any) -> Limits:
    """Return the limits of a field from its type with extras (`typing.get_type_hints`); no limits if it has none."""
    if isinstance(note := next(iter(getattr(hint, "__metadata__", ())), None), Limits):
        return note
    return next((found for part in get_args(hint) if (found := limits_of(part)).limits), Limits())


Fraction = Annotated[float, Limits(ge=0.0, lt=1.0)]
MAX_COUNT = 1_000_000_000  # for limits that some set to a large number to turn them off
Count = Annotated[int, Limits(ge=1, le=MAX_COUNT)]
FormatName = Literal["csv", "tsv", "csv-semicolon", "csv-pipe", "tsv-raw", "jsonl", "text", "parquet", "excel", "spss"]
CellName = Literal["rnn", "lstm", "peephole"]
PoolingName = Literal["last", "mean", "max", "attention"]
LabelKind = Literal["single", "multi", "traits", "scores"]
# What the outputs of network and n-grams stand for; "ordered" has a logit for each step from one label to the next.
OutputKind = LabelKind | Literal["ordered"]
# What the predicted one of ordered labels is best for.
Measure = Literal["accuracy", "mae", "qwk"]

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
    text_before: tuple[str, ...] = ()
    label: str = "label"
    labels: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()
    label_separator: Annotated[str, Limits(min_length=1)] | None = None
    label_map: str | None = None
    annotators: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    soft_labels: Annotated[float, Limits(ge=0.0, le=1.0)] = 0.0
    group: str | None = None
    weight: str | None = None
    features: tuple[str, ...] = ()
    lexicons: tuple[str, ...] = ()
    validation_fraction: Annotated[float, Limits(gt=0.0, lt=1.0)] = 0.1
    unlabelled: Literal["drop", "keep", "error"] = "drop"
    empty_texts: Literal["drop", "keep", "error"] = "drop"
    unknown_labels: Literal["drop", "error"] = "drop"
    conflicting_labels: Literal["keep", "drop", "error"] = "keep"
    malformed_rows: Literal["drop", "error"] = "drop"


def label_kind(settings: DataSettings) -> LabelKind:
    """Return "scores" for columns of numbers, "traits" for yes/no ones, "multi" for a separator, or else "single"."""
    if settings.scores:
        return "scores"
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
    rules: Annotated[int, Limits(ge=1, le=2)] = 2

    @classmethod
    def stored(cls, values: Mapping[str, Any]) -> "TokenizerSettings":
        """Return the settings stored in a model. One without `rules` was trained when there were only the first.

        Raises:
            TypeError: there are unknown settings.
            ValueError: the rules are unknown.
        """
        settings = cls(**{"rules": 1, **values})
        if settings.rules not in (1, 2):
            raise ValueError(f"the tokenizer has the rules {settings.rules!r}, expected 1 or 2")
        return settings


# What `pretrained` may be besides a run directory. None, as in older configs, means the same as "none".
AUTOMATIC_START = "auto"
ENGLISH_START = "english"
NO_START = "none"


@dataclass(frozen=True)
class ModelSettings(Section):
    """The shape of the network between embedding and output, and what a training starts from."""

    cell: CellName = "lstm"
    hidden_size: Annotated[int, Limits(ge=1, le=16_384)] = 80
    layers: Annotated[int, Limits(ge=1, le=100)] = 1
    bidirectional: bool = True
    chunk_tokens: Annotated[int, Limits(ge=0, le=MAX_COUNT)] | None = None
    pooling: PoolingName = "attention"
    pretrained: str | None = AUTOMATIC_START


# Training such a network takes 40 GB: weights, gradients, two moments and a moving average in float32.
MAX_RECURRENT_WEIGHTS = 1 << 31

# Matrices of the size of a layer's input, and of its states.
NUM_MATRICES: dict[CellName, tuple[int, int]] = {"rnn": (1, 1), "lstm": (4, 4), "peephole": (4, 5)}


def num_recurrent_weights(settings: ModelSettings, vector_size: int) -> int:
    """Return the number of recurrent weights of a network on word vectors of `vector_size`, biases excluded."""
    num_directions = 2 if settings.bidirectional else 1
    of_input, of_states = NUM_MATRICES[settings.cell]
    size = settings.hidden_size
    inputs = vector_size + (settings.layers - 1) * num_directions * size
    return num_directions * size * (of_input * inputs + of_states * size * settings.layers)
