"""The standard variables `OTEL_EXPORTER_OTLP_*`, as the OpenTelemetry specification reads them.

Source: the specification's protocol/exporter.md and configuration/sdk-environment-variables.md.
What cannot be read gives its default and a problem, never an error: these variables are often set
by somebody else, for some other program.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from chaos_otel.config import kinds
from chaos_otel.config.address import Address, parse_address
from chaos_otel.config.problem import Problem, what_and_remedy
from chaos_otel.config.secret_source import Header, Secret, header
from chaos_otel.config.wanted_destination import (
    OTLP_SIGNALS,
    PROTOCOLS,
    Option,
    OtlpSignal,
    Wanted,
    one_signal,
    whole_address,
)

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
_FILES = {
    "ca_file": "CERTIFICATE",
    "client_certificate": "CLIENT_CERTIFICATE",
    "client_key": "CLIENT_KEY",
}
_NONE: Mapping[str, Option] = MappingProxyType({})
# words of OTEL_TRACES_EXPORTER and its like by which no OTLP is sent
_OTHER_EXPORTERS = frozenset(("none", "console", "logging", "prometheus", "zipkin", "jaeger"))


class OtlpVariables:
    """The family, as it is set. `strong` options beat its own, `weak` ones stand below them.

    `problems` fills while it is read, each thing once.
    """

    def __init__(
        self,
        variables: Mapping[str, str],
        *,
        cwd: str,
        strong: Mapping[str, Option] = _NONE,
        weak: Mapping[str, Option] = _NONE,
    ) -> None:
        self._variables = {
            name: value.strip()
            for name, value in variables.items()
            if name.startswith("OTEL_") and value.strip()  # an empty variable counts as unset
        }
        self._cwd = cwd
        self._strong = strong
        self._weak = weak
        self._seen: dict[Problem, None] = {}

    @property
    def problems(self) -> list[Problem]:
        """What was wrong in what was read so far."""
        return list(self._seen)

    def names_an_address(self) -> bool:
        """Whether its headers are meant for an address of its own."""
        return any(name in self._variables for name in (ENDPOINT, *map(_endpoint, OTLP_SIGNALS)))

    def wanted(self) -> list[Wanted]:
        """What the family asks for, one for each signal."""
        return [one for signal in OTLP_SIGNALS for one in self._signal(signal)]

    def options(self, signal: OtlpSignal | None = None) -> dict[str, Option]:
        """The options that hold, for one signal or for an address of all."""
        return {**self._weak, **dict(self._options(signal)), **self._strong}

    def own_options(self) -> dict[str, Option]:
        """Those that hold whatever the family says: for an address that is not the family's."""
        return {**self._weak, **self._strong}

    def _signal(self, signal: OtlpSignal) -> Iterator[Wanted]:
        if not self._exported(signal):
            return
        options = self.options(signal)
        options.setdefault("protocol", Option(PROTOCOLS[0], "default"))
        own = _endpoint(signal)
        for variable in (own, ENDPOINT):
            if variable not in self._variables:
                continue
            address = self._address(variable, options)
            if address is not None:
                origin = f"environment {variable}"
                if variable == own:
                    yield one_signal(address, signal, options, origin=origin)
                else:
                    yield whole_address(address, (signal,), options, origin=origin)
            return

    def _address(self, variable: str, options: Mapping[str, Option]) -> Address | None:
        """gRPC may leave the scheme out; `insecure` then says which."""
        scheme = ""
        if options["protocol"].value == "grpc":
            insecure = options.get("insecure")
            scheme = "http" if insecure is not None and insecure.value else "https"
        try:
            return parse_address(self._variables[variable], default_scheme=scheme)
        except ValueError as error:
            self._complain(variable, error)
            return None

    def _exported(self, signal: OtlpSignal) -> bool:
        variable = f"OTEL_{signal.upper()}_EXPORTER"
        words = {word.strip().lower() for word in self._variables.get(variable, "otlp").split(",")}
        if "otlp" in words or not words & _OTHER_EXPORTERS:
            if not words <= _OTHER_EXPORTERS | {"otlp"}:
                self._complain(variable, ValueError("names no exporter: write otlp or none"))
            return True
        return False

    def _options(self, signal: OtlpSignal | None) -> Iterator[tuple[str, Option]]:
        readers = {
            "protocol": ("PROTOCOL", kinds.choice(*PROTOCOLS).parse),
            "compression": ("COMPRESSION", _compression),
            "timeout": ("TIMEOUT", _timeout_s),
            "headers": ("HEADERS", lambda text: tuple(_headers(text))),
            "insecure": ("INSECURE", kinds.FLAG.parse),
            **{name: (word, self._path) for name, word in _FILES.items()},
        }
        for name, (word, read) in readers.items():
            variable = self._variable(word, signal)
            if not variable:
                continue
            try:
                yield name, Option(read(self._variables[variable]), f"environment {variable}")
            except ValueError as error:
                self._complain(variable, error)

    def _variable(self, word: str, signal: OtlpSignal | None) -> str:
        own = f"OTEL_EXPORTER_OTLP_{signal.upper()}_{word}" if signal else ""
        names = (own, f"OTEL_EXPORTER_OTLP_{word}")
        return next((name for name in names if name in self._variables), "")

    def _path(self, text: str) -> str:
        return os.path.join(self._cwd, text)

    def _complain(self, variable: str, error: ValueError) -> None:
        what, remedy = what_and_remedy(error)
        # never the value: these may hold tokens
        self._seen[Problem(variable, what, remedy)] = None


def _endpoint(signal: OtlpSignal) -> str:
    return f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"


def _compression(text: object) -> bool:
    word = str(text).lower()
    if word not in ("gzip", "none"):
        raise ValueError("is neither gzip nor none: gzip is used")
    return word == "gzip"


def _timeout_s(text: object) -> float:
    match = re.fullmatch(r"(?a)\d{1,9}(\.\d+)?", str(text))
    if match is None or not float(match[0]):
        raise ValueError("is no number of milliseconds: 10000 is used")
    return float(match[0]) / 1000


def _headers(text: object) -> Iterator[Header]:
    """`name=value` with commas between, values percent-encoded (as in W3C Baggage)."""
    for part in str(text).split(","):
        if part.strip():
            name, equals, value = part.partition("=")
            if not equals:
                raise ValueError("has what is no header: write it like name=value,name=value")
            yield header(name.strip(), Secret("literal", kinds.percent_decoded(value).strip()))
