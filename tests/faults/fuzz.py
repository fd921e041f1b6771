"""Fuzzes the readers of input files, guided by coverage: `python -m tests.faults.fuzz [OPTIONS of libFuzzer]`.

Needs atheris (`pip install atheris`). The seeds are those of `malformed`. Any error but an LstmcliError is a fault.
"""

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.faults.malformed import SEEDS, parquet_seed

FORMATS = {"text": "txt", "csv": "csv", "tsv": "tsv", "jsonl": "jsonl", "parquet": "parquet"}


def read_all(path: Path) -> None:
    """Read all records of a file as `predict` does; errors that users can fix are fine."""
    from lstmcli.data.reading import open_records
    from lstmcli.errors import LstmcliError

    with suppress(LstmcliError), open_records(str(path), keeps_broken=True) as source:
        for _ in source.records:
            pass


def main() -> int:
    try:
        import atheris
    except ModuleNotFoundError:
        sys.stderr.write("error: atheris is not installed; run `pip install atheris`.\n")
        return 1
    with atheris.instrument_imports(include=["lstmcli"]):
        import lstmcli.data.formats
        import lstmcli.data.reading  # noqa: F401
    corpus = Path(tempfile.mkdtemp(prefix="fuzz-"))
    names = list(FORMATS)
    for kind, seeds in {**SEEDS, "parquet": [parquet_seed()]}.items():
        for number, seed in enumerate(seeds if kind in FORMATS else []):
            (corpus / f"{kind}-{number}").write_bytes(bytes([names.index(kind)]) + seed)

    def try_one(data: bytes) -> None:
        kind = names[data[0] % len(names)] if data else "text"
        path = corpus.with_suffix(f".{FORMATS[kind]}")
        path.write_bytes(data[1:])
        read_all(path)

    atheris.Setup([sys.argv[0], *sys.argv[1:], str(corpus)], try_one)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
