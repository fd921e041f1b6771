"""The content of a run as JSON."""

import json
from dataclasses import asdict
from typing import Any

from lstmcli import __version__
from lstmcli.config.loading import config_to_dict
from lstmcli.store.information import Information
from lstmcli.visible import is_safe


def to_json(found: Information) -> str:
    """Return one JSON object; what the run does not say is null or missing."""
    content: dict[str, Any] = {
        "run": str(found.path),
        "kind": found.kind,
        "is_finished": found.is_finished,
        "written_by": found.written_by,
        "format_version": found.format_version,
        "read_by": f"lstmcli {__version__}",
        "finished": found.finished or None,
        "bytes": {"model": found.model_bytes, "total": found.total_bytes},
        "facts": found.facts,
        "evaluations": [_scored(asdict(each)) for each in found.evaluations],
        "config": None if found.config is None else config_to_dict(found.config),
    }
    if found.classifier is not None:
        content["classifier"] = asdict(found.classifier)
        if not found.classifier.group_thresholds:
            del content["classifier"]["group_thresholds"]
        if found.classifier.measure is None:
            del content["classifier"]["measure"]
        if not found.classifier.lexicons:
            del content["classifier"]["lexicons"]
        first = content["classifier"].pop("first_network")
        if first is not None:
            content["classifier"]["first_network"] = first._asdict()
    if found.language_model is not None:
        learned = found.language_model.learned
        content["language_model"] = asdict(found.language_model)
        content["language_model"]["learned"] = {"objective": learned.objective, **asdict(learned)}
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    return "".join(each if each == "\n" or is_safe(each) else json.dumps(each)[1:-1] for each in text)


def _scored(evaluation: dict[str, Any]) -> dict[str, Any]:
    """Return the scores with names for the ends of the intervals."""
    systems = {
        system: {name: dict(zip(("value", "low", "high"), interval, strict=True)) for name, interval in scores.items()}
        for system, scores in evaluation["scores"].items()
    }
    return evaluation | {"scores": systems}
