"""Completion scripts by shell."""

from lstmcli.cli.shell.bash import bash_script
from lstmcli.cli.shell.fish import fish_script
from lstmcli.cli.shell.tool import Tool
from lstmcli.cli.shell.zsh import zsh_script

SCRIPTS = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}


def completion_script(shell: str, tool: Tool) -> str:
    """Return the script for `shell`, one of SCRIPTS."""
    return SCRIPTS[shell](tool)
