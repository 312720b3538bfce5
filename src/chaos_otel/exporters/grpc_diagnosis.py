"""Why a gRPC channel did not come about, asked again with a connection of our own.

gRPC tells it in words that change from version to version, and for TLS in those of a library.
"""

from __future__ import annotations

import ssl

from chaos_otel.config.destination import Tls
from chaos_otel.exporters.address import Address
from chaos_otel.exporters.deadline import Deadline
from chaos_otel.exporters.http_connection import Route, open_connection, speaks_tls
from chaos_otel.exporters.network_fault import ConnectError, NetworkFault
from chaos_otel.exporters.tls import client_context
from chaos_otel.exporters.tls_fault import tls_fault

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_NO_GRPC = "it does not speak gRPC; use protocol http/protobuf, or its gRPC port (4317 by custom)"


def diagnosed(address: Address, tls: Tls, deadline: Deadline) -> NetworkFault | None:
    """The cause, within the time that is left; None where nothing is wrong now."""
    try:
        if address.is_secure:
            return _secure(address, tls, deadline)
        if speaks_tls(address, deadline):
            words = "it speaks TLS where plain text was sent; use https://"
            return NetworkFault(words, is_lasting=True)
        open_connection(Route(address, None, {}), None, deadline).close()
    except ConnectError as error:
        return error.fault
    except ssl.SSLError as error:
        return tls_fault(error, has_certificate=bool(tls.certificate_file))
    except OSError:
        return None
    return None


def _secure(address: Address, tls: Tls, deadline: Deadline) -> NetworkFault | None:
    """Shake hands and listen: TLS 1.3 tells of a missing client certificate only then."""
    context = client_context(tls, speaks="h2")
    connection = open_connection(Route(address, None, {}), context, deadline)
    try:
        if connection.agreed_protocol != "h2":
            return NetworkFault(_NO_GRPC, is_lasting=True)
        connection.ping(_PREFACE)
    finally:
        connection.close()
    return None
