"""Tables of a stored model as arrays over mapped .npy files, and its weights, read without trusting their headers.

numpy and safetensors would evaluate the headers or allocate what they ask for.
"""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from lstmcli.data.sealed import MappedFile, RowGuard, SealedFolder
from lstmcli.kernels.weights import Weights

# What numpy.save writes for an array in C order: magic, version 1.0, the size of the header, and the header.
NPY_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '(<f2|<u4|<i8)', 'fortran_order': False, 'shape': \((\d+(?:, \d+)*),?\), \} *\n",
    re.DOTALL,
)
MAX_HEADER_BYTES = 256
TYPES: dict[bytes, np.dtype[Any]] = {
    b"<f2": np.dtype(np.float16),
    b"<u4": np.dtype(np.uint32),
    b"<i8": np.dtype(np.int64),
}

# The header of a safetensors file is JSON with a line of about 100 bytes for each of our few dozen tensors.
MAX_WEIGHTS_HEADER_BYTES = 1 << 22

FLOAT32 = frozenset({"F32"})

Shapes = dict[str, tuple[int, ...]]


class Table:
    """An array over a mapped .npy file.

    Attributes:
        file: to check before values are read.
        values: the array; nothing in it is checked yet.
    """

    def __init__(self, file: MappedFile, dtype: type[np.generic], num_dimensions: int) -> None:
        """Read the header.

        Raises:
            DamagedFileError: it is damaged, or the array is of another type or size.
        """
        self.file = file
        file.check(0, min(MAX_HEADER_BYTES, len(file.content)))
        found = NPY_HEADER.match(bytes(file.content[:MAX_HEADER_BYTES]))
        if found is None or found.end() % 64:
            raise file.damaged("is damaged: it does not start like an array of a model")
        self._start = found.end()
        found_type, shape = TYPES[found[2]], tuple(int(size) for size in found[3].split(b","))
        if found_type != dtype or len(shape) != num_dimensions or 0 in shape:
            raise file.damaged(f"is damaged: it contains an array of {found_type} {shape}")
        if self._start + math.prod(shape) * found_type.itemsize != len(file.content):
            raise file.damaged(f"is damaged: {len(file.content):,} bytes for an array of {found_type} {shape}")
        self.values: NDArray[Any] = np.frombuffer(file.content, dtype=found_type, offset=self._start).reshape(shape)

    def guard(self, part: int | None = None) -> RowGuard:
        """Return a function that checks rows of a float16 table before they are read.

        Args:
            part: the first index, if rows are those of `values[part]`.
        """
        row_bytes = self.values.shape[-1] * self.values.itemsize
        rows_before = 0 if part is None else part * self.values.shape[-2]
        return self.file.guard_floats(self._start + rows_before * row_bytes, row_bytes, data_start=self._start)


def read_weights(
    folder: SealedFolder, name: str, check: Callable[[Shapes], None], *, types: frozenset[str] = FLOAT32
) -> Weights:
    """Return the tensors of a file.

    Args:
        folder: that contains it.
        name: of the file.
        check: is called with the shapes that the file claims, before anything else is read; raises ValueError.
        types: that the tensors may have.

    Raises:
        DamagedFileError: the file is damaged or missing, or contains values that are not finite.
    """
    file = folder.map(name)
    file.check(0, 8)
    if int.from_bytes(file.content[:8], "little") > MAX_WEIGHTS_HEADER_BYTES:
        raise file.damaged("is damaged: its header is too long")
    try:
        with safe_open(file.path, framework="numpy") as tensors:
            slices = {key: tensors.get_slice(key) for key in tensors.keys()}  # noqa: SIM118 (not a mapping)
            others = {str(found.get_dtype()) for found in slices.values()} - types
            if others:
                raise ValueError(f"weights of type {', '.join(sorted(others))}")
            check({key: tuple(found.get_shape()) for key, found in slices.items()})
            file.check(0, len(file.content))
            weights = {key: tensors.get_tensor(key) for key in slices}
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise file.damaged(f"is damaged ({error})") from None
    if not all(np.isfinite(value).all() for value in weights.values()):
        raise file.damaged("is damaged: it contains values that are not finite")
    return weights
