"""`chaos-otel serve`: metrics for Prometheus, and delivery of what waits, as a service."""

from __future__ import annotations

import click

from chaos_otel.cli.output import say
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import working_folder
from chaos_otel.config.settings import load
from chaos_otel.config.table import option_help
from chaos_otel.errors import ChaosOtelError, StateError


@click.command()
@click.option("--listen", metavar="HOST:PORT", help=option_help("listen", "Where to listen."))
@click.option("--no-deliver", is_flag=True, help="Serve only; deliver nothing that waits.")
def serve(listen: str | None, no_deliver: bool) -> int:
    """Serve the metrics of all runs at /metrics, until INT or TERM.

    /healthz says that the service is there, /readyz that a scrape would be answered. What waits for
    a destination is delivered meanwhile, as `chaos-otel deliver` does, every flush interval.
    Nothing but loopback is listened on unless you say so.

    \b
    Examples:
      chaos-otel serve
      chaos-otel serve --listen 10.0.0.5:9464
    """
    from chaos_otel.server.listening import listen as open_listening
    from chaos_otel.server.listening import place_of

    environment = Environment.of_process()
    loaded = load(environment, {"listen": listen}, working_folder())
    settings = loaded.settings
    if loaded.warning:
        say(loaded.warning)
    if not settings.state_dir:
        raise StateError("there is no state folder", hint="set CHAOS_OTEL_STATE_DIR")
    _require_server()
    from chaos_otel.pipeline.pace import Pace
    from chaos_otel.server.app import application
    from chaos_otel.server.delivery import delivering
    from chaos_otel.server.service import run_service

    place = place_of(settings.listen)
    delivery = (
        None if no_deliver else delivering(every_s=max(1.0, settings.flush_interval_s), tell=say)
    )
    hold_s = Pace.of(settings).hold_s
    app = application(settings.state_dir, hold_s=hold_s, beside=delivery)
    with open_listening(place) as listening:
        place = place._replace(port=listening.getsockname()[1])
        open_to = "" if place.is_loopback else ", to every machine that can reach it"
        say(f"serving http://{place}/metrics{open_to}")
        run_service(app, listening)
    return 0


def _require_server() -> None:
    try:
        import starlette
        import uvicorn
    except ImportError as error:
        raise ChaosOtelError(
            f"chaos-otel serve needs what is not installed ({error.name})",
            hint="install it with: pip install 'chaos-otel[server]'",
        ) from error
    assert starlette and uvicorn
