"""A destination's settings as people and programs read them: each with its origin, tokens as
stars."""

from __future__ import annotations

from collections.abc import Mapping

from chaos_otel.config.destination import Destination
from chaos_otel.config.kinds import show_duration

_STARS = "********"


def settings_of(
    destination: Destination, origins: Mapping[str, str]
) -> dict[str, dict[str, object]]:
    """`{option: {"value": …, "from": …}}`, less what nobody has set and says nothing."""
    tls = destination.tls
    shown: dict[str, object] = {
        "url": destination.key.split()[1],
        "protocol": destination.protocol if destination.kind == "otlp" else "",
        "compression": "gzip" if destination.gzip else "none",
        "timeout": show_duration(destination.timeout_s),
        "headers": dict.fromkeys(destination.headers, _STARS),
        "ca_file": tls.ca_file,
        "client_certificate": tls.certificate_file,
        "client_key": tls.key_file,
        "insecure": "true" if tls.insecure else "",
        "proxy": destination.proxy,
    }
    return {
        name: {"value": value, "from": origins.get(name, "default")}
        for name, value in shown.items()
        if value
    }


def setting_words(destination: Destination, origins: Mapping[str, str]) -> list[str]:
    """One line for each: `protocol  grpc  environment OTEL_EXPORTER_OTLP_PROTOCOL`."""
    lines = []
    for name, one in settings_of(destination, origins).items():
        value = one["value"]
        text = ", ".join(value) + f": {_STARS}" if isinstance(value, dict) else str(value)
        lines.append(f"{name:<18} {text}  ({one['from']})")
    return lines
