"""OTLP over gRPC to one destination, without generated stubs."""

from __future__ import annotations

from chaos_otel.config.destination import Destination, Signal
from chaos_otel.exporters.answer import Answer, Later, Paused, unanswered
from chaos_otel.exporters.deadline import Deadline
from chaos_otel.exporters.diagnosis import diagnosed
from chaos_otel.exporters.grpc_answer import GrpcStatus, answer_to
from chaos_otel.exporters.grpc_line import GrpcLine, found_no_server
from chaos_otel.exporters.grpc_metadata import metadata_problem
from chaos_otel.exporters.guarded_send import guarded
from chaos_otel.exporters.network_fault import ConnectError
from chaos_otel.exporters.otlp_response import from_protobuf
from chaos_otel.exporters.route import Route, route_to, wrong

_METHODS: dict[Signal, str] = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}


class GrpcSender:
    """A `Sender`. For one thread; owns a line to each of its addresses, mostly one for all."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._lines: dict[str, GrpcLine] = {}

    def send(self, signal: Signal, body: bytes, *, timeout_s: float, key: str = "") -> Answer:
        """As `Sender.send`, and never longer than the destination's own timeout. OTLP has no
        idempotency key: the ids in `body` are the same whenever it is sent."""
        deadline = Deadline(min(timeout_s, self._destination.timeout_s))
        return guarded(self._destination, lambda: self._send(signal, body, deadline))

    def close(self) -> None:
        """Close its connections, at once."""
        for line in self._lines.values():
            line.close()
        self._lines.clear()

    def _send(self, signal: Signal, body: bytes, deadline: Deadline) -> Answer:
        url = self._destination.urls.get(signal)
        if url is None or signal not in _METHODS:
            return Paused(f"it has no address for {signal}; set one")
        try:
            line = self._line(url)
            said = line.call(_METHODS[signal], body, deadline)
            if isinstance(said, GrpcStatus):
                return self._failure(said, line.route, deadline)
        except ConnectError as error:
            return unanswered(error.fault)
        except TimeoutError:
            return _late(deadline)
        understood = from_protobuf(signal, said)
        return understood or Paused("its answer is not OTLP; check its address")

    def _line(self, url: str) -> GrpcLine:
        """The line to a URL; ConnectError, lasting, if nothing must be sent there."""
        if url not in self._lines:
            to = self._destination
            route = route_to(url, to.headers, tls=to.tls, proxy=to.proxy)
            if problem := metadata_problem(to.headers):
                raise wrong(problem)
            self._lines[url] = GrpcLine(to, route)
        return self._lines[url]

    def _failure(self, said: GrpcStatus, route: Route, deadline: Deadline) -> Answer:
        if said.code == "DEADLINE_EXCEEDED" and not said.details_bin:
            return _late(deadline)
        answer = answer_to(said)
        if isinstance(answer, Later) and route.proxy is None and found_no_server(said):
            tls = self._destination.tls
            cause = diagnosed(route.address, tls, deadline, speaks="h2")
            return unanswered(cause) if cause is not None else answer
        return answer


def _late(deadline: Deadline) -> Later:
    return Later(f"no answer within {deadline.timeout_s:.3g} s")
