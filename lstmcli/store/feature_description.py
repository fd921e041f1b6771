"""The part of `model.json` about features beside the n-grams, checked value by value when it is read."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lstmcli.ngrams.row_features import FittedFeatures, reader_of
from lstmcli.store.checks import numbers_in

LARGEST = 1e9


def features_to_dict(features: FittedFeatures) -> dict[str, Any]:
    """Return the features as they are stored."""
    return {
        "sources": [source.to_dict() for source in features.sources],
        "coefficients": features.coefficients.tolist(),
    }


def features_from_dict(stored: Mapping[str, Any], num_outputs: int) -> FittedFeatures:
    """Read what `features_to_dict` returned, which may be of unknown origin.

    Raises:
        ValueError, KeyError, TypeError: a value is missing, or not what it should be.
    """
    if not isinstance(stored["sources"], list) or not isinstance(stored["coefficients"], list):
        raise ValueError("features: expected lists of sources and coefficients")
    sources = tuple(reader_of(source["source"])(source) for source in stored["sources"])
    size = sum(len(source.names) for source in sources)
    rows = [numbers_in(row, size, "coefficients of features", (-LARGEST, LARGEST)) for row in stored["coefficients"]]
    if len(rows) != num_outputs:
        raise ValueError(f"coefficients of features: expected {num_outputs} lists")
    return FittedFeatures(sources, np.array(rows).reshape(num_outputs, size))
