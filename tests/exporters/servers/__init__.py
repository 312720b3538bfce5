"""Servers for tests of forwarding: `OtlpServer(behaviour)` on loopback, and certificates for it."""

from tests.exporters.servers.behaviour import BEHAVIOURS
from tests.exporters.servers.certificates import Authority, Certificate
from tests.exporters.servers.otlp_server import OtlpServer
from tests.exporters.servers.received import Received

__all__ = ["BEHAVIOURS", "Authority", "Certificate", "OtlpServer", "Received"]
