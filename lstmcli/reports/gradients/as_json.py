"""`lstmcli gradients` for programs. Networks and layers count from 1."""

from dataclasses import asdict
from typing import Any

from lstmcli.inspection.gradients import FileGradients, NetworkGradients, Quartiles, Signal

DIGITS = 9


def texts_content(found: FileGradients) -> dict[str, Any]:
    """Return all that was found over a file."""
    return {
        "file": found.name,
        "num_texts": found.num_texts,
        "num_left_out": found.num_left_out,
        "labels": "file" if found.has_labels else "predicted",
        "network": found.member,
        "layer": found.layer,
        "chunk_tokens": found.chunk_tokens,
        "networks": [_network(each) for each in found.networks],
    }


def _network(network: NetworkGradients) -> dict[str, Any]:
    return {
        "cell": network.cell,
        "trained": network.is_trained,
        "hidden": _signal(network.hidden),
        "memory": None if network.memory is None else _signal(network.memory),
        "largest_singular_value": {name: short(value) for name, value in network.singular_values.items()},
        "forget_gate": None if network.forget_gate is None else short(network.forget_gate),
    }


def _signal(signal: Signal) -> dict[str, Any]:
    return {
        "factor": None if signal.factor is None else _quartiles(signal.factor),
        "norm_by_distance": [_quartiles(each) for each in signal.by_distance],
    }


def _quartiles(quartiles: Quartiles) -> dict[str, float]:
    return {name: short(value) for name, value in asdict(quartiles).items()}


def short(value: float) -> float:
    """Return `value` with nine digits that count, as gradients may be tiny."""
    return float(f"{value:.{DIGITS}g}")
