"""Where a run may be forwarded to, as settings describe it. Knows no network.

Plain data that goes into the run's folder (`to_json`), less what is secret: headers are looked up
again, from the environment or a private file, by whoever sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

# a Pushgateway is consented to like the others, and sent to by `push` alone
DestinationKind: TypeAlias = Literal["otlp", "endpoint", "pushgateway"]
Protocol: TypeAlias = Literal["http/protobuf", "http/json", "grpc"]
Signal: TypeAlias = Literal["traces", "logs", "metrics", "events"]
Means: TypeAlias = Literal["flag", "consent", "host"]
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Tls(NamedTuple):
    """Files as absolute paths, empty for none; without `ca_file` the system's own CAs count.
    `insecure`: plain text off loopback is allowed."""

    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    insecure: bool = False


class Destination(NamedTuple):
    """One destination. `urls` has the whole address of each signal that is sent there; for gRPC
    they are all `scheme://host:port`.

    `key` is how people, consents and the store name it: kind and base address, without user,
    password or query, normalised (`otlp https://collector.example:4318`); where one address is
    spoken to in two ways, the second has its signals behind it (`… metrics`). `proxy` is empty
    unless a setting of ours names one. `means` is how it was consented to, empty if it was not.
    `headers` hold tokens and are never written.
    """

    key: str
    kind: DestinationKind
    urls: Mapping[Signal, str]
    protocol: Protocol = "http/protobuf"
    gzip: bool = True
    timeout_s: float = 10.0
    tls: Tls = Tls()
    proxy: str = ""
    headers: Mapping[str, str] = NO_HEADERS
    means: Means | Literal[""] = ""
    name: str = ""

    def to_json(self) -> dict[str, Any]:
        """For the run's folder: everything but the headers."""
        values = self._asdict() | {"urls": dict(self.urls), "tls": self.tls._asdict()}
        del values["headers"]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Destination:
        """Read what `to_json` gave; ValueError for anything else."""
        known = {key: value for key, value in values.items() if key in cls._fields}
        try:
            known["tls"] = Tls(**known.get("tls", {}))
            read = cls(**known)
        except TypeError as error:
            raise ValueError(f"not a destination: {error}") from error
        if not read._is_sound():
            raise ValueError("not a destination: it has values of other types")
        return read

    def _is_sound(self) -> bool:
        words = (self.key, self.proxy, self.name, *self.tls[:3])
        return (
            isinstance(self.urls, Mapping)
            and all(isinstance(word, str) for word in (*words, *self.urls.values()))
            and all(signal in get_args(Signal) for signal in self.urls)
            and self.key.isascii()
            and self.kind in get_args(DestinationKind)
            and self.protocol in get_args(Protocol)
            and self.means in ("", *get_args(Means))
            and isinstance(self.timeout_s, int | float)
        )

    def __repr__(self) -> str:
        """Without the headers: this may end in a log."""
        return f"Destination({self.key!r}, {self.protocol}, means={self.means!r})"


def address_of(key: str) -> str:
    """A destination's key less the signals that may stand behind it: what consent is about."""
    return " ".join(key.split()[:2])
