"""Texts changed in small ways, to see what a model makes of it: pure functions of a text, and one line here for each.

A function returns the text as it is where it has nothing to change.
"""

from collections.abc import Callable
from random import Random

from lstmcli.variants.contractions import contracted, expanded
from lstmcli.variants.marks import without_emoji, without_punctuation
from lstmcli.variants.negation import negated
from lstmcli.variants.typos import letter_doubled, letter_dropped, letters_swapped

VARIANTS: dict[str, Callable[[str, Random], str]] = {
    "letters swapped": letters_swapped,
    "letter dropped": letter_dropped,
    "letter doubled": letter_doubled,
    "all capitals": lambda text, _: text.upper(),
    "lower case": lambda text, _: text.lower(),
    "contractions expanded": lambda text, _: expanded(text),
    "contractions made": lambda text, _: contracted(text),
    "punctuation removed": lambda text, _: without_punctuation(text),
    "emoji removed": lambda text, _: without_emoji(text),
    "negation added": lambda text, _: negated(text),
}


def variant(kind: str, text: str, *, seed: int) -> str | None:
    """Return the text changed in one way; None if this way does not apply, or would leave nothing.

    The result depends on nothing but the arguments: in particular, it is the same in any file.
    """
    found = VARIANTS[kind](text, Random(f"{seed} {kind} {text}".encode("utf-8", "surrogatepass")))
    return None if found == text or not found.strip() else found
