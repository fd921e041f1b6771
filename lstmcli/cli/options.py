"""Arguments and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[Path, typer.Argument(metavar="RUN", help="Run directory, or its model/ folder.", show_default=False)]


class FormatChoice(StrEnum):
    """The choices of --format; a test ties them to the formats."""

    AUTO = "auto"
    CSV = "csv"
    TSV = "tsv"
    CSV_SEMICOLON = "csv-semicolon"
    TSV_RAW = "tsv-raw"
    JSONL = "jsonl"
    TEXT = "text"
    PARQUET = "parquet"


Format = Annotated[
    FormatChoice, typer.Option("--format", "-f", help="Format of the input; auto goes by the file's extension.")
]
Encoding = Annotated[str, typer.Option("--encoding", metavar="NAME", help="Encoding of the input.")]
TextColumn = Annotated[
    str | None,
    typer.Option("--text", metavar="COLUMN", help="Column of the text (default: as in training).", show_default=False),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", metavar="FILE", help="YAML file; every key has a default.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="KEY=VALUE", help="Override a key of the config; may be repeated."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a run that is there already.")]
