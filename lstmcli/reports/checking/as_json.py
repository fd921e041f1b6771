"""What a check has found, as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lstmcli.corpus.checks.problems import Problem
from lstmcli.visible import is_safe


def to_json(facts: dict[str, Any], problems: Sequence[Problem]) -> str:
    """Return an object with `facts` about the file, and the problems with all their lines."""
    content = {**facts, "problems": [asdict(problem) for problem in problems]}
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    return "".join(each if each == "\n" or is_safe(each) else json.dumps(each)[1:-1] for each in text)
