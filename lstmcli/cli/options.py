"""Arguments and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

# The groups that --help shows options in.
INPUT = "Input"
SETTINGS = "Settings"
PREDICTIONS = "Predictions"
OUTPUT = "Output"
COMPUTATION = "Computation"

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
    FormatChoice,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        rich_help_panel=INPUT,
        help="Format of the input; auto goes by the file's extension.",
    ),
]
Encoding = Annotated[
    str, typer.Option("--encoding", metavar="NAME", rich_help_panel=INPUT, help="Encoding of the input.")
]
TextColumn = Annotated[
    str | None,
    typer.Option(
        "--text", metavar="COLUMN", rich_help_panel=INPUT, help="Column of the text (default: as in training)."
    ),
]

# The same for commands that train: what is not given is as the config says.
TrainingFile = Annotated[
    str | None, typer.Argument(metavar="FILE", help="Labelled rows to learn from (data.train).", show_default=False)
]
FormatSetting = Annotated[
    FormatChoice | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        rich_help_panel=INPUT,
        help="Format of the input (data.format); auto, the default, goes by the file's extension.",
    ),
]
EncodingSetting = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        rich_help_panel=INPUT,
        help="Encoding of the input (data.encoding; default: utf-8).",
    ),
]
TextSetting = Annotated[
    str | None,
    typer.Option(
        "--text", metavar="COLUMN", rich_help_panel=INPUT, help="Column of the text (data.text; default: text)."
    ),
]
LabelSetting = Annotated[
    str | None,
    typer.Option(
        "--label", metavar="COLUMN", rich_help_panel=INPUT, help="Column of the label (data.label; default: label)."
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", rich_help_panel=SETTINGS, help="YAML file; every key has a default."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="KEY=VALUE",
        rich_help_panel=SETTINGS,
        help="Override a key of the config, such as training.epochs=5; may be repeated.",
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", rich_help_panel=OUTPUT, help="Replace the run that is there already.")
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", rich_help_panel=OUTPUT, help="Print no notes and no progress on standard error, only errors."
    ),
]


def column_settings(
    text: str | None, label: str | None, input_format: FormatChoice | None, encoding: str | None
) -> dict[str, str | None]:
    """Return the settings that options of their own stand for, by key; None is as the config says."""
    return {
        "data.text": text,
        "data.label": label,
        "data.format": None if input_format is None else input_format.value,
        "data.encoding": encoding,
    }
