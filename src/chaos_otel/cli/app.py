"""The command group, which loads a command's module only when that command is called."""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from chaos_otel import __version__
from chaos_otel.errors import ChaosOtelError

# name → module and attribute; a grep answers what exists
COMMANDS = {
    "run": "chaos_otel.cli.run:run",
    "shell-lib": "chaos_otel.cli.shell_lib:shell_lib",
    "report": "chaos_otel.cli.report:report",
    "config": "chaos_otel.cli.config:config",
    "deliver": "chaos_otel.cli.deliver:deliver",
    "recover": "chaos_otel.cli.recover:recover",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="chaos-otel")
def app() -> None:
    """Run any deployment command and get an exact report of it."""


def main() -> NoReturn:
    """Parse argv, run one command, leave with its status: the one place that turns errors to text."""
    try:
        status = app.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
    except ChaosOtelError as error:
        print(f"chaos-otel: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    sys.exit(status if isinstance(status, int) else 0)
