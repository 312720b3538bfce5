"""The command group, which loads a command's module only when that command is called.

`main` is the one place that turns errors into text and an exit status.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from chaos_otel import __version__
from chaos_otel.cli.output import NAME, die_interrupted, forget_unwritten, say
from chaos_otel.config.sdk_variables import hide_sdk_variables
from chaos_otel.errors import ChaosOtelError, StartError

# name → module and attribute; a grep answers what exists
COMMANDS = {
    "run": "chaos_otel.cli.run:run",
    "report": "chaos_otel.cli.report:report",
    "shell-lib": "chaos_otel.cli.shell_lib:shell_lib",
    "pyinfra-hook": "chaos_otel.cli.pyinfra_hook:pyinfra_hook",
    "config": "chaos_otel.cli.config:config",
    "consent": "chaos_otel.cli.consent:consent",
    "status": "chaos_otel.cli.status:status",
    "test-connection": "chaos_otel.cli.test_connection:test_connection",
    "logs": "chaos_otel.cli.logs:logs",
    "deliver": "chaos_otel.cli.deliver:deliver",
    "outbox": "chaos_otel.cli.outbox:outbox",
    "recover": "chaos_otel.cli.recover:recover",
    "reset": "chaos_otel.cli.reset:reset",
    "import": "chaos_otel.cli.import_:import_",
    "dashboards": "chaos_otel.cli.dashboards:dashboards",
    "collector-config": "chaos_otel.cli.collector_config:collector_config",
    "serve": "chaos_otel.cli.serve:serve",
    "textfile": "chaos_otel.cli.textfile:textfile",
    "push": "chaos_otel.cli.push:push",
    "completion": "chaos_otel.cli.completion:completion",
    "shell-open": "chaos_otel.cli.shell_open:shell_open",
}
# they close dead runs first, from journal and inbox; `run` does it while it waits
_AFTER_RECOVERY = ("report", "config", "status", "deliver", "textfile", "push")


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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if word not in COMMANDS and not word.startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"no such command: {word}. {_suggestion(word)}", ctx)
        return super().resolve_command(ctx, args)


def _suggestion(word: str) -> str:
    import difflib

    close = difflib.get_close_matches(word, COMMANDS, n=1)
    return f"Did you mean {close[0]}?" if close else f"To run it: {NAME} run -- {word}"


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=NAME, message="%(prog)s %(version)s")
@click.pass_context
def app(ctx: click.Context) -> None:
    """Run any deployment command and get an exact report of it.

    The command does not notice: its output, its input, its signals and its exit status are what
    they would be without us. Nothing leaves the machine unless you say so.

    \b
    Examples:
      chaos-otel run -- ./deploy.sh production     run it; writes ./chaos_report.json
      chaos-otel report show                       look at what happened
      source "$(chaos-otel shell-lib)"             in a script: name its steps
      chaos-otel config show                       every setting, and who set it
    """
    if ctx.invoked_subcommand in _AFTER_RECOVERY:
        from chaos_otel.cli.recover import announce_recovered
        from chaos_otel.config.environment import Environment

        announce_recovered(Environment.of_process())


def main() -> NoReturn:
    """Run the command that argv names and leave with its status; never a traceback."""
    argv = sys.argv[1:]
    if argv[:1] != ["run"]:  # which loads none, and whose command is to have all of it
        hide_sdk_variables()
    try:
        status = _run(argv)
    except (click.exceptions.Abort, KeyboardInterrupt):
        die_interrupted()
    except BrokenPipeError:  # its reader has what it wanted
        status = ChaosOtelError.exit_code
    except Exception as error:
        say(_unexpected(error, argv))
        status = StartError.exit_code if argv[:1] == ["run"] else ChaosOtelError.exit_code
    forget_unwritten()
    sys.exit(status)


def _run(argv: list[str]) -> int:
    """The status of the call; errors that we know are told."""
    try:
        status = app.main(argv, prog_name=NAME, standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()  # now, while an error can still be told
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        say(_with_help(error))
        return error.exit_code
    except ChaosOtelError as error:
        say(str(error))
        return error.exit_code
    return status if isinstance(status, int) else 0


def _with_help(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    context = error.ctx if isinstance(error, click.UsageError) else None
    end = "" if message.endswith("?") else "."
    return f"{message}{end} See {context.command_path if context else NAME} --help"


def _unexpected(error: Exception, argv: Sequence[str]) -> str:
    if isinstance(error, OSError) and error.strerror:
        # the machine's fault more often than ours
        what = f"{error.strerror.lower()}{f': {error.filename}' if error.filename else ''}"
    else:
        what = f"an error of ours ({type(error).__name__})"
    from chaos_otel.config.environment import Environment
    from chaos_otel.pipeline.bug_report import write_bug_report

    path = write_bug_report(error, argv, Environment.of_process())
    return f"{what}; the details are in {path}" if path else what
