"""What an evaluation may be asked for besides scores. Light to load, so that the command line can check its options."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RowsFile:
    """A file for all rows.

    `trait_columns` says whether each label has columns of its own, with 1 or 0.
    """

    path: Path
    trait_columns: bool = False


@dataclass(frozen=True)
class Extras:
    """What is wanted.

    Attributes:
        rows: a file for all rows with their predictions.
        slices: columns by whose values the rows are scored in parts, see `with_slices`.
        suspects: a file for labels that are probably wrong, see `with_suspects`.
        variants: whether predictions of changed texts are compared, see `with_variants`.
        by: the column that says whose text a row is, for a score of one answer for each person.
        maps: names or files of maps of labels to groups that are scored, too.
    """

    rows: RowsFile | None = None
    slices: tuple[str, ...] = ()
    suspects: Path | None = None
    variants: bool = False
    maps: tuple[str, ...] = ()
    by: str | None = None


NO_EXTRAS = Extras()
