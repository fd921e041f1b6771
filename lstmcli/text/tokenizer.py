r"""A word tokenizer for informal, emotional text.

A text is split at white space. In each piece, a regular expression finds the tokens from left to right, and a method
for each kind of token normalises it. No token contains white space, so the tokens of a piece do not depend on its
neighbours and can be cached; most pieces of a corpus are looked up. The kinds:

    link         https://x.org, www.x.org            -> <link>
    email        me@x.org                            -> <email>
    placeholder  [NAME], from anonymised corpora     -> [name]
    heart, face  <3 </3 :) ;-D T_T ^_^               -> unchanged, long mouths shortened
    user         @someone                            -> <user>
    hashtag      #SoHappy                            -> # so happy
    emoji        a code point or joined sequence     -> without skin tone and presentation selector
    number       3, 3.50, 10:30                      -> unchanged
    cjk          a Chinese or Japanese character     -> unchanged, since these scripts do not separate words
    word         can't, naïve, 2nd                   -> ca n't, naïve, 2nd
    invisible    a joiner or mark of direction alone  -> nothing
    run          !!!!!, ?!?!, ......                 -> !!!, ?!, ...
    symbol       any other character                 -> unchanged
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Final, TypeVar

from lstmcli.config.model_settings import TokenizerSettings
from lstmcli.text.characters import INVISIBLE_BESIDE_WORDS, JOINERS, MARKS, PIECES

T = TypeVar("T")

LINK_TOKEN: Final = "<link>"
EMAIL_TOKEN: Final = "<email>"
USER_TOKEN: Final = "<user>"
LONG_TOKEN: Final = "<long>"
CAPITALS_TOKEN: Final = "<caps>"

# Maximum number of cached pieces, and the maximum length of each, in characters.
CACHE_SIZE: Final = 1 << 16
MAX_CACHED_LENGTH: Final = 32

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_LETTER = rf"(?:[^\W_{_CJK}]|[{MARKS}])"
_PICTURES = "\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\u3030\u303d\U0001f000-\U0001faff"
_MODIFIERS = "\ufe0e\ufe0f\U0001f3fb-\U0001f3ff"
_JOINER = "\u200d"

KINDS = {
    # Only for speed: a word followed by a character that cannot continue a link, an email address or a face.
    "plain": r"[A-Za-z]+(?=[\s,!?\")]|\Z)",
    "link": r"https?://\S+|www\.\S+",
    "email": r"(?<![\w.+-])[\w.+-]{1,64}@\w[\w-]*(?:\.\w[\w-]*)+",
    "placeholder": r"\[[A-Z]{2,}\]",
    "heart": r"</?3+(?!\d)",
    "face": (
        r"(?<!\w)[<>]?[:;=][-^o']?(?:[)(\]\[}{/\\|*@$3]+|[DdPpOoXxSs](?!\w))"  # :) ;-D =P :'(
        r"|[:;][-^']?[)(]+"  # also directly after a word
        r"|(?<!\w)(?:\^[_.-]?\^|[Tt][_.][Tt]|[Oo0][_.][Oo0]|-_+-|>[_.]<)(?!\w)"  # ^_^ T_T o_O -_- >.<
    ),
    "user": rf"(?<!\w)@(?:\w|[{MARKS}])+",
    "hashtag": rf"(?<!\w)#(?:\w|[{MARKS}])+",
    "emoji": (
        r"[\U0001f1e6-\U0001f1ff]{2}"  # flags
        rf"|[{_PICTURES}][{_MODIFIERS}]*(?:{_JOINER}[{_PICTURES}][{_MODIFIERS}]*)*"
        r"|[0-9#*]\u20e3"  # keycaps
    ),
    "number": r"\d+(?:[.,:]\d+)*(?!\w)",
    "cjk": rf"[{_CJK}]",
    "word": rf"(?!['{JOINERS}])(?:['{JOINERS}]?{_LETTER})+",
    "invisible": rf"[{JOINERS}{INVISIBLE_BESIDE_WORDS}]+",
    "run": r"[!?]{2,}|(?P<repeated>[^\w\s])(?P=repeated)+",
    "symbol": r"\S",
}

# The same kinds for ASCII pieces, the most common: compiling the character classes of all scripts takes a tenth of
# the start-up time.
_ASCII_KINDS = {kind: pattern for kind, pattern in KINDS.items() if kind not in {"emoji", "cjk", "invisible"}}
_ASCII_KINDS |= {"user": r"(?<!\w)@\w+", "hashtag": r"(?<!\w)#\w+", "word": r"(?!')(?:'?[^\W_])+"}

# The first rules (`tokenizer.rules=1`), by which older models were trained: fewer marks, some punctuation among them,
# and joiners are symbols.
_FIRST_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
FIRST_KINDS = {kind: pattern for kind, pattern in KINDS.items() if kind != "invisible"} | {
    "user": _ASCII_KINDS["user"],
    "hashtag": _ASCII_KINDS["hashtag"],
    "emoji": KINDS["emoji"].removesuffix(r"|[0-9#*]\u20e3"),
    "word": rf"(?!')(?:'?(?:[^\W_{_CJK}]|[{_FIRST_MARKS}]))+",
}

MODIFIER = re.compile(f"[{_MODIFIERS}]")
REPEATED_LETTER = re.compile(r"([^\W\d_])\1{2,}")
REPEATED_CHARACTER = re.compile(r"(.)\1{2,}")
CAMEL_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z_]+")
CONTRACTION_ENDINGS = ("'s", "'m", "'re", "'ve", "'ll", "'d")


class PieceCache(dict[str, tuple[T, ...]]):
    """A cache of the results of `cut` for pieces of text between white space."""

    def __init__(self, cut: Callable[[str], tuple[T, ...]]) -> None:
        super().__init__()
        self._cut = cut

    def __missing__(self, piece: str) -> tuple[T, ...]:
        result = self._cut(piece)
        if len(piece) <= MAX_CACHED_LENGTH:
            if len(self) >= CACHE_SIZE:
                self.clear()
            self[piece] = result
        return result

    def all(self, pieces: Iterable[str]) -> list[T]:
        """Return the results of all `pieces`, concatenated."""
        return list(chain.from_iterable(map(self.__getitem__, pieces)))


class Tokenizer:
    """Splits texts into tokens according to `settings`. Tokens contain no white space and are never empty."""

    def __init__(self, settings: TokenizerSettings) -> None:
        self.settings = settings
        self.pieces = PIECES[settings.rules]
        self._ascii_pattern = _compiled(_ASCII_KINDS)
        self._pattern: re.Pattern[str] | None = None  # compiled when first needed
        self._cache = PieceCache(self.piece_tokens)
        self._rules: dict[str, Callable[[str], Iterable[str]]] = {
            "plain": self._word,
            "link": lambda token: [LINK_TOKEN] if settings.links == "mask" else [self._fold(token)],
            "email": lambda token: [EMAIL_TOKEN] if settings.links == "mask" else [self._fold(token)],
            "user": lambda token: [USER_TOKEN] if settings.users == "mask" else [self._fold(token)],
            "placeholder": lambda token: [self._fold(token)],
            "heart": lambda token: [REPEATED_CHARACTER.sub(r"\1", token)],
            "face": lambda token: [REPEATED_CHARACTER.sub(r"\1\1", token)],
            "hashtag": self._hashtag,
            "emoji": lambda token: [MODIFIER.sub("", token) or token],  # a skin tone may occur alone
            "word": self._word,
            "run": _punctuation_run,
            "invisible": lambda _: (),
        }

    @classmethod
    def without_limit(cls, settings: TokenizerSettings) -> "Tokenizer":
        """Return a tokenizer that keeps all tokens of a text: only the network truncates long texts."""
        return cls(replace(settings, max_tokens=sys.maxsize))

    def __call__(self, text: str) -> list[str]:
        """Return the tokens of `text`, at most `max_tokens`; none if it is only white space."""
        return self.cut(self._cache.all(self.pieces(text)))

    def cut(self, tokens: list[T]) -> list[T]:
        """Return the `tokens` of a whole text, truncated to `max_tokens`."""
        return cut(tokens, max_tokens=self.settings.max_tokens, keep=self.settings.cut)

    def piece_tokens(self, piece: str) -> tuple[str, ...]:
        """Return all tokens of one of the `pieces` of a text."""
        tokens: list[str] = []
        for _, found in self.piece_matches(piece):
            tokens.extend(found)
        return tuple(tokens)

    def piece_matches(self, piece: str) -> Iterator[tuple[re.Match[str], Iterable[str]]]:
        """Yield what is found in one of the `pieces` of a text, and its tokens, of which there may be none."""
        rules = self._rules
        for match in self._pattern_for(piece).finditer(piece):
            rule = rules.get(match.lastgroup or "")
            token = match.group()
            yield match, (token,) if rule is None else rule(token)

    def _pattern_for(self, piece: str) -> re.Pattern[str]:
        if piece.isascii():
            return self._ascii_pattern
        if self._pattern is None:
            self._pattern = _compiled(FIRST_KINDS if self.settings.rules == 1 else KINDS)
        return self._pattern

    def _fold(self, token: str) -> str:
        return token.lower() if self.settings.lowercase else token

    def _word(self, token: str) -> list[str]:
        settings = self.settings
        word = self._fold(token)
        tokens = [CAPITALS_TOKEN] if settings.capitals == "mark" and len(token) > 1 and token.isupper() else []
        is_long = settings.elongations != "keep" and REPEATED_LETTER.search(word) is not None
        if is_long:
            word = REPEATED_LETTER.sub(r"\1\1", word)
        if settings.contractions == "split" and "'" in word:
            tokens.extend(_split_contraction(word))
        else:
            tokens.append(word)
        if is_long and settings.elongations == "mark":
            tokens.append(LONG_TOKEN)
        return tokens

    def _hashtag(self, token: str) -> list[str]:
        if self.settings.hashtags == "keep":
            return [self._fold(token)]
        tokens = ["#"]
        for part in CAMEL_PARTS.findall(token[1:]):
            tokens.extend(self._word(part))
        return tokens


def _compiled(kinds: dict[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()))


def cut(tokens: list[T], *, max_tokens: int, keep: str) -> list[T]:
    """Return at most `max_tokens` tokens: the "head", the "tail", or half from "both" ends (the larger half first)."""
    if len(tokens) <= max_tokens:
        return tokens
    num_head = {"head": max_tokens, "tail": 0, "both": (max_tokens + 1) // 2}[keep]
    num_tail = max_tokens - num_head
    return tokens[:num_head] + tokens[len(tokens) - num_tail :]


def _split_contraction(word: str) -> list[str]:
    """Split off "n't" and the like, as in the Penn Treebank and in most word vectors."""
    folded = word.lower()
    if folded.endswith("n't") and len(word) > 3:
        return [word[:-3], word[-3:]]
    for ending in CONTRACTION_ENDINGS:
        if folded.endswith(ending) and len(word) > len(ending):
            return [word[: -len(ending)], word[-len(ending) :]]
    return [word]


def _punctuation_run(token: str) -> list[str]:
    """Shorten a run to at most three characters."""
    if len(set(token)) > 1:  # only ! and ? are mixed in a run
        return ["?!"]
    return [token[:3]]
