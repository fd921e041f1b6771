"""Completion for zsh."""

from collections.abc import Iterator

from lstmcli.cli.description import Argument, Description, Option
from lstmcli.cli.shell.tool import FILES, FOLDERS, KEYS, NOTICE, SETTINGS, TEXTS, Tool, filled

SCRIPT = r"""#compdef lstmcli
# Completion of lstmcli for zsh. @NOTICE@

_lstmcli_commands() {
  local -a commands=(
@COMMANDS@
  )
  _describe -t commands command commands
}

_lstmcli_keys() {
  compadd -- @SETTINGS@
}

_lstmcli_settings() {
  if compset -P '*='; then
    case ${${IPREFIX%=}##*=} in
@VALUES@
      *) _files ;;
    esac
  else
    compadd -S = -- @SETTINGS@
  fi
}

_lstmcli() {
  local curcontext=$curcontext context state state_descr line
  typeset -A opt_args
  _arguments -C \
@TOOL@
    '1:command:_lstmcli_commands' \
    '*::argument:->arguments' && return
  [[ $state == arguments ]] || return
  case $words[1] in
@ARGUMENTS@
    help) _arguments '1:command:_lstmcli_commands' ;;
  esac
}

# zsh autoloads this file from a folder in fpath as a function of this name; otherwise it is being sourced.
if [[ $funcstack[1] == _lstmcli ]]; then
  _lstmcli "$@"
else
  compdef _lstmcli lstmcli
fi
"""

ACTIONS = {
    FILES: "_files",
    FOLDERS: "_files -/",
    "RUN": "_files -/",
    SETTINGS: "_lstmcli_settings",
    KEYS: "_lstmcli_keys",
    TEXTS: " ",
}


def zsh_script(tool: Tool) -> str:
    """Return the script."""
    commands = [f"    {_quoted(f'{name}:{text}')}" for name, text in tool.summaries.items()]
    values = [
        f"      {setting.key}) compadd {' '.join(setting.choices)} ;;" for setting in tool.settings if setting.choices
    ]
    parts = {
        "NOTICE": NOTICE,
        "COMMANDS": "\n".join(commands),
        "VALUES": "\n".join(values),
        "SETTINGS": tool.keys,
        "TOOL": "\n".join(f"    {_option(option)} \\" for option in tool.itself.options),
        "ARGUMENTS": "\n".join(line for command in tool.commands for line in _command(command)),
    }
    return filled(SCRIPT, parts)


def _command(command: Description) -> Iterator[str]:
    yield f"    {command.name})"
    specifications = [_option(option) for option in command.options]
    specifications += [_argument(argument, number) for number, argument in enumerate(command.arguments, start=1)]
    yield "      _arguments \\"
    yield " \\\n".join(f"        {specification}" for specification in specifications) + " ;;"


def _option(option: Option) -> str:
    text = option.help.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    value = "" if option.metavar is None else f":{option.metavar}:{_action(option)}"
    rest = _quoted(f"[{text}]{value}")
    if len(option.names) == 1:
        return f"{option.names[0]}{rest}"
    repeated = "'*'" if option.metavar == SETTINGS else f"'({' '.join(option.names)})'"
    return f"{repeated}{{{','.join(option.names)}}}{rest}"


def _action(option: Option) -> str:
    return f"({' '.join(option.choices)})" if option.choices else ACTIONS.get(option.metavar or "", " ")


def _argument(argument: Argument, number: int) -> str:
    place = "*" if argument.is_repeated else str(number)
    return _quoted(f"{place}:{argument.name}:{ACTIONS.get(argument.name, ACTIONS[FILES])}")


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"
