"""Write the completion scripts and the manual page: `python -m lstmcli.cli.shell docs/shell`."""

import sys
from pathlib import Path

from typer.main import get_command

from lstmcli.cli.main import app
from lstmcli.cli.shell.completion import completion_script
from lstmcli.cli.shell.manual import manual_page
from lstmcli.cli.shell.tool import describe_tool

# Keys are the file names that the shells look for.
SHELL_OF_FILE = {"lstmcli": "bash", "_lstmcli": "zsh", "lstmcli.fish": "fish"}
MANUAL = "lstmcli.1"


def contents() -> dict[str, str]:
    """Return the content of each file by its name."""
    group = get_command(app)
    with group.make_context("lstmcli", [], resilient_parsing=True) as context:
        tool = describe_tool(group, context)
    scripts = {name: completion_script(shell, tool) for name, shell in SHELL_OF_FILE.items()}
    return {**scripts, MANUAL: manual_page(tool)}


def main() -> None:
    """Write all files to the folder given on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents().items():
        (folder / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
