"""Why an address said nothing that could be understood: asked again, with connections that tell it
nothing of ours, which of the usual mistakes it is.

Only after a failure, and for half a second at most. Libraries tell these causes in words that
change with each version, and a closed connection tells none.
"""

from __future__ import annotations

import ssl
from typing import Literal, TypeAlias

from chaos_otel.config.destination import Tls
from chaos_otel.exporters.address import Address
from chaos_otel.exporters.connect import connect
from chaos_otel.exporters.deadline import Deadline
from chaos_otel.exporters.http_connection import Connection, open_connection, secured
from chaos_otel.exporters.http_wire import IS_GRPC, SPEAKS_TLS
from chaos_otel.exporters.network_fault import ConnectError, NetworkFault
from chaos_otel.exporters.route import Route
from chaos_otel.exporters.tls import client_context
from chaos_otel.exporters.tls_fault import certificate_fault, tls_fault

Spoken: TypeAlias = Literal["http/1.1", "h2"]

LONGEST_S = 0.5
IS_NOT_GRPC = NetworkFault(
    "it does not speak gRPC; use protocol http/protobuf, or its gRPC port (4317 by custom)",
    is_lasting=True,
)
_HTTP_2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_HTTP_1 = b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def diagnosed(
    address: Address, tls: Tls, deadline: Deadline, *, speaks: Spoken
) -> NetworkFault | None:
    """The cause, within the time that is left; None where nothing is found to be wrong."""
    try:
        short = deadline.at_most(LONGEST_S)
        if address.is_secure:
            return _secure(address, tls, short, speaks)
        if _agreed(address, short) is not None:
            return SPEAKS_TLS
        open_connection(Route(address), None, short).close()
    except ConnectError as error:
        return error.fault
    except ssl.SSLError as error:
        return tls_fault(error, has_certificate=bool(tls.certificate_file))
    except OSError:
        return None
    return None


def is_plain_text(address: Address, deadline: Deadline) -> bool:
    """Whether HTTP is answered there without TLS: asked when a TLS handshake was met with
    silence, in what was kept of the time for it."""
    try:
        connection = open_connection(Route(address._replace(is_secure=False)), None, deadline)
        try:
            return connection.ping(_HTTP_1) == b"H"
        finally:
            connection.close()
    except OSError:
        return False


def _secure(address: Address, tls: Tls, deadline: Deadline, speaks: Spoken) -> NetworkFault | None:
    """Shake hands and listen: TLS 1.3 tells of a missing client certificate only then."""
    route = Route(address)
    connection = open_connection(route, client_context(tls, speaks=speaks), deadline)
    try:
        is_agreed = connection.agreed_protocol == speaks
        if not is_agreed and speaks == "h2":
            return IS_NOT_GRPC
        if not is_agreed and _agreed(address, deadline) == "h2":
            return IS_GRPC
        is_closed = _is_closed(connection, _HTTP_2 if speaks == "h2" else _HTTP_1)
    finally:
        connection.close()
    if is_closed and _refuses_certificate(route, tls, deadline):
        return certificate_fault(has_certificate=bool(tls.certificate_file))
    return None


def _is_closed(connection: Connection, greeting: bytes) -> bool:
    try:
        return not connection.ping(greeting)
    except (ConnectionError, ssl.SSLEOFError):
        return True


def _refuses_certificate(route: Route, tls: Tls, deadline: Deadline) -> bool:
    """Whether TLS 1.2, where certificates are looked at before the handshake ends, is broken off:
    some servers (gRPC's C core) do not say why."""
    context = client_context(tls, speaks="h2")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        open_connection(route, context, deadline).close()
    except (ConnectionError, ssl.SSLEOFError):
        return True
    except ssl.SSLError:  # it speaks TLS 1.3 alone
        return False
    return False


def _agreed(address: Address, deadline: Deadline) -> str | None:
    """The protocol that is agreed on with TLS ("" for none), None where TLS is not understood. No
    certificate is looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    connected = connect(address.host, address.port, deadline)
    try:
        with secured(connected, address.host, context, deadline) as shaken:
            return shaken.selected_alpn_protocol() or ""
    except ssl.SSLEOFError:
        return None
    except ssl.SSLError as error:
        return "" if "ALERT" in (error.reason or "") else None
    except OSError:
        return None
    finally:
        connected.close()
