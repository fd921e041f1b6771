"""Write the completion scripts and the manual page: `python -m lstmcli.cli.shell docs/shell`."""

import sys
from pathlib import Path

from typer.main import get_command

from lstmcli.cli.main import app
from lstmcli.cli.shell.completion import completion_script
from lstmcli.cli.shell.manual import manual_page
from lstmcli.cli.shell.tool import describe_tool

# By the names under which shells and man look for them.
SHELL_OF_FILE = {"lstmcli": "bash", "_lstmcli": "zsh", "lstmcli.fish": "fish"}
MANUAL = "lstmcli.1"


def contents() -> dict[str, str]:
    """Return what each file holds, by its name."""
    group = get_command(app)
    with group.make_context("lstmcli", [], resilient_parsing=True) as context:
        tool = describe_tool(group, context)
    scripts = {name: completion_script(shell, tool) for name, shell in SHELL_OF_FILE.items()}
    return {**scripts, MANUAL: manual_page(tool)}


def main() -> None:
    """Write all files into the folder that the command line names."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents().items():
        (folder / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
