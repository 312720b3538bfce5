"""A destination as some layer of settings asks for it, before the layers are put together.

Each option keeps where it came from, so that what is wrong, or wins, can be said in those words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

from chaos_otel.config.address import Address, without_trailing_slash
from chaos_otel.config.destination import (
    Destination,
    DestinationKind,
    Means,
    Protocol,
    Signal,
    Tls,
)
from chaos_otel.config.settings import DEFAULT

OtlpSignal = Literal["traces", "logs", "metrics"]
OTLP_SIGNALS: tuple[OtlpSignal, ...] = get_args(OtlpSignal)
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)


class Option(NamedTuple):
    """A value and who said it, as `config show` names layers and places."""

    value: Any
    origin: str


class Wanted(NamedTuple):
    """One address and what is to be sent there. `paths` has each signal's whole path (gRPC has
    none).

    `options` by name: protocol, compression (a bool), timeout, headers, ca_file,
    client_certificate, client_key, insecure, proxy; what is not there is its default. Headers are a
    tuple of `Header`, whose values may still have to be looked up.
    """

    kind: DestinationKind
    address: Address
    paths: Mapping[Signal, str]
    options: Mapping[str, Option]
    origin: str
    name: str = ""
    means: Means | Literal[""] = ""

    @property
    def key(self) -> str:
        """How people, consents and the store name it."""
        return destination_key(self.kind, self.address)

    def option(self, name: str, default: Any) -> Any:
        """The value of an option."""
        found = self.options.get(name)
        return default if found is None else found.value

    def over(self, weaker: Wanted) -> Wanted:
        """Both as one: what this one says counts, else what the other does."""
        return self._replace(
            options={**weaker.options, **self.options},
            name=self.name or weaker.name,
        )

    def destination(self, key: str, headers: Mapping[str, str]) -> Destination:
        """The plain value."""
        protocol: Protocol = self.option("protocol", PROTOCOLS[0])
        base = self.address.with_port if protocol == "grpc" else self.address.base
        return Destination(
            key=key,
            kind=self.kind,
            urls={
                signal: base if protocol == "grpc" else f"{base}{path}"
                for signal, path in self.paths.items()
            },
            protocol=protocol,
            gzip=self.option("compression", True),
            timeout_s=self.option("timeout", Destination._field_defaults["timeout_s"]),
            tls=Tls(
                self.option("ca_file", ""),
                self.option("client_certificate", ""),
                self.option("client_key", ""),
                self.option("insecure", False),
            ),
            proxy=self.option("proxy", ""),
            headers=headers,
            means=self.means,
            name=self.name,
        )

    def origins(self) -> dict[str, str]:
        """Where each option came from."""
        shown = dict.fromkeys(("protocol", "compression", "timeout", "headers"), DEFAULT)
        said = {name: option.origin for name, option in self.options.items()}
        return {"url": self.origin, **shown, **said}


def destination_key(kind: DestinationKind, address: Address) -> str:
    """`otlp https://collector.example:4318`: kind and base address."""
    return f"{kind} {without_trailing_slash(address).url}"


def whole_address(
    address: Address,
    signals: tuple[OtlpSignal, ...],
    options: Mapping[str, Option],
    *,
    origin: str,
    means: Means | Literal[""] = "",
    name: str = "",
) -> Wanted:
    """A collector at one base address: `v1/traces` and its like are put behind it (OTLP/HTTP), or
    its path is dropped (gRPC)."""
    protocol = options.get("protocol")
    if protocol is not None and protocol.value == "grpc":
        address = address._replace(path="")
    base = without_trailing_slash(address)
    paths: dict[Signal, str] = {signal: f"{base.path}/v1/{signal}" for signal in signals}
    return Wanted("otlp", base, paths, options, origin, name, means)


def one_signal(
    address: Address, signal: OtlpSignal, options: Mapping[str, Option], *, origin: str
) -> Wanted:
    """A collector's address for one signal, used as it is."""
    if options["protocol"].value == "grpc":
        return whole_address(address, (signal,), options, origin=origin)
    path = address.path or "/"
    base = address._replace(path=path.removesuffix(f"/v1/{signal}"))
    return Wanted("otlp", without_trailing_slash(base), {signal: path}, options, origin)
