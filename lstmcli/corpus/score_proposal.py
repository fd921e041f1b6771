"""Which columns of a table are scores: numbers with many different values."""

import re
from collections.abc import Sequence

from lstmcli.corpus.column_profiles import ColumnProfile
from lstmcli.corpus.score_cells import parse_score

# Numbers with fewer values may be classes.
MORE_VALUES = 20

# Numbers that name or place a row instead of measuring its text.
NO_SCORES = re.compile(r"(?:^|[_\W])(?:id|index|idx|line|row|no|nr|number|date|time|timestamp|year)$|Id$|ID$|^$", re.I)


def score_columns(profiles: Sequence[ColumnProfile]) -> list[ColumnProfile]:
    """Return the columns that could be scores."""
    return [each for each in profiles if is_score(each)]


def is_score(profile: ColumnProfile) -> bool:
    """Whether the cells are numbers that a training can read, with more than MORE_VALUES different ones."""
    if profile.num_values <= MORE_VALUES or NO_SCORES.search(profile.name.strip()):
        return False
    if profile.share(profile.num_numbers) < 1.0 or not profile.values:
        return False
    try:
        for value in profile.values:
            parse_score(value, profile.name)
    except ValueError:
        return False
    return True
