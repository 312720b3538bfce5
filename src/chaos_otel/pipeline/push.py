"""Metrics to a Pushgateway, with somebody's consent."""

from __future__ import annotations

import os

from chaos_otel import clock
from chaos_otel.config.address import parse_address
from chaos_otel.config.destination import Destination
from chaos_otel.config.kinds import show_address
from chaos_otel.config.problem import what_and_remedy
from chaos_otel.config.settings import Loaded
from chaos_otel.config.wanted_destination import destination_key
from chaos_otel.errors import ConsentError, UsageError
from chaos_otel.exporters.pushgateway import group_url
from chaos_otel.pipeline.consenting import still_consented
from chaos_otel.pipeline.outlet import Outlet, write_outlet


def push(loaded: Loaded, *, hold_s: float) -> str:
    """Push the store's metrics to the Pushgateway of the settings; returns the group's address.

    An address that was typed is consent for this once; another needs consent that was recorded:
    ConsentError. MetricsError where it is not taken.
    """
    settings = loaded.settings
    try:
        address = parse_address(settings.pushgateway)
        if address.userinfo:
            raise ValueError("has a user or a password in it: nothing secret may stand there")
    except ValueError as error:
        what, remedy = what_and_remedy(error)
        raise UsageError(f"{show_address(settings.pushgateway)} {what}", hint=remedy) from error
    typed = loaded.origins["pushgateway"].layer == "flag"
    key = destination_key("pushgateway", address)
    destination = Destination(key, "pushgateway", {}, means="flag" if typed else "")
    if not still_consented(destination, loaded, since_wall_ns=clock.now().wall_ns):
        raise ConsentError(
            f"nobody has consented to pushing to {address.url}",
            hint=f"chaos-otel consent grant {key}",
        )
    url = group_url(address.url, instance=os.uname().nodename)
    write_outlet(settings.state_dir, Outlet("pushgateway", url, hold_s, settings.insecure))
    return url
