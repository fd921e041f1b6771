"""One typo in a text, inside one of its longer words."""

import re
from random import Random

# The first and the last letter stay, as in most typos that readers miss. No digits, names of users or addresses.
LONG_WORD = re.compile(r"(?<![\w@#./:])[^\W\d_]{4,}(?![\w@./:])")


def letters_swapped(text: str, random: Random) -> str:
    """Swap two different neighbouring letters."""
    places = [at for at in _inner_letters(text, 2) if text[at] != text[at + 1]]
    if not places:
        return text
    at = random.choice(places)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def letter_dropped(text: str, random: Random) -> str:
    """Leave out a letter."""
    places = _inner_letters(text, 1)
    if not places:
        return text
    at = random.choice(places)
    return text[:at] + text[at + 1 :]


def letter_doubled(text: str, random: Random) -> str:
    """Write a letter twice."""
    places = _inner_letters(text, 1)
    if not places:
        return text
    at = random.choice(places)
    return text[: at + 1] + text[at:]


def _inner_letters(text: str, num_letters: int) -> list[int]:
    """Return where so many letters stand between the first and the last of a word."""
    return [at for word in LONG_WORD.finditer(text) for at in range(word.start() + 1, word.end() - num_letters)]
