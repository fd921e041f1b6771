"""Numbers as text inside a page: bytes in planes, deflated, and written in base 91. `assets/tables.js` reads them.

Base64 turns 3 bytes into 4 characters; here, 13 bits become 2 characters, which makes a page 8% smaller. The alphabet
has no `<`, so no table can end the element that it is in.
"""

import string
import zlib

import numpy as np
from numpy.typing import NDArray

# All printable ASCII characters, except those that HTML or a string in JavaScript may take for something else.
ALPHABET = "".join(sorted(set(string.ascii_letters + string.digits + string.punctuation) - set("<&\\")))
BITS = 13  # 91 * 91 is just above 2 ** 13

# The last bits of a float32 that are left out: 15 bits of the mantissa are more than a prediction needs.
DROPPED_BITS = 8


def deflated(content: bytes) -> bytes:
    """Return `content` as a browser's DecompressionStream("deflate") takes it."""
    return zlib.compress(content, 9)


def base_91(content: bytes) -> str:
    """Return `content` as text; the last character may hold bits of padding."""
    bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
    padded = np.pad(bits, (0, -len(bits) % BITS)).reshape(-1, BITS)
    numbers = padded.astype(np.uint16) @ (1 << np.arange(BITS, dtype=np.uint16))
    digits = np.stack([numbers % len(ALPHABET), numbers // len(ALPHABET)], axis=1)
    letters: NDArray[np.uint8] = np.frombuffer(ALPHABET.encode(), np.uint8)[digits]
    return letters.tobytes().decode()


def floats(values: NDArray[np.floating]) -> bytes:
    """Return float32 numbers, rounded to fewer bits, as four planes of bytes, the lowest first."""
    bits = np.ascontiguousarray(values, np.float32).reshape(-1).view(np.uint32).astype(np.uint64)
    half = 1 << (DROPPED_BITS - 1)
    rounded = ((bits + half) >> DROPPED_BITS << DROPPED_BITS).astype("<u4")
    return planes(rounded, 4)


def integers(values: NDArray[np.integer]) -> bytes:
    """Return signed integers as four planes, the lowest first: 0, -1, 1, -2, ... become 0, 1, 2, 3, ...

    Small numbers thus have zeros in the higher planes, which take next to nothing when deflated.
    """
    wide = values.astype(np.int64).reshape(-1)
    return planes(np.where(wide >= 0, 2 * wide, -2 * wide - 1).astype("<u4"), 4)


def planes(values: NDArray[np.unsignedinteger], num_bytes: int) -> bytes:
    """Return the lowest bytes of all numbers, then the second ones, and so on."""
    return values.view(np.uint8).reshape(-1, num_bytes).T.tobytes()
