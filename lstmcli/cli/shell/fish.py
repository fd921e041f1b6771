"""Completion for fish."""

from collections.abc import Iterator

from lstmcli.cli.description import Description, Option
from lstmcli.cli.shell.tool import FILES, FOLDERS, NOTICE, SETTINGS, Tool, filled

SCRIPT = r"""# Completion of lstmcli for fish. @NOTICE@

function __lstmcli_settings
    set -l word (commandline -ct | string replace -r '^--set=' '')
    set -l key (string split -m 1 = -- $word)[1]
    if not string match -q '*=*' -- $word
        printf '%s=\n' @SETTINGS@
        return
    end
    switch $key
@VALUES@
        case '*'
            printf '%s\n' $key=(__fish_complete_path (string replace -r '^[^=]*=' '' -- $word))
    end
end

complete -c lstmcli -f
@COMMANDS@
"""

VALUES = {FILES: "-r -F", FOLDERS: "-x -a '(__fish_complete_directories)'", SETTINGS: "-x -a '(__lstmcli_settings)'"}


def fish_script(tool: Tool) -> str:
    """Return the script."""
    values = [
        line
        for setting in tool.settings
        if setting.choices
        for line in (f"        case {setting.key}", f"            printf '%s\\n' $key={{{','.join(setting.choices)}}}")
    ]
    names = " ".join(command.name for command in tool.commands)
    lines = [
        f"complete -c lstmcli -n __fish_use_subcommand -a {name} -d {_quoted(text)}"
        for name, text in tool.summaries.items()
    ]
    lines.append(f"complete -c lstmcli -n '__fish_seen_subcommand_from help' -a '{names}'")
    lines += [_option("__fish_use_subcommand", option) for option in tool.itself.options]
    lines += [line for command in tool.commands for line in _command(command, tool.keys)]
    parts = {
        "NOTICE": NOTICE,
        "SETTINGS": tool.keys,
        "VALUES": "\n".join(values),
        "COMMANDS": "\n".join(lines),
    }
    return filled(SCRIPT, parts)


def _command(command: Description, keys: str) -> Iterator[str]:
    condition = f"'__fish_seen_subcommand_from {command.name}; and not __fish_seen_subcommand_from help'"
    yield f"complete -c lstmcli -n {condition} " + (f"-f -a '{keys}'" if command.takes_keys else "-F")
    yield from (_option(condition, option) for option in command.options)


def _option(condition: str, option: Option) -> str:
    names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
    value = "" if option.metavar is None else " " + VALUES.get(option.metavar, "-x")
    choices = f" -a '{' '.join(option.choices)}'" if option.choices else ""
    return f"complete -c lstmcli -n {condition} {names}{value}{choices} -d {_quoted(option.help)}"


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"
