"""How a test server behaves, by a name with an argument: `status:503`, `slow:8`, `drip_body`."""

from __future__ import annotations

from typing import Any, NamedTuple

# each with what it does; N is a number, WORD any text
BEHAVIOURS = {
    "healthy": "takes everything",
    "slow:N": "takes everything, and says so after N seconds",
    "status:N": "answers with HTTP status N, or the gRPC status that goes with it",
    "grpc:WORD": "answers with this gRPC status",
    "http:N": "gRPC alone: something between answers with this HTTP status",
    "redirect": "302 to another place of its own",
    "html": "200 and a page of HTML",
    "partial:N": "takes the request, and says that N of its records were rejected",
    "refuse:WORD": "400 for a request with this word in one of its records, else healthy",
    "at_most:N": "413 for a request of more than N records, else healthy",
    "refused": "nothing listens",
    "hanging": "connecting never ends: the queue of the listener is full",
    "silent": "accepts, and never says a word",
    "closes": "reads the request and closes",
    "reset": "reads the beginning of the request and resets the connection",
    "drip_headers": "an answer of which a byte a second comes",
    "drip_body": "the same, after whole headers",
    "endless": "an answer without an end, as fast as it goes",
    "garbage": "answers with bytes of another protocol",
}
UNCONNECTED = ("refused", "hanging")
# below gRPC's own messages: what even a gRPC server here does byte by byte
RAW = ("silent", "closes", "reset", "drip_headers", "drip_body", "endless", "garbage")
RAW_GRPC = (*RAW, "redirect", "html", "http")

GRPC_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "UNIMPLEMENTED",
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Behaviour(NamedTuple):
    """`argument` is what stood behind the colon."""

    name: str
    argument: str = ""

    @property
    def number(self) -> int:
        """The argument as one."""
        return int(self.argument)


def behaviour_of(text: str) -> Behaviour:
    """Read one; KeyError for a name that is none of them."""
    name, colon, argument = text.partition(":")
    forms = {f"{name}:N", f"{name}:WORD"} if colon else {name}
    if not forms & BEHAVIOURS.keys():
        raise KeyError(text)
    return Behaviour(name, argument)


def refusal(behaviour: Behaviour, records: list[Any]) -> int:
    """The HTTP status that says no to these records, or 0."""
    if behaviour.name == "status":
        return behaviour.number
    if behaviour.name == "refuse" and any(behaviour.argument in str(one) for one in records):
        return 400
    if behaviour.name == "at_most" and len(records) > behaviour.number:
        return 413
    return 0
