"""Encodings: which ones can be used, what a byte order mark says, and which one a text probably has."""

import codecs
from itertools import pairwise

from lstmcli.errors import DataError, did_you_mean

COMMON_ENCODINGS = ["utf-8", "utf-16", "cp1252", "latin-1", "cp1251", "gb18030", "shift_jis"]

# Python counts these as encodings of text, but no file of texts is written in them.
NOT_OF_FILES = {"undefined", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7", "charmap"}

# What Windows calls the encodings that its programs save in.
WINDOWS_NAMES = {"ansi": "cp1252", "unicode": "utf-16", "unicode (utf-8)": "utf-8"}

# The byte order marks, the longer ones first: that of UTF-32 starts with that of UTF-16.
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

# Maximum number of bytes from which an encoding is guessed.
SAMPLE_BYTES = 1 << 14

# What is not ASCII in most Western European texts.
WESTERN = "äöüßÄÖÜéèêëàâáãçîïíìôóòõûùúñåøæœÅØÆÉÀÇÑÁÍÓÚ¿¡«»„“”‚‘’–—…€£°§´·"

# What charset-normalizer chooses from; more of them would only be mistaken for each other.
GUESSES = ["cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r", "cp866", "gb18030"]
GUESSES += ["big5", "cp932", "euc_jp", "euc_kr", "mac_roman"]


def check_encoding(encoding: str) -> None:
    """Raise DataError unless `encoding` names an encoding of text files."""
    common = f"Common ones: {', '.join(COMMON_ENCODINGS)}."
    try:
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError):  # a ValueError: a NUL or half an emoji in the name
        on_windows = WINDOWS_NAMES.get(encoding.casefold())
        near = f" Did you mean {on_windows!r}?" if on_windows else did_you_mean(encoding[:60], COMMON_ENCODINGS)
        raise DataError(f"Unknown encoding {encoding[:60]!r}.{near} {common}") from None
    try:
        is_usable = name not in NOT_OF_FILES and "".encode(encoding) is not None
    except LookupError:  # a codec from bytes to bytes
        is_usable = False
    if not is_usable:
        raise DataError(f"Encoding {encoding!r} can't be used: text files are never written in it. {common}")


def codec_name(encoding: str) -> str:
    """Return Python's own name of an encoding, the same for all of its aliases."""
    return codecs.lookup(encoding).name


def encoding_setting(encoding: str) -> str:
    """Return the option and the setting that choose an encoding."""
    return f"--encoding {encoding} (data.encoding)"


def marked_encoding(head: bytes) -> str | None:
    """Return the encoding that the byte order mark at the start of a file says, or None if there is no mark."""
    return next((encoding for mark, encoding in MARKS.items() if head.startswith(mark)), None)


def unmarked_encoding(head: bytes) -> str | None:
    """Return the encoding of text without a mark that has NUL bytes at every other or every fourth place, or None."""
    start = head[:4096]
    start = start[: len(start) // 4 * 4]
    if len(start) < 4 or b"\0" not in start:
        return None
    nuls = [start[place::4].count(0) / (len(start) // 4) for place in range(4)]
    # Most characters of a header and of many texts are ASCII; no other text has a NUL in place after place.
    patterns = {"utf-32-le": "0111", "utf-32-be": "1110", "utf-16-le": "0101", "utf-16-be": "1010"}
    found = "".join("1" if share > 0.4 else "0" if share < 0.05 else "?" for share in nuls)
    return next((encoding for encoding, pattern in patterns.items() if found == pattern), None)


def contradicting_encoding(head: bytes, encoding: str) -> str | None:
    """Return the encoding of text that starts with `head`, without a mark, if it is certainly not `encoding`."""
    name = codec_name(encoding)
    unmarked = unmarked_encoding(head)
    if unmarked is not None:
        return None if name in {unmarked, unmarked[:6]} and _decodes(head[: len(head) // 4 * 4], encoding) else unmarked
    is_wide = name.startswith(("utf-16", "utf-32"))
    # Every line of wide text has a NUL, in its newline.
    return "utf-8" if is_wide and head and b"\0" not in head and _decodes(head[:4096], "utf-8") else None


def _decodes(start: bytes, encoding: str) -> bool:
    """Return whether the start of a text can be decoded to something with a newline, or to ASCII."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeError:
        return False
    return "\n" in text or text.isascii()


class Utf8Detector:
    """Looks whether bytes that are to be decoded otherwise are UTF-8: decoded as cp1252, "é" would become "Ã©"."""

    # With fewer characters, it may be chance.
    _ENOUGH = 3

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self._num_found = 0

    def found(self, chunk: bytes) -> bool:
        """Take the next bytes and return whether those so far are certainly UTF-8 and not ASCII."""
        if self._decoder is None or (chunk.isascii() and self._num_found == 0):
            return False
        try:
            text = self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            self._decoder = None
            return False
        self._num_found += sum(not character.isascii() for character in text[: SAMPLE_BYTES * 4])
        if self._num_found < self._ENOUGH:
            return False
        self._decoder = None
        return True


def encoding_advice(sample: bytes, encoding: str) -> str:
    """Return which encoding to try for text with bytes that are invalid in `encoding`.

    Args:
        sample: some of the text; the more, the better.
        encoding: the one that failed.
    """
    likely = likely_encodings(sample[: sample.rfind(b"\n", 0, SAMPLE_BYTES) + 1] or sample[:SAMPLE_BYTES])
    first, *others = [name for name in likely if codec_name(name) != codec_name(encoding)] or ["cp1252", "latin-1"]
    return f"try {encoding_setting(first)}" + (f", or else {others[0]}" if others else "")


def likely_encodings(sample: bytes) -> list[str]:
    """Return the encodings that some text in another one than ASCII probably has, the likeliest first."""
    if _is_utf8(sample):
        return ["utf-8"]
    others = [byte for byte in sample if byte >= 0x80]
    western = WESTERN.encode("cp1252")
    num_pairs = sum(first >= 0x80 and second >= 0x80 for first, second in pairwise(sample))
    # Western texts have a letter with an accent here and there; in others, such letters come one after another.
    if num_pairs <= 0.3 * len(others) and sum(byte in western for byte in others) >= 0.95 * len(others):
        return ["cp1252"]
    try:
        import charset_normalizer
    except ModuleNotFoundError:  # prediction can be installed without it
        return []
    return [match.encoding for match in charset_normalizer.from_bytes(sample, cp_isolation=GUESSES)][:2]


def _is_utf8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True
