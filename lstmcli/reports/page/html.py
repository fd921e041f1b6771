"""Puts a page together: the template, our scripts and styles, and a model's description and tables."""

import base64
import hashlib
import json
from html import escape
from importlib.resources import files
from typing import Any

from lstmcli import __version__
from lstmcli.charts.style import COLORS
from lstmcli.errors import counted
from lstmcli.reports.page.content import PageContent
from lstmcli.reports.page.encoding import ALPHABET, base_91, deflated
from lstmcli.visible import visible

# In this order: a file uses the names of those before it.
SCRIPTS = (
    "tables",
    "characters",
    "tokenizer",
    "spans",
    "hashing",
    "negation",
    "ngrams",
    "recurrence",
    "pooling",
    "network",
    "model",
    "explain",
    "drawing",
    "view",
    "main",
)


def page_of(content: PageContent, name: str) -> str:
    """Return the page of a model called `name`."""
    script = '(() => {\n"use strict";\n' + "".join(_asset(f"{part}.js") for part in SCRIPTS) + "})();\n"
    style = _style()
    packed = {key: deflated(value) for key, value in content.tables.items()}
    description = {
        "alphabet": ALPHABET,
        "sizes": {key: len(value) for key, value in packed.items()},
        "model": content.description | {"labels": [visible(label) for label in content.description["labels"]]},
    }
    values = {
        "title": escape(visible(name)),
        "style": style,
        "style_hash": _hash_of(style),
        "script": script,
        "script_hash": _hash_of(script),
        "facts": escape(_facts(content.description)),
        "description": _json(description),
        "tables": "\n".join(
            f'<script type="text/plain" id="table-{key}">{base_91(value)}</script>' for key, value in packed.items()
        ),
    }
    parts = _asset("page.html").split("{{")
    filled = [parts[0]]
    for part in parts[1:]:
        key, rest = part.split("}}", 1)
        filled += [values[key], rest]
    return "".join(filled)


def _asset(name: str) -> str:
    return files("lstmcli.reports.page").joinpath("assets", name).read_text(encoding="utf-8")


def _style() -> str:
    names = ("back", "text", "quiet", "grid", "up", "down")
    light, dark = ("".join(f"--{name}:{COLORS[name][scheme]};" for name in names) for scheme in (0, 1))
    schemes = f":root{{color-scheme:light dark;{light}}}\n@media(prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
    return schemes + _asset("page.css")


def _hash_of(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _json(value: Any) -> str:
    """Return JSON in ASCII in which nothing can end the element that it is in."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _facts(description: dict[str, Any]) -> str:
    network, members = description["network"], description["members"]
    kind = "bidirectional " if network["bidirectional"] else ""
    networks = f"{counted(len(members), 'network')}: " if len(members) > 1 else ""
    ngrams = "" if description["ngrams"] is None else f", n-grams with {description['ngram_share']:.0%} of the weight"
    return (
        f"{networks}{kind}{network['cell']}, {counted(network['layers'], 'layer')} of "
        f"{counted(network['hidden_size'], 'unit')}, {network['pooling']} pooling{ngrams}; "
        f"{counted(len(description['labels']), 'label')}. Made by lstmcli {__version__}."
    )
