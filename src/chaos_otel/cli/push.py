"""`chaos-otel push`: all metrics to a Prometheus Pushgateway, once."""

from __future__ import annotations

import click

from chaos_otel.cli.output import answer, say
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import working_folder
from chaos_otel.config.settings import load
from chaos_otel.errors import StateError, UsageError


@click.command()
@click.argument("url", required=False)
@click.option("--insecure", is_flag=True, default=None, help="Allow plain text to other machines.")
def push(url: str | None, insecure: bool | None) -> int:
    """Push the metrics of all runs to the Pushgateway at URL: the last choice.

    Where Prometheus can reach this host, let it scrape `chaos-otel serve` or node_exporter with
    `chaos-otel textfile` instead: a Pushgateway keeps what a host said last for ever, and its
    `up` says nothing about the host. URL is consent for this once; without it the setting
    `prometheus.pushgateway` is taken, which needs `chaos-otel consent grant pushgateway URL`.

    \b
    Examples:
      chaos-otel push http://localhost:9091
      chaos-otel push https://push.example/metrics/job/deploys/instance/runner-7
    """
    from chaos_otel.pipeline.pace import Pace
    from chaos_otel.pipeline.push import push as push_metrics

    flags = {"pushgateway": url, "insecure": insecure}
    loaded = load(Environment.of_process(), flags, working_folder())
    settings = loaded.settings
    if loaded.warning:
        say(loaded.warning)
    if settings.disabled_by:
        say(f"nothing is pushed ({settings.disabled_by})")
        return 0
    if not settings.pushgateway:
        raise UsageError("there is nowhere to push to", hint="name a URL")
    if not settings.state_dir:
        raise StateError("there is no state folder", hint="set CHAOS_OTEL_STATE_DIR")
    answer(push_metrics(loaded, hold_s=Pace.of(settings).hold_s))
    return 0
