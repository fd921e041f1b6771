"""The .dic format of LIWC: categories with their numbers between two lines of %, then words with these numbers.

%
1	posemo
2	negemo
%
happ*	1
not bad	1
sad	2
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from lstmcli.errors import DataError, did_you_mean
from lstmcli.lexicons.lexicon import MEMBER, LexiconBuilder, check_categories

FENCE = "%"

# "happy 1 2", without tabs.
_SPACED = re.compile(r"(?P<word>.*?\S)\s+(?P<keys>\d+(?:\s+\d+)*)\s*")

# "(02 134)125/464" and "<of>131/135" of LIWC2007: the first category beside certain words, the second elsewhere.
_CONDITION = re.compile(r"[(<][^)>]*[)>]\d\S*")

Line = tuple[int, str]


def is_fence(line: str) -> bool:
    """Whether a line starts or ends the categories."""
    return line.strip() == FENCE


def read_dic(lines: Sequence[Line], builder: LexiconBuilder) -> None:
    """Read the numbered `lines`, of which none is blank and the first is a fence.

    Raises:
        DataError: nothing says where the categories end. Other mistakes are remembered in the `builder`.
    """
    fences = [at for at, (_, text) in enumerate(lines) if is_fence(text)]
    if len(fences) < 2:
        raise DataError(
            f"{builder.path}, line {lines[0][0]}: the categories that start here have no end; put a line with "
            f"{FENCE} between them and the words."
        )
    end = fences[1]
    keys = _categories(lines[1:end], builder)
    for line, text in lines[end + 1 :]:
        if is_fence(text):
            builder.mistake(line, f"a third line with {FENCE}; the categories stand between the first two.")
        else:
            _read_entry(line, text, keys, builder)


def _categories(lines: Sequence[Line], builder: LexiconBuilder) -> dict[str, int]:
    """Return the index of each category by what words may call it: its number, or its name in lower case."""
    named: dict[str, tuple[int, str]] = {}  # by number
    for line, text in lines:
        number, _, name = " ".join(text.split()).partition(" ")
        if not number.isdigit():
            number, name = f"name of {text.strip()}", text.strip()  # it has no number; words use the name
        if not name:
            builder.mistake(line, f"category {number} has no name; write the number, a tab and a name.")
            name = number  # its words are no mistakes, too
        if named.setdefault(number, (line, name))[1] != name:
            builder.mistake(line, f"category {number} is already called {named[number][1]!r:.60}.")
    check_categories(list(named.values()), builder)
    full = {number: name for number, (_, name) in named.items()}
    short = {number: name.partition(" (")[0] for number, name in full.items()}
    # "posemo (Positive Emotions)" of newer dictionaries, unless the explanation is what tells two categories apart.
    names = short if len(set(short.values())) == len(set(full.values())) else full
    keys = {number.lstrip("0") or "0": builder.category(names[number]) for number in names}
    by_name = {
        each.lower(): builder.category(names[number]) for number in names for each in (full[number], short[number])
    }
    return {**by_name, **keys}


def _read_entry(line: int, text: str, keys: dict[str, int], builder: LexiconBuilder) -> None:
    word, tab, rest = text.strip().partition("\t")
    if not tab and (spaced := _SPACED.fullmatch(text.strip())):
        word, rest = spaced["word"], spaced["keys"]
    own = {}
    for key in _keys(line, rest, builder):
        index = keys.get(key.lstrip("0") or key)
        if index is None:
            near = "" if key.isdigit() else did_you_mean(key, keys)
            builder.mistake(
                line, f"{key!r:.60} is no category of this lexicon.{near} Add it between the lines of {FENCE}."
            )
            return
        own[index] = MEMBER
    builder.add(line, word, own)


def _keys(line: int, rest: str, builder: LexiconBuilder) -> Iterator[str]:
    """Yield the categories in the columns after the word, and for a condition that which holds elsewhere."""
    for condition in _CONDITION.findall(rest):
        builder.note(
            "with a condition, which is not evaluated: the category for all other texts is used", f"line {line}"
        )
        _, _, elsewhere = condition.partition("/")
        if elsewhere:
            yield elsewhere
    for cell in _CONDITION.sub("", rest).split("\t"):
        yield from _split(cell.strip().lower())


def _split(cell: str) -> Iterable[str]:
    """Return the numbers in a cell, or the name, which may contain spaces."""
    numbers = cell.split()
    return numbers if all(map(str.isdigit, numbers)) else [cell]
