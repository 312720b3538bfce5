"""`chaos-otel completion`: a script that teaches a shell our words, and whose stand behind `--`."""

from __future__ import annotations

import click

from chaos_otel.cli.output import NAME, answer

_VARIABLE = "_CHAOS_OTEL_COMPLETE"

# click's script completes our words; what stands behind -- is completed as if we were not there
_AFTER_DASHES = {
    "bash": r"""
_chaos_otel() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == -- ]] || continue
        if declare -F _command_offset > /dev/null; then
            _command_offset $((i + 1))
        elif ((COMP_CWORD == i + 1)); then
            mapfile -t COMPREPLY < <(compgen -c -f -- "${COMP_WORDS[COMP_CWORD]}" | sort -u)
        else
            mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
        fi
        return
    done
    _chaos_otel_completion "$1"
}
complete -o nosort -F _chaos_otel chaos-otel
""",
    "zsh": r"""
_chaos_otel() {
    local dashes=${words[(i)--]}
    if ((dashes < CURRENT)); then
        words=("${(@)words[dashes + 1,-1]}")
        ((CURRENT -= dashes))
        _normal
        return
    fi
    _chaos_otel_completion "$@"
}
compdef _chaos_otel chaos-otel
""",
    "fish": r"""
function _chaos_otel_dashes
    contains --index -- -- (commandline --tokenize --cut-at-cursor --current-process)
end

function _chaos_otel_command
    set --local words (commandline --tokenize --cut-at-cursor --current-process)
    set --erase words[1..(_chaos_otel_dashes)]
    set --local last (commandline --cut-at-cursor --current-token)
    complete --do-complete (string join ' ' -- (string escape -- $words) "$last")
end

complete --command chaos-otel --erase
complete --command chaos-otel --no-files --condition 'not _chaos_otel_dashes' \
    --arguments '(_chaos_otel_completion)'
complete --command chaos-otel --no-files --condition _chaos_otel_dashes \
    --arguments '(_chaos_otel_command)'
""",
}


@click.command(no_args_is_help=True)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that makes SHELL complete our commands and options.

    What you type after -- is completed as the command's own.

    \b
    Examples:
      source <(chaos-otel completion bash)                in ~/.bashrc
      source <(chaos-otel completion zsh)                 in ~/.zshrc, after compinit
      chaos-otel completion fish | source                 in ~/.config/fish/config.fish
      chaos-otel completion bash > ~/.local/share/bash-completion/completions/chaos-otel
    """
    from click.shell_completion import get_completion_class

    from chaos_otel.cli.app import app

    writer = get_completion_class(shell)
    assert writer is not None
    source = writer(app, {}, NAME, _VARIABLE).source()
    answer(source.rstrip("\n") + "\n" + _AFTER_DASHES[shell].rstrip("\n"))
