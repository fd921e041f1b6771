"""Checks that the parts of a stored model fit together, so that errors surface when it is opened."""

from dataclasses import fields
from typing import Literal, get_args, get_origin, get_type_hints

from lstmcli.config.model_settings import ModelSettings, TokenizerSettings
from lstmcli.kernels import KERNELS
from lstmcli.kernels.weights import Weights


def check_values(settings: ModelSettings | TokenizerSettings) -> None:
    """Check types, choices and counts, as `config.loading` does for a config, but without pydantic."""
    hints = get_type_hints(type(settings))
    for field in fields(settings):
        value, hint = getattr(settings, field.name), hints[field.name]
        if get_origin(hint) is Literal and value not in get_args(hint):
            raise ValueError(f"{field.name} is {value!r}, expected one of {', '.join(get_args(hint))}")
        types = get_args(hint) if type(None) in get_args(hint) else (type(field.default),)
        if type(value) not in types or (type(value) is int and value < 1):
            raise ValueError(f"{field.name} is {value!r}, expected something like {field.default!r}")


def check_shapes(network: ModelSettings, num_words: int, num_labels: int, weights: Weights) -> None:
    """Check that the weights have the names and shapes that the description implies."""
    found = {name: value.shape for name, value in weights.items()}
    size = found["embedding.weight"][-1]
    width = (2 if network.bidirectional else 1) * network.hidden_size
    expected: dict[str, tuple[int, ...]] = {
        "embedding.weight": (num_words, size),
        "output.weight": (num_labels, width),
        "output.bias": (num_labels,),
    }
    expected |= _layer_shapes(network, size)
    if network.pooling == "attention":
        attention_size = found["pooling.query.weight"][-1]
        expected["pooling.projection.weight"] = (attention_size, width)
        expected["pooling.projection.bias"] = (attention_size,)
        expected["pooling.query.weight"] = (1, attention_size)
    wrong = [name for name in sorted(expected.keys() | found.keys()) if expected.get(name) != found.get(name)]
    if wrong:
        raise ValueError(f"weights do not fit the description: {', '.join(wrong)}")


def check_layers(network: ModelSettings, size: int, weights: Weights) -> None:
    """Check the recurrent weights of `network` on word vectors of `size`.

    Raises:
        ValueError: some are missing or have the wrong shape.
    """
    expected = _layer_shapes(network, size)
    wrong = [name for name, shape in expected.items() if name not in weights or weights[name].shape != shape]
    if wrong:
        raise ValueError(f"weights do not fit the description: {', '.join(wrong)}")


def _layer_shapes(network: ModelSettings, size: int) -> dict[str, tuple[int, ...]]:
    num_directions = 2 if network.bidirectional else 1
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(network.layers):
        input_size = size if layer == 0 else num_directions * network.hidden_size
        for direction in range(num_directions):
            of_cell = KERNELS[network.cell].shapes(input_size, network.hidden_size)
            shapes |= {f"recurrent.layers.{layer}.{direction}.{name}": shape for name, shape in of_cell.items()}
    return shapes
