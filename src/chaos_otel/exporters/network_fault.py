"""Why a request got no answer, and whether a later one may get one."""

from __future__ import annotations

from typing import NamedTuple


class NetworkFault(NamedTuple):
    """`is_lasting`: nothing but a change of settings (here or there) can help, and `reason` says
    which; else the same request may work later. `reason` never holds a header or a URL's
    secrets."""

    reason: str
    is_lasting: bool = False


class ConnectError(OSError):
    """Raised between the parts of a request; never leaves `http_request`."""

    def __init__(self, fault: NetworkFault) -> None:
        super().__init__(fault.reason)
        self.fault = fault
