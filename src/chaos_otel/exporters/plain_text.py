"""When nothing may be sent in plain text: off this machine, unless a setting allows it."""

from __future__ import annotations

from chaos_otel.config.destination import Tls
from chaos_otel.exporters.address import Address


def plain_text_problem(address: Address, proxy: Address | None, tls: Tls) -> str:
    """Why this address is not spoken to, or nothing. No name is looked up for it."""
    if address.is_secure or tls.insecure:
        return ""
    if address.is_here and (proxy is None or proxy.is_here):
        return ""
    return (
        f"{address.shown} would be spoken to in plain text; use https://, or allow it with "
        "--insecure"
    )
