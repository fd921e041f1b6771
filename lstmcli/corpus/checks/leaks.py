"""Words that give a label away: a model would learn them instead of what the texts say, and fail without them."""

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array

from lstmcli.corpus.checks.problems import Problem
from lstmcli.corpus.checks.rows import CheckedRows
from lstmcli.corpus.encode import TokenizedTexts

# A word gives a label away if it is in this share of the label's rows, and this share of the word's rows has the label.
LEAST_COVERAGE = 0.5
LEAST_PURITY = 0.98

# Rows of the label below which this may be chance.
LEAST_ROWS = 12

# The label of more rows than this has every word.
MOST_SHARE = 0.7

# The label's own name may be in fewer of its rows.
LEAST_NAME_COVERAGE = 0.3
NAME_PURITY = 0.9

# Words that are said of one label, from the most telling.
NUM_WORDS_SHOWN = 3


def leak_problems(rows: CheckedRows, tokens: TokenizedTexts, column: str) -> Iterator[Problem]:
    """Yield the words that give each label away."""
    names = sorted({name for own in rows.labels for name in own})
    if len(names) < 2:
        return
    contains = _incidence(tokens)
    has_label = _label_incidence(rows, names)
    rows_of_label = np.asarray(has_label.sum(axis=1)).ravel()
    rows_of_word = np.asarray(contains.sum(axis=0)).ravel()
    together = csr_array(has_label @ contains)
    for number, name in enumerate(names):
        if not LEAST_ROWS <= rows_of_label[number] <= MOST_SHARE * len(rows):
            continue
        own = slice(together.indptr[number], together.indptr[number + 1])
        words, counts = together.indices[own], together.data[own]
        coverage, purity = counts / rows_of_label[number], counts / rows_of_word[words]
        is_name = np.array([tokens.words[word] == name.casefold() for word in words], dtype=bool)
        is_leak = (coverage >= LEAST_COVERAGE) & (purity >= LEAST_PURITY)
        is_leak |= is_name & (coverage >= LEAST_NAME_COVERAGE) & (purity >= NAME_PURITY)
        order = np.argsort(-coverage[is_leak], kind="stable")
        if len(order):
            found, shares = words[is_leak][order], coverage[is_leak][order]
            yield _problem(rows, tokens, contains, name, found, shares, f"{rows.name}, column {column!r}")


def _problem(
    rows: CheckedRows,
    tokens: TokenizedTexts,
    contains: csr_array,
    name: str,
    words: "np.ndarray[tuple[int], np.dtype[np.integer]]",
    shares: "np.ndarray[tuple[int], np.dtype[np.floating]]",
    where: str,
) -> Problem:
    shown = ", ".join(
        f"{tokens.words[word]!r} in {share:.0%}"
        for word, share in zip(words[:NUM_WORDS_SHOWN], shares[:NUM_WORDS_SHOWN], strict=True)
    )
    more = f" and {len(words) - NUM_WORDS_SHOWN} more words" if len(words) > NUM_WORDS_SHOWN else ""
    what = f"label {name!r} is given away: of its rows, {shown}{more}, and in hardly any others"
    with_word = contains.tocsc()[:, [int(words[0])]].tocoo().row
    lines = tuple(rows.lines[row] for row in np.sort(with_word).tolist() if name in rows.labels[row])
    advice = "if it would not be in texts to predict, remove it from these"
    return Problem("leak", "warning", where, what, advice, lines)


def _incidence(tokens: TokenizedTexts) -> csr_array:
    """Return (texts, words), 1 where a text has the word."""
    ids = tokens.ids
    matrix = csr_array(
        (np.ones(int(ids.offsets[-1]), dtype=np.int32), ids.flat().astype(np.int64), ids.offsets),
        shape=(len(ids), len(tokens.words)),
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def _label_incidence(rows: CheckedRows, names: list[str]) -> csr_array:
    """Return (labels, texts), 1 where a text has the label."""
    index = {name: number for number, name in enumerate(names)}
    pairs = [(index[name], row) for row, own in enumerate(rows.labels) for name in own]
    places = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return csr_array((np.ones(len(pairs), dtype=np.int32), places), shape=(len(names), len(rows)))
