"""Facts about how a model was made, in words."""

from typing import Any


def fact_text(value: Any) -> str:
    """Return a fact as reports for people show it: of several, the single values."""
    if not isinstance(value, dict):
        return str(value)
    shown = {name.replace("_", " "): each for name, each in value.items() if not isinstance(each, dict) and each != []}
    return "; ".join(f"{name} {', '.join(each) if isinstance(each, list) else each}" for name, each in shown.items())
