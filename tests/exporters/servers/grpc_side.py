"""A real gRPC server that takes OTLP, or answers with a status."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from tests.exporters.servers import wire
from tests.exporters.servers.behaviour import GRPC_CODES, refusal
from tests.exporters.servers.certificates import Certificate
from tests.exporters.servers.http_side import Situation
from tests.exporters.servers.received import REJECTED, RESPONSES, Received, received

_TOO_LARGE = "grpc: received message larger than max (5000000 vs. 4194304)"


def start_grpc(port: int, tls: Certificate | None, situation: Situation) -> Any:
    """A server on a port of loopback."""
    server = grpc.server(
        ThreadPoolExecutor(8),
        handlers=[_Handler(situation)],
        options=[("grpc.so_reuseport", 1), ("grpc.max_receive_message_length", -1)],
    )
    place = f"127.0.0.1:{port}"
    if tls is None:
        server.add_insecure_port(place)
    else:
        client_ca = Path(tls.client_ca_file).read_bytes() if tls.client_ca_file else None
        pair = Path(tls.key_file).read_bytes(), Path(tls.certificate_file).read_bytes()
        server.add_secure_port(
            place,
            grpc.ssl_server_credentials(
                [pair], root_certificates=client_ca, require_client_auth=client_ca is not None
            ),
        )
    server.start()
    return server


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc, unused-ignore]
    def __init__(self, situation: Situation) -> None:
        self._situation = situation

    def service(self, details: Any) -> Any:
        def export(body: bytes, context: Any) -> bytes:
            headers = dict(context.invocation_metadata())
            said = received(details.method, headers, body)
            self._situation.note(said)
            return _answer(said, context, self._situation)

        return grpc.unary_unary_rpc_method_handler(export)


def _answer(said: Received, context: Any, situation: Situation) -> bytes:
    behaviour = situation.behaviour()
    if behaviour.name == "slow":
        wire.wait(situation.is_over, float(behaviour.argument))
    if behaviour.name == "grpc":
        _abort(said, context, behaviour.argument, "no", situation)
    status = refusal(behaviour, said.records)
    if status:
        words = _TOO_LARGE if status == 413 else "no"
        _abort(said, context, GRPC_CODES[status], words, situation)
    answer = RESPONSES[said.signal]()
    if behaviour.name == "partial":
        said.rejected = behaviour.number
        setattr(answer.partial_success, REJECTED[said.signal], said.rejected)
        answer.partial_success.error_message = "some were too old"
    said.status = 200
    body: bytes = answer.SerializeToString()
    return body


def _abort(said: Received, context: Any, code: str, words: str, situation: Situation) -> None:
    said.status, said.code = 0, code
    status = grpc.StatusCode[code]
    after = situation.answer_headers.get("Retry-After", "")
    if after.isdigit():
        info, packed = RetryInfo(), Packed()
        info.retry_delay.seconds = int(after)
        packed.Pack(info)
        told = Status(code=status.value[0], message=words, details=[packed])
        context.set_trailing_metadata((("grpc-status-details-bin", told.SerializeToString()),))
    context.abort(status, words)
