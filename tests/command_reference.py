"""Writes docs/commands.md from the commands themselves: `make docs`. A test compares the two."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from chaos_otel.cli.app import app
from chaos_otel.cli.output import NAME

_HEAD = """\
# Commands

Written from the commands themselves by `make docs`; `chaos-otel COMMAND --help` says the same.
What the exit status means stands in [exit-codes.md](exit-codes.md), the settings behind the options
in [environment.md](environment.md).
"""


def reference() -> str:
    """The whole page: every command and every option that is not hidden."""
    with click.Context(app, info_name=NAME) as ctx:
        sections = [
            section for path, command in commands(app, ctx) for section in _section(path, command)
        ]
    return "\n".join([_HEAD, *sections])


def commands(group: click.Group, ctx: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Every command below `group` with the words that call it, groups before what is in them."""
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        if command.hidden:
            continue
        path = f"{ctx.command_path} {name}"
        yield path, command
        if isinstance(command, click.Group):
            with click.Context(command, info_name=name, parent=ctx) as inner:
                yield from commands(command, inner)


def options(command: click.Command) -> Iterator[click.Option]:
    """The options that are not hidden, in the order of --help."""
    yield from (one for one in command.params if isinstance(one, click.Option) and not one.hidden)


def _section(path: str, command: click.Command) -> Iterator[str]:
    yield f"## {path}\n"
    yield f"```\n{_usage(path, command)}\n```\n"
    prose, _, examples = inspect.cleandoc(command.help or "").partition("\b\nExamples:\n")
    yield prose.strip() + "\n"
    rows = [f"| {_words(option)} | {_cell(option.help or '')} |" for option in options(command)]
    if rows:
        yield "\n".join(["| option | |", "|---|---|", *rows]) + "\n"
    if examples.strip():
        yield f"```bash\n{inspect.cleandoc(examples)}\n```\n"


def _usage(path: str, command: click.Command) -> str:
    words = [path, "[OPTIONS]"] if any(options(command)) else [path]
    with click.Context(command) as ctx:
        words += [
            one.make_metavar(ctx) for one in command.params if isinstance(one, click.Argument)
        ]
    if isinstance(command, click.Group):
        words.append("COMMAND")
    return " ".join(words)


def _words(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    return names if option.is_flag else f"{names} `{_cell(option.metavar or option.name or '')}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    print(reference(), end="")
