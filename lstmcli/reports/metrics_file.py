"""What metrics.json begins with. `metrics.schema.json` describes all of it, and docs/metrics-json.md explains it."""

from dataclasses import asdict
from typing import Any, Final

from lstmcli import __version__
from lstmcli.store.provenance import Provenance

# Grows when a key changes its meaning, or goes; new keys may come at any time.
SCHEMA_VERSION: Final = 1

# The key of what a training says about the model that it went on from.
GOES_ON_FROM: Final = "goes_on_from"


def metrics_heading(source: Provenance) -> dict[str, Any]:
    """Return the first keys of metrics.json. No file holds a time, so that resumed runs equal others to the byte."""
    content = asdict(source)
    content["data_files"] = list(content["data_files"])
    return {"schema_version": SCHEMA_VERSION, "written_by": f"lstmcli {__version__}", **content}
