"""The folder of all parts: claimed by one prediction, and which parts of it are there."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lstmcli.data.atomic import TEMPORARY_SUFFIX, atomic_path, remove
from lstmcli.data.shards import Manifest, manifest_path, read_manifest
from lstmcli.errors import DataError
from lstmcli.recipes.cluster.parts import Input, Part
from lstmcli.recipes.cluster.results import MANIFEST_FILE, PartCounts, counts_path, read_counts
from lstmcli.recipes.shards.manifest import content_digest

JOB_FILE: Final = "job.json"


class PartsFolder:
    """A folder that holds the parts of one prediction, and nothing else.

    Attributes:
        path: of the folder.
    """

    def __init__(self, path: Path, facts: Sequence[object]) -> None:
        """Prepare for a prediction that these `facts` tell from others."""
        self.path = path
        self._job = hashlib.sha256(repr(facts).encode("utf-8", "surrogateescape")).hexdigest()

    def claim(self, *, resume: bool) -> None:
        """Create the folder, or go on with what an earlier command has left in it.

        Raises:
            DataError: it holds something else.
        """
        if self.path.exists() and not self.path.is_dir():
            raise DataError(f"{self.path}: is a file, expected a folder for the parts of the output.")
        self.path.mkdir(parents=True, exist_ok=True)
        found = self.path / JOB_FILE
        if not found.exists():
            if any(self.path.iterdir()):
                raise DataError(f"{self.path}: is not empty; name a new folder with --output.")
            with atomic_path(found) as temporary:
                temporary.write_text(json.dumps({"job": self._job}) + "\n", encoding="utf-8")
            return
        if not resume:
            raise DataError(
                f"{self.path}: holds parts of an earlier prediction. Add --resume to go on with it, or name a new "
                "folder."
            )
        if self._job not in found.read_text(encoding="utf-8", errors="replace"):
            raise DataError(
                f"{self.path}: holds parts of a prediction with another model, other inputs or options (or another "
                "version of lstmcli); name a new folder."
            )
        (self.path / MANIFEST_FILE).unlink(missing_ok=True)  # until all is whole again

    def finished(self, part: Part, source: Input, model: str) -> tuple[Manifest, PartCounts] | None:
        """Return what is known about a part of `source` that is there, undamaged and up to date, else None."""
        path = self.path / part.file
        try:
            manifest, counts = read_manifest(path), read_counts(path)
            is_whole = (manifest.shard, manifest.of, manifest.model) == (*part.shard, model)
            is_whole = is_whole and (counts.input_bytes, counts.input_modified_ns) == source[2:]
            is_whole = is_whole and content_digest(path) == manifest.digest
        except (DataError, OSError, ValueError, TypeError):
            return None
        return (manifest, counts) if is_whole else None

    def has(self, part: Part) -> bool:
        """Whether a part is there, as far as can be told without reading it."""
        return manifest_path(self.path / part.file).exists()

    def discard(self) -> None:
        """Give the folder back, before any part of it is there."""
        self.tidy()
        (self.path / JOB_FILE).unlink(missing_ok=True)
        if not any(self.path.iterdir()):
            self.path.rmdir()

    def tidy(self, parts: Sequence[Part] = ()) -> None:
        """Remove what workers that died have left, and outputs that are none of these `parts` any more."""
        for left in self.path.glob(f".*{TEMPORARY_SUFFIX}"):
            remove(left)
        files = {part.file for part in parts}
        for manifest in self.path.glob("part-*.shard.json") if files else ():
            output = manifest.with_name(manifest.name.removesuffix(".shard.json"))
            if output.name not in files:
                for path in (manifest, counts_path(output), output):
                    remove(path)
