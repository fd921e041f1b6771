"""Completion for bash."""

from collections.abc import Iterator

from lstmcli.cli.description import Description, Option
from lstmcli.cli.shell.tool import FILES, FOLDERS, NOTICE, SETTINGS, Tool, filled

SCRIPT = r"""# Completion of lstmcli for bash. @NOTICE@

_lstmcli_values() {
    case $1 in
@VALUES@
    esac
}

_lstmcli() {
    local words=() word n=0 cur prev= command= options= choices= kind=
    # bash splits KEY=VALUE into three words; join them again.
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ $n -gt 0 && ( $word == = || ${words[n-1]} == *= ) ]]; then
            words[n-1]+=$word
        else
            words[n++]=$word
        fi
    done
    cur=${words[n-1]}
    if [[ $cur == --*=* ]]; then
        prev=${cur%%=*} cur=${cur#*=}
    elif [[ $n -gt 1 ]]; then
        prev=${words[n-2]}
    fi
    for word in "${words[@]:0:n-1}"; do
        if [[ $word != -* ]]; then command=$word; break; fi
    done
    case $command in
@COMMANDS@
    esac
    COMPREPLY=()
    case $kind in
        nothing) ;;
        folders) compopt -o dirnames 2> /dev/null ;;
        settings)
            if [[ $cur == *=* ]]; then
                choices=$(_lstmcli_values "${cur%%=*}")
                if [[ -z $choices ]]; then compopt -o default 2> /dev/null; return; fi
                COMPREPLY=( $(compgen -W "$choices" -- "${cur#*=}") )
                if [[ $COMP_WORDBREAKS != *=* ]]; then COMPREPLY=( "${COMPREPLY[@]/#/${cur%%=*}=}" ); fi
            else
                compopt -o nospace 2> /dev/null
                COMPREPLY=( $(compgen -S = -W '@SETTINGS@' -- "$cur") )
            fi ;;
        *)
            if [[ -n $choices ]]; then
                COMPREPLY=( $(compgen -W "$choices" -- "$cur") )
            elif [[ $cur == -* ]]; then
                COMPREPLY=( $(compgen -W "$options" -- "$cur") )
            else
                compopt -o default 2> /dev/null
            fi ;;
    esac
}

complete -F _lstmcli lstmcli
"""


def bash_script(tool: Tool) -> str:
    """Return the script."""
    values = [
        f"        {setting.key}) echo '{' '.join(setting.choices)}' ;;" for setting in tool.settings if setting.choices
    ]
    names = " ".join([*(command.name for command in tool.commands), "help"])
    blocks = [
        line
        for command in tool.commands
        for line in _command(command.name, command, tool.keys if command.takes_keys else "")
    ]
    blocks += [f"        help) choices='{names}' ;;"]
    blocks += _command("''", tool.itself, names)
    parts = {
        "NOTICE": NOTICE,
        "VALUES": "\n".join(values),
        "COMMANDS": "\n".join(blocks),
        "SETTINGS": tool.keys,
    }
    return filled(SCRIPT, parts)


def _command(pattern: str, command: Description, names: str = "") -> Iterator[str]:
    """Yield the case branch of a command; `names` are the words to offer for positional arguments."""
    options = " ".join(name for option in command.options for name in option.names)
    yield f"        {pattern})"
    yield f"            options='{options}'"
    if names:
        yield f"            if [[ $cur != -* ]]; then choices='{names}'; fi"
    yield "            case $prev in"
    for option in command.options:
        if option.metavar is not None and option.metavar != FILES:
            yield f"                {'|'.join(option.names)}) {_answer(option)} ;;"
    yield "            esac ;;"


def _answer(option: Option) -> str:
    if option.choices:
        return f"choices='{' '.join(option.choices)}'"
    return f"kind={ {FOLDERS: 'folders', SETTINGS: 'settings'}.get(option.metavar or '', 'nothing') }"
