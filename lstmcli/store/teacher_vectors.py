"""The folder `teacher/` of a pretraining run: sentence vectors of a teacher, so that no text is encoded twice.

    KIND-DIGEST-NUMBER.npy  float16, (texts, size): a block of the vectors of some kind of texts
    checksums.json          see `data.sealed`; it lists finished blocks only

The digest is of the teacher and of all texts of that kind, so blocks that belong to something else are never used.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lstmcli.data.atomic import atomic_path, remove
from lstmcli.data.sealed import CHECKSUMS_FILE, SealedFolder, reseal
from lstmcli.errors import DamagedFileError

NUM_DIGITS = 16


class StoredVectors:
    """Vectors in blocks that are mapped into memory."""

    def __init__(self, blocks: list[NDArray[np.float16]]) -> None:
        """Keep the blocks; all but the last have the same number of rows."""
        self._blocks = blocks

    def __getitem__(self, rows: NDArray[np.int64], /) -> NDArray[np.float32]:
        """Return the vectors of `rows`, (rows, size)."""
        found = np.empty((len(rows), self._blocks[0].shape[1]), dtype=np.float32)
        numbers, places = np.divmod(rows, len(self._blocks[0]))
        for number in np.unique(numbers).tolist():
            is_here = numbers == number
            found[is_here] = self._blocks[number][places[is_here]]
        return found


class VectorBlocks:
    """The blocks of one kind of texts, which are added one after another.

    Attributes:
        block_texts: texts per block. As many are lost at most if the encoding is interrupted.
    """

    block_texts: ClassVar[int] = 4_096

    def __init__(self, folder: Path, *, kind: str, digest: str, num_texts: int, size: int) -> None:
        """Find the blocks that are finished and undamaged, and delete all others of this kind.

        Args:
            folder: of all kinds; it is created.
            kind: a short name.
            digest: hexadecimal, of the texts and the teacher.
            num_texts: number of texts.
            size: width of a vector.
        """
        self._folder = folder
        self._kind = kind
        self._num_texts, self._size = num_texts, size
        num_blocks = -(-num_texts // self.block_texts)
        self._names = [f"{kind}-{digest[:NUM_DIGITS]}-{number:05}.npy" for number in range(1, num_blocks + 1)]
        folder.mkdir(exist_ok=True)
        self._blocks = self._finished()
        self._forget_others()

    @property
    def num_finished(self) -> int:
        """The number of texts whose vectors are there."""
        return min(len(self._blocks) * self.block_texts, self._num_texts)

    @property
    def is_finished(self) -> bool:
        """Whether the vectors of all texts are there."""
        return len(self._blocks) == len(self._names)

    def add(self, vectors: NDArray[np.float32]) -> None:
        """Write the vectors of the next block."""
        name = self._names[len(self._blocks)]
        with atomic_path(self._folder / name, follows_links=False) as temporary, temporary.open("wb") as stream:
            np.save(stream, vectors.astype(np.float16))
        reseal(self._folder, [*SealedFolder(self._folder).names, name])
        self._blocks.append(self._load(name))

    def vectors(self) -> StoredVectors:
        """Return the vectors of all texts, which must be there."""
        if not self.is_finished:
            raise ValueError(f"expected {self._num_texts} vectors, got {self.num_finished}")
        return StoredVectors(self._blocks)

    def _finished(self) -> list[NDArray[np.float16]]:
        blocks: list[NDArray[np.float16]] = []
        try:
            sealed = SealedFolder(self._folder)
            for name in self._names:
                if name not in sealed.names:
                    break
                sealed.check(name)
                blocks.append(self._load(name))
        except DamagedFileError:  # what is damaged is encoded again
            pass
        return blocks

    def _load(self, name: str) -> NDArray[np.float16]:
        number = self._names.index(name)
        expected = (min(self.block_texts, self._num_texts - number * self.block_texts), self._size)
        try:
            block: NDArray[np.float16] = np.load(self._folder / name, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError) as error:
            raise DamagedFileError(self._folder / name, f"is damaged ({error})") from None
        if block.dtype != np.float16 or block.shape != expected:
            raise DamagedFileError(self._folder / name, f"holds {block.dtype} {block.shape}, expected {expected}")
        return block

    def _forget_others(self) -> None:
        """Delete the other blocks of this kind, and what processes that died have left of them."""
        finished = set(self._names[: len(self._blocks)])
        try:
            known = SealedFolder(self._folder).names
        except DamagedFileError:
            remove(self._folder / CHECKSUMS_FILE)
            known = []
        reseal(self._folder, [name for name in known if name in finished or not self._is_of_kind(name)])
        for path in list(self._own_files()):
            if path.name not in finished:
                remove(path)

    def _own_files(self) -> Iterator[Path]:
        return (path for path in self._folder.iterdir() if self._is_of_kind(path.name))

    def _is_of_kind(self, name: str) -> bool:
        return name.removeprefix(".").startswith(f"{self._kind}-")
