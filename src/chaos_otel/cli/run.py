"""`chaos-otel run`: read the options, have the command run, tell how it went, leave as it did."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from chaos_otel.cli import summary
from chaos_otel.cli.forward_lines import losses
from chaos_otel.cli.output import painter, say, wants_colour, write_lines
from chaos_otel.config.any_destination import names_destination
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import working_folder
from chaos_otel.config.settings import Loaded, Settings, load
from chaos_otel.errors import UnsupervisedError
from chaos_otel.pipeline.capture import Finished, capture
from chaos_otel.pipeline.nested import inside_run, run_nested
from chaos_otel.pipeline.pace import Pace
from chaos_otel.pipeline.plain import run_plainly
from chaos_otel.pipeline.request import Request
from chaos_otel.runner.command import own_arguments
from chaos_otel.runner.descriptors import keep_standard_numbers
from chaos_otel.runner.leave import leave_as

if TYPE_CHECKING:
    from chaos_otel.pipeline.consenting import Chosen

_CONTEXT = {"allow_interspersed_args": False, "help_option_names": ["-h", "--help"]}
_FLAG: dict[str, Any] = {"is_flag": True, "default": None}


@click.command(context_settings=_CONTEXT, no_args_is_help=True)
@click.option(
    "--report", metavar="PATH", help="Where the report is written.  [./chaos_report.json]"
)
@click.option("--no-report", "write_report", flag_value=False, **_FLAG, help="Write no report.")
@click.option("--events", metavar="PATH", help="Where the run's event document is written.")
@click.option("--name", metavar="NAME", help="Name of the run.  [the script's, or the command's]")
@click.option("--script-version", metavar="VERSION", help="Version of what is run.")
@click.option(
    "--environment", metavar="NAME", help="Where it is deployed to: production, staging …"
)
@click.option("--tag", "tags", metavar="K=V", multiple=True, help="Tag the run; may be repeated.")
@click.option(
    "--capture",
    metavar="auto|pipe|pty|none",
    help="How output is captured.  [auto: as the command would notice least]",
)
@click.option("--split", **_FLAG, help="Keep stderr apart even where it goes where stdout goes.")
@click.option(
    "--output-limit",
    "output_limit_bytes",
    metavar="SIZE",
    help="Keep so much output per operation, its head and tail; 0 keeps all.  [64KiB]",
)
@click.option(
    "--timeout", "timeout_s", metavar="TIME", help="End the command after TIME (90s, 15m, 2h)."
)
@click.option(
    "--kill-after", "kill_after_s", metavar="TIME", help="After --timeout, kill it then.  [10s]"
)
@click.option(
    "--no-inject",
    "inject",
    flag_value=False,
    **_FLAG,
    help="Give the command no variables of ours but the trace context.",
)
@click.option(
    "--otlp-receiver",
    **_FLAG,
    help="Take in the OpenTelemetry data that the command's own programs send.",
)
@click.option(
    "--textfile",
    metavar="FOLDER",
    help="Write chaos_otel.prom there for node_exporter, during the run and at its end.",
)
@click.option(
    "--prometheus-port",
    metavar="PORT",
    help="Serve /metrics on this port of loopback while the run is under way.",
)
@click.option(
    "--redact-value-from",
    metavar="NAME",
    multiple=True,
    help="Hide the value of this variable wherever it appears; may be repeated.",
)
@click.option(
    "--otlp",
    metavar="URL",
    multiple=True,
    help="Send this run to this OpenTelemetry collector, too; consent for this run. Repeatable.",
)
@click.option(
    "--otlp-protocol",
    metavar="http/protobuf|http/json|grpc",
    help="What to speak to collectors.  [http/protobuf]",
)
@click.option(
    "--endpoint", metavar="URL", help="Send its event document there; consent for this run."
)
@click.option("--insecure", **_FLAG, help="Allow http:// to other machines.")
@click.option(
    "--export-wait",
    "export_wait_s",
    metavar="TIME",
    help="Wait so long for all destinations together; the rest follows later.  [2s]",
)
@click.option("--quiet", "-q", **_FLAG, help="Print no summary.")
@click.option(
    "--no-wait", "wait", flag_value=False, **_FLAG, help="Leave at once; the report follows."
)
@click.argument(
    "command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND [ARG]…"
)
def run(command: tuple[str, ...], **flags: Any) -> NoReturn:
    """Run COMMAND as if we were not there, and write down what it did.

    Its exit status, signals, input and output are what they would be without us. Put -- in front of
    it, so that its own options stay its own.

    \b
    Examples:
      chaos-otel run -- ./deploy.sh production
      chaos-otel run --name deploy-api --environment staging --tag region=eu -- make deploy
      chaos-otel run --timeout 15m --kill-after 30s -- ./migrate.sh
      chaos-otel run --report /var/log/deploy.json --quiet -- ./nightly.sh
      chaos-otel run --otlp https://collector.example:4318 -- ./deploy.sh
    """
    keep_standard_numbers()
    environment = Environment.of_process()
    loaded = load(environment, flags, working_folder())
    settings = loaded.settings
    argv = own_arguments(len(command))
    if settings.disabled_by:
        if not settings.quiet:
            say(f"recording is off ({settings.disabled_by}): the command runs by itself")
        run_plainly(
            argv, environment, timeout_s=settings.timeout_s, kill_after_s=settings.kill_after_s
        )
    chosen = _chosen(loaded, environment)
    if chosen is not None:
        loaded = loaded._replace(warnings=[*loaded.warnings, *chosen.problems])
    request = _request(argv, settings, chosen)
    try:
        if inside_run(environment):
            if any(one["means"] == "flag" for one in request.destinations):
                say("this run is a step of another one and goes where that goes")
            run_nested(request, environment)
        finished = capture(request, environment)
    except UnsupervisedError as error:
        say(f"this run is not recorded: {error}")
        run_plainly(argv, environment, timeout_s=None, kill_after_s=settings.kill_after_s)
    _tell(finished, loaded, environment, chosen)
    leave_as(finished.ended.exit, timed_out=finished.ended.timed_out)


def _chosen(loaded: Loaded, environment: Environment) -> Chosen | None:
    """Where this run may go and may not; most name no destination, and load nothing for it."""
    if not names_destination(loaded, environment):
        return None
    from chaos_otel.pipeline.consenting import choose

    return choose(loaded, environment)


def _request(argv: list[bytes], settings: Settings, chosen: Chosen | None) -> Request:
    return Request(
        argv=tuple(argv),
        report=settings.report if settings.write_report else "",
        events=settings.events,
        name=settings.name,
        version=settings.script_version,
        environment=settings.environment,
        tags=dict(settings.tags),
        attributes=dict(settings.attributes),
        capture=settings.capture,
        split=settings.split,
        output_limit_bytes=settings.output_limit_bytes,
        timeout_s=settings.timeout_s,
        kill_after_s=settings.kill_after_s,
        inject=settings.inject,
        otlp_receiver=settings.otlp_receiver,
        wait=settings.wait,
        redact_value_from=(
            *settings.redact_value_from,
            *(chosen.token_variables if chosen else ()),
        ),
        retention_age_s=settings.retention_age_s,
        retention_bytes=settings.retention_bytes,
        destinations=tuple(one.to_json() for one in chosen.consented) if chosen else (),
        pace=Pace.of(settings),
        textfile=settings.textfile,
        prometheus_port=settings.prometheus_port,
    )


def _tell(
    finished: Finished, loaded: Loaded, environment: Environment, chosen: Chosen | None
) -> None:
    problems = [loaded.warning] if loaded.warning else []
    problems += finished.problems
    problems += finished.answer.get("recovered", [])
    problems += finished.answer.get("notices", [])
    if finished.answer.get("problem"):
        problems.append(finished.answer["problem"])
    problems += losses(finished.answer.get("forwarded", ()))
    if not finished.answer and finished.folder and loaded.settings.wait:
        problems.append(f"the report is not written yet; the journal is in {finished.folder}")
    if problems:
        say("; ".join(problems))
    if not loaded.settings.quiet:
        paint = painter(wants_colour(environment.mapping(), sys.stderr))
        write_lines(summary.lines(finished, paint))
        if chosen is not None and chosen.unconsented:
            write_lines([summary.not_consented(chosen.unconsented)])
