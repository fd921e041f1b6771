"""Facts about how a model was made, in words."""

from typing import Any


def fact_text(value: Any) -> str:
    """Return a fact as text; one with a part for each name as "0.83 (age), 0.91 (platform)"."""
    if isinstance(value, dict):
        return ", ".join(f"{part} ({name})" for name, part in value.items())
    return str(value)
