"""Asks whether anybody listens at a destination at all, while what is needed to send is loading.

Only where a run is over before that: a destination that refuses us is then known in a moment.
"""

from __future__ import annotations

import threading

from chaos_otel.config.destination import Destination

# longer than anybody waits: only a refusal is of use
PROBE_S = 60.0


class Probe:
    """Connects once, on a thread of its own. `refusal` says why nobody can be reached, and is empty
    where somebody can, or it is not known yet."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self.refusal = ""
        threading.Thread(target=self._ask, name="probe", daemon=True).start()

    def _ask(self) -> None:
        from chaos_otel.exporters.address import address_of
        from chaos_otel.exporters.connect import connect
        from chaos_otel.exporters.deadline import Deadline
        from chaos_otel.exporters.network_fault import ConnectError

        try:
            destination = self._destination
            address = address_of(destination.proxy or next(iter(destination.urls.values())))
            connect(address.host, address.port, Deadline(PROBE_S)).close()
        except ConnectError as error:
            self.refusal = error.fault.reason
        except (OSError, ValueError):
            pass  # who sends will tell
