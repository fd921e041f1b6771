"""Problems with texts: blank or odd ones, damage by wrong encodings, markup, length, language."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from lstmcli.config.model_settings import TokenizerSettings
from lstmcli.corpus.checks.problems import Problem, Severity, graded, of_rows
from lstmcli.corpus.checks.rows import CheckedRows
from lstmcli.corpus.encode import TokenizedTexts

# What UTF-8 looks like after it was decoded as cp1252 (or latin-1), and the sign for what could not be decoded.
MOJIBAKE = re.compile(
    "Ã[\u0080-\u00bf‚ƒ„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œŸ]|â€[\u0080-\u00bf™œ“”˜¦\u009d]|Â[\u00a0-\u00bf]|ï»¿|ðŸ|\ufffd"
)
ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|hellip|[lr][sd]quo|#\d{2,5}|#x[0-9a-fA-F]{2,5});|</?(?:br|p|b|i|a|div|span)\b[^<>]*>",
    re.IGNORECASE,
)
NUMBER_OR_ID = re.compile(
    r"[-+]?\d[\d.,:/\s-]*%?|(?=\S*\d)(?=\S*[a-zA-Z])[\w-]{6,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|https?://\S+"
)

# Fewer rows are chance, such as a quotation.
FEW_ROWS = 3


class Sign(NamedTuple):
    """Something that texts are searched for, and the shares of rows from which on it is worse than a note."""

    kind: str
    test: Callable[[str], object]
    what: str
    advice: str
    warning: float
    error: float


SIGNS = [
    Sign(
        "mojibake",
        MOJIBAKE.search,
        "look decoded in a wrong encoding (Ã© for é, â€™ for ’)",
        "export the file again as UTF-8, or repair the texts, for example with the Python package ftfy",
        0.0,
        0.3,
    ),
    Sign(
        "markup",
        ENTITY.search,
        "contain HTML (&amp;, <br>)",
        "replace it by plain text, for example with Python's html.unescape",
        0.01,
        2.0,
    ),
    Sign(
        "number or id",
        lambda text: NUMBER_OR_ID.fullmatch(text.strip()),
        "are a number, an id or a link instead of a text",
        "is it the right column (--text)? Delete rows without a text",
        0.01,
        0.5,
    ),
]


def text_problems(rows: CheckedRows, column: str) -> Iterator[Problem]:
    """Yield what is wrong with single texts."""
    where = f"{rows.name}, column {column!r}"
    for sign in SIGNS:
        lines = [line for line, text in zip(rows.lines, rows.texts, strict=True) if sign.test(text)]
        if len(lines) >= min(FEW_ROWS, max(1, len(rows) // 10)):
            severity = graded(len(lines), len(rows), warning=sign.warning, error=sign.error)
            what = f"{of_rows(len(lines), len(rows))} {sign.what}"
            yield Problem(sign.kind, severity, where, what, sign.advice, tuple(lines))


def token_problems(
    rows: CheckedRows, tokens: TokenizedTexts, settings: TokenizerSettings, column: str
) -> Iterator[Problem]:
    """Yield what is wrong with the lengths of texts."""
    where = f"{rows.name}, column {column!r}"
    lengths = np.diff(tokens.ids.offsets)
    is_cut = lengths > settings.max_tokens
    if is_cut.any():
        num_cut = int(is_cut.sum())
        lost = float((lengths[is_cut] - settings.max_tokens).sum() / lengths.sum())
        what = (
            f"{of_rows(num_cut, len(rows))} are longer than tokenizer.max_tokens ({settings.max_tokens:,}); cutting "
            f"them loses {lost:.1%} of all tokens"
        )
        advice = f"raise tokenizer.max_tokens (the longest text has {int(lengths.max()):,}), or split the texts"
        severity = graded(num_cut, len(rows), warning=0.02)
        yield Problem("cut texts", severity, where, what, advice, tuple(np.array(rows.lines)[is_cut].tolist()))
    is_short = lengths <= 1
    num_short = int(is_short.sum())
    if num_short > 0.1 * len(rows):
        severity = "warning" if num_short > len(rows) / 2 else "note"
        what = f"{of_rows(num_short, len(rows))} are a single word"
        yield Problem(
            "single words",
            severity,
            where,
            what,
            "is it the right column (--text)?",
            tuple(np.array(rows.lines)[is_short].tolist()),
        )


def language_problem(rows: CheckedRows, known: float, least: float, *, needs_english: bool) -> Problem | None:
    """Return a note if too few words are English for the network to start from English.

    Args:
        rows: to learn from.
        known: the share of the words that are known English words.
        least: the share from which on a training starts from English.
        needs_english: whether the config asks for that start, instead of leaving it to the training.
    """
    if known >= least:
        return None
    severity: Severity = "error" if needs_english else "note"
    what = f"{known:.0%} of the words are known English words, so these texts are hardly English"
    advice = (
        "set model.pretrained=auto (or none)"
        if needs_english
        else "a training starts from random weights; `lstmcli pretrain` on more texts of the language helps"
    )
    return Problem("language", severity, rows.name, what, advice)
