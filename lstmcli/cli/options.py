"""Arguments and options shared by several commands."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

# The groups of options in --help.
INPUT = "Input"
SETTINGS = "Settings"
PREDICTIONS = "Predictions"
OUTPUT = "Output"
COMPUTATION = "Computation"

Run = Annotated[Path, typer.Argument(metavar="RUN", help="Run directory or its model/ folder.", show_default=False)]


class FormatChoice(StrEnum):
    """The choices of --format; a test compares them with the formats."""

    AUTO = "auto"
    CSV = "csv"
    TSV = "tsv"
    CSV_SEMICOLON = "csv-semicolon"
    CSV_PIPE = "csv-pipe"
    TSV_RAW = "tsv-raw"
    JSONL = "jsonl"
    TEXT = "text"
    PARQUET = "parquet"
    EXCEL = "excel"
    SPSS = "spss"


Format = Annotated[
    FormatChoice | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        rich_help_panel=INPUT,
        help="Input format; auto uses the file's extension (default: as in training, if the extension allows it).",
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        rich_help_panel=INPUT,
        help="Input encoding (default: as in training; utf-8 for standard input).",
    ),
]
TextColumn = Annotated[
    str | None,
    typer.Option("--text", metavar="COLUMN", rich_help_panel=INPUT, help="Text column (default: as in training)."),
]


class OnErrorChoice(StrEnum):
    """The choices of --on-error."""

    FLAG = "flag"
    SKIP = "skip"
    STOP = "stop"


# Of commands that write rows.
OutputFile = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        rich_help_panel=OUTPUT,
        help="Output file, or - for standard output (the default); .gz compresses.",
    ),
]
OutputFormat = Annotated[
    FormatChoice,
    typer.Option(
        "--output-format",
        "-F",
        metavar="FORMAT",
        rich_help_panel=OUTPUT,
        help="Output format; auto uses the extension of --output, or else the input format.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", rich_help_panel=OUTPUT, help="Resume an interrupted command, appending to its partial --output."
    ),
]
Progress = Annotated[
    bool,
    typer.Option("--progress", rich_help_panel=OUTPUT, help="Report progress on standard error."),
]
KeptColumns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="A,B",
        rich_help_panel=OUTPUT,
        help="Input columns to keep, in this order (default: all).",
    ),
]
EscapeFormulas = Annotated[
    bool,
    typer.Option(
        "--escape-formulas",
        rich_help_panel=OUTPUT,
        help="In CSV and TSV, put an apostrophe before cells that a spreadsheet would run as formulas (such as "
        "=1+1, +x, -x, @x); numbers stay as they are.",
    ),
]
OnError = Annotated[
    OnErrorChoice,
    typer.Option(
        "--on-error",
        metavar="ACTION",
        rich_help_panel=INPUT,
        help="What to do with rows that can't be read or have a blank text: flag keeps them without a prediction "
        "(exit code 3); skip drops them; stop exits with an error.",
    ),
]
TraitColumns = Annotated[
    bool,
    typer.Option(
        "--trait-columns",
        rich_help_panel=PREDICTIONS,
        help="Add a column predicted_<label> with 1 or 0 for each label; for several labels per text or yes/no "
        "columns.",
    ),
]

# The same for commands that train: an option that is not given leaves the config's value.
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
        help="Input format (data.format); auto (the default) uses the file's extension.",
    ),
]
EncodingSetting = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        rich_help_panel=INPUT,
        help="Input encoding (data.encoding; default: utf-8).",
    ),
]
TextSetting = Annotated[
    str | None,
    typer.Option("--text", metavar="COLUMN", rich_help_panel=INPUT, help="Text column (data.text; default: text)."),
]
LabelSetting = Annotated[
    str | None,
    typer.Option("--label", metavar="COLUMN", rich_help_panel=INPUT, help="Label column (data.label; default: label)."),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        rich_help_panel=SETTINGS,
        help="YAML config file; keys that are not in it keep their defaults.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="KEY=VALUE",
        rich_help_panel=SETTINGS,
        help="Override a config key, such as training.epochs=5; repeatable.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", rich_help_panel=OUTPUT, help="Replace an existing run.")]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", rich_help_panel=OUTPUT, help="Print only errors on standard error, no notes or progress."
    ),
]
NoTexts = Annotated[
    bool,
    typer.Option(
        "--no-texts",
        rich_help_panel=OUTPUT,
        help="Show no text of the rows in any report or on the screen (default: as in training, where "
        "evaluation.texts=true shows them).",
    ),
]
Ordered = Annotated[
    str | None,
    typer.Option(
        "--ordered",
        metavar="A,B,...",
        rich_help_panel=INPUT,
        help="The labels in files of predictions, from the lowest to the highest; adds QWK and MAE.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", rich_help_panel=OUTPUT, help="Print JSON instead of tables.")]
Svg = Annotated[
    str | None,
    typer.Option(
        "--svg", metavar="FILE", rich_help_panel=OUTPUT, help="Also write a chart; - prints it instead of text."
    ),
]


def names_in_order(word: str | None) -> tuple[str, ...]:
    """Return the labels that --ordered names."""
    from lstmcli.config.lists import split_list

    return () if word is None else tuple(name.strip() for name in split_list(word))


def column_settings(
    text: str | None, label: str | None, input_format: FormatChoice | None, encoding: str | None
) -> dict[str, str | None]:
    """Return the values of options that are shortcuts for settings, by key; None leaves the config's value."""
    return {
        "data.text": text,
        "data.label": label,
        "data.format": None if input_format is None else input_format.value,
        "data.encoding": encoding,
    }
