"""Checks that the parts of a stored model fit together, so that errors surface when it is opened."""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from lstmcli import __version__
from lstmcli.config.model_settings import ModelSettings, TokenizerSettings
from lstmcli.data.sealed import CHECKSUMS_FILE, SealedFolder
from lstmcli.errors import RunDirectoryError
from lstmcli.kernels import KERNELS

Shape = tuple[int, ...]

# More than anybody has trained; a description of unknown origin may claim anything.
MAX_LAYERS = 1_000
MAX_COUNT = 2**31 - 1

# Calibration chooses between 0.1 and 10, before it divides by the sum of two weights.
TEMPERATURES = 1e-3, 1e3

# How much of what is wrong is told.
MAX_SHOWN = 5
MAX_LENGTH = 300


def check_version(folder: SealedFolder, stored: Mapping[str, Any], newest: int, *, sealed_from: int) -> int:
    """Return the format version of a description.

    Args:
        folder: that contains it.
        stored: the description.
        newest: the version that this release writes.
        sealed_from: the first version with checksums.

    Raises:
        RunDirectoryError: it is newer.
        DamagedFileError: the checksums are missing.
        ValueError, KeyError, TypeError: it is no version.
    """
    version = stored["format_version"]
    if type(version) is not int or version < 1:
        raise ValueError(f"format_version is {version!r:.80}, expected a number")
    if version > newest:
        raise RunDirectoryError(
            f"{folder.path}: has format version {version}, written by "
            f"{stored.get('written_by', 'a newer lstmcli')!s:.80}; this is lstmcli {__version__}, which reads up to "
            f"{newest}. Upgrade lstmcli."
        )
    if version >= sealed_from and not folder.is_sealed:
        raise folder.damaged(CHECKSUMS_FILE, "is missing")
    return version


def number_in(value: Any, name: str, limits: tuple[float, float]) -> float:
    """Return `value` as a float if it is a finite number within `limits`.

    Raises:
        ValueError: it is not.
    """
    if type(value) not in (int, float) or not limits[0] <= value <= limits[1] or not math.isfinite(value):
        raise ValueError(f"{name} is {value!r:.80}, expected a number from {limits[0]:g} to {limits[1]:g}")
    return float(value)


def numbers_in(values: Any, size: int, name: str, limits: tuple[float, float]) -> NDArray[np.float64]:
    """Return `values` as an array if it is a list of `size` finite numbers within `limits`.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(values, list) or len(values) != size:
        raise ValueError(f"{name}: expected a list of {size} numbers")
    return np.array([number_in(value, name, limits) for value in values], dtype=np.float64)


def check_values(settings: ModelSettings | TokenizerSettings) -> None:
    """Check types, choices and counts, as `config.loading` does for a config, but without pydantic."""
    hints = get_type_hints(type(settings))
    for field in fields(settings):
        value, hint = getattr(settings, field.name), hints[field.name]
        if get_origin(hint) is Literal and value not in get_args(hint):
            raise ValueError(f"{field.name} is {value!r:.80}, expected one of {', '.join(get_args(hint))}")
        types = get_args(hint) if type(None) in get_args(hint) else (type(field.default),)
        if type(value) not in types or (type(value) is int and not 1 <= value <= MAX_COUNT):
            raise ValueError(f"{field.name} is {value!r:.80}, expected something like {field.default!r}")


def check_shapes(network: ModelSettings, num_words: int, num_labels: int, found: Mapping[str, Shape]) -> None:
    """Check that weights have the names and shapes that the description implies.

    Raises:
        ValueError: they have not.
    """
    size = found.get("embedding.weight", (0,))[-1]
    width = _output_width(network)
    expected: dict[str, Shape] = {
        "embedding.weight": (num_words, size),
        "output.weight": (num_labels, width),
        "output.bias": (num_labels,),
    }
    expected |= _layer_shapes(network, size) | _pooling_shapes(network, found)
    wrong = [name for name in sorted(expected.keys() | found.keys()) if expected.get(name) != found.get(name)]
    _refuse(wrong)


def check_layers(network: ModelSettings, size: int, found: Mapping[str, Shape]) -> None:
    """Check the shapes of the recurrent weights of `network` on word vectors of `size`.

    Raises:
        ValueError: some are missing or have the wrong shape.
    """
    _check_some(_layer_shapes(network, size), found)


def check_pooling(network: ModelSettings, found: Mapping[str, Shape]) -> None:
    """Check the shapes of the weights of the pooling of `network`, if it has any.

    Raises:
        ValueError: some are missing or have the wrong shape.
    """
    _check_some(_pooling_shapes(network, found), found)


def _check_some(expected: Mapping[str, Shape], found: Mapping[str, Shape]) -> None:
    """Check the weights in `expected`, whatever others there are."""
    _refuse([name for name, shape in expected.items() if found.get(name) != shape])


def _refuse(wrong: list[str]) -> None:
    if wrong:
        raise ValueError(f"weights do not fit the description: {', '.join(wrong[:MAX_SHOWN])[:MAX_LENGTH]}")


def _output_width(network: ModelSettings) -> int:
    return (2 if network.bidirectional else 1) * network.hidden_size


def _pooling_shapes(network: ModelSettings, found: Mapping[str, Shape]) -> dict[str, Shape]:
    """Return the shapes of the pooling's weights, which are as many as `found` has queries."""
    if network.pooling != "attention":
        return {}
    attention_size = found.get("pooling.query.weight", (0,))[-1]
    return {
        "pooling.projection.weight": (attention_size, _output_width(network)),
        "pooling.projection.bias": (attention_size,),
        "pooling.query.weight": (1, attention_size),
    }


def _layer_shapes(network: ModelSettings, size: int) -> dict[str, Shape]:
    if network.layers > MAX_LAYERS:
        raise ValueError(f"{network.layers} layers")
    num_directions = 2 if network.bidirectional else 1
    shapes: dict[str, Shape] = {}
    for layer in range(network.layers):
        input_size = size if layer == 0 else num_directions * network.hidden_size
        for direction in range(num_directions):
            of_cell = KERNELS[network.cell].shapes(input_size, network.hidden_size)
            shapes |= {f"recurrent.layers.{layer}.{direction}.{name}": shape for name, shape in of_cell.items()}
    return shapes
