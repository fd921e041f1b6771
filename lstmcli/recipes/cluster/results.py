"""What is known about finished parts: the counts beside each output, and the manifest of the folder."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from lstmcli.data.atomic import atomic_path
from lstmcli.errors import DataError
from lstmcli.inference.row_counts import StageTotals

MANIFEST_FILE: Final = "manifest.json"

# A hundred thousand parts take less.
MAX_MANIFEST_BYTES: Final = 1 << 26

NO_STAGES: Final = StageTotals()


@dataclass(frozen=True)
class PartCounts:
    """Rows of a part; see `inference.row_counts.RowCounts`.

    Attributes:
        input_bytes: the size of its input.
        input_modified_ns: when that was last modified.
        stages: how two stages have answered its rows; see `inference.row_counts.StageTotals`.
    """

    rows: int = 0
    broken: int = 0
    blank: int = 0
    without_known_word: int = 0
    input_bytes: int = 0
    input_modified_ns: int = 0
    stages: StageTotals = NO_STAGES


@dataclass(frozen=True)
class InputParts:
    """What became of an input.

    Attributes:
        name: as the user named it.
        digest: of its content.
        rows: of the input.
        written_rows: of all its parts.
        parts: names of the outputs, in the folder of the manifest.
    """

    name: str
    digest: str
    rows: int
    written_rows: int
    parts: list[str]


@dataclass(frozen=True)
class FolderManifest:
    """What is in a folder of finished parts.

    Attributes:
        lstmcli: the version that wrote it.
        model: a digest of the model; see `store.model_digest`.
        output_format: of all parts.
        rows: of all inputs.
        written_rows: of all parts.
        broken: rows without a prediction.
        blank: those of these whose text is blank.
        inputs: in the order of the command.
    """

    lstmcli: str
    model: str
    output_format: str
    rows: int
    written_rows: int
    broken: int
    blank: int
    inputs: Sequence[InputParts]


def counts_path(output: Path) -> Path:
    """Return the path of FILE.counts.json."""
    return output.with_name(f"{output.name}.counts.json")


def write_counts(output: Path, counts: PartCounts) -> None:
    """Write the counts of a part beside its `output`."""
    with atomic_path(counts_path(output)) as temporary:
        temporary.write_text(json.dumps(asdict(counts)) + "\n", encoding="utf-8")


def read_counts(output: Path) -> PartCounts:
    """Return the counts of a part.

    Raises:
        ValueError, TypeError, OSError: there are none.
    """
    counts = PartCounts(**json.loads(counts_path(output).read_text(encoding="utf-8")))
    return replace(counts, stages=StageTotals(*map(int, counts.stages)))


def write_folder_manifest(folder: Path, manifest: FolderManifest) -> None:
    """Write the manifest of a folder whose parts are all there."""
    with atomic_path(folder / MANIFEST_FILE) as temporary:
        temporary.write_text(json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def parts_by_input(folder: Path) -> list[list[Path]]:
    """Return the outputs in a folder, those of one input after those of another.

    Raises:
        DataError: there is no manifest, or it is damaged.
    """
    path = folder / MANIFEST_FILE
    try:
        with path.open("rb") as stream:
            stored: dict[str, Any] = json.loads(stream.read(MAX_MANIFEST_BYTES))
        names = [[str(name) for name in each["parts"]] for each in stored["inputs"]]
        if any(Path(name).name != name for some in names for name in some) or not all(names):
            raise ValueError("a part has no name")
    except FileNotFoundError:
        raise DataError(
            f"{folder}: there is no {MANIFEST_FILE} in it, so it is no finished output of `lstmcli predict --engine`. "
            "Run that command again, with --resume."
        ) from None
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}).") from None
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(f"{path}: is damaged ({error!s:.100}); run the prediction again, with --resume.") from None
    return [[folder / name for name in some] for some in names]
