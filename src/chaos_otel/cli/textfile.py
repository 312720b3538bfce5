"""`chaos-otel textfile`: all metrics as a file for node_exporter."""

from __future__ import annotations

import os

import click

from chaos_otel.cli.output import answer, say
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import working_folder
from chaos_otel.config.settings import load
from chaos_otel.errors import StateError, UsageError


@click.command()
@click.argument("folder", required=False)
def textfile(folder: str | None) -> int:
    """Write the metrics of all runs to FOLDER/chaos_otel.prom for node_exporter.

    FOLDER is what node_exporter has as --collector.textfile.directory; without it, the setting
    `prometheus.textfile`. The file is replaced as a whole and is readable by all. Metrics that are
    new are held at 0 in it, and it is written once more by itself when that ends.

    \b
    Examples:
      chaos-otel textfile /var/lib/prometheus/node-exporter
      chaos-otel run --textfile /var/lib/prometheus/node-exporter -- ./deploy.sh
    """
    from chaos_otel.exporters.textfile import FILE
    from chaos_otel.pipeline.outlet import Outlet, write_outlet
    from chaos_otel.pipeline.pace import Pace

    loaded = load(Environment.of_process(), {"textfile": folder}, working_folder())
    settings = loaded.settings
    if loaded.warning:
        say(loaded.warning)
    if not settings.textfile:
        raise UsageError(
            "there is no folder to write to", hint="name one, or set CHAOS_OTEL_TEXTFILE"
        )
    if not settings.state_dir:
        raise StateError("there is no state folder", hint="set CHAOS_OTEL_STATE_DIR")
    outlet = Outlet("textfile", settings.textfile, Pace.of(settings).hold_s)
    write_outlet(settings.state_dir, outlet)
    answer(os.path.join(settings.textfile, FILE))
    return 0
