"""What each layer of settings asks for: flags, variables, files. Puts nothing together.

A token goes only where the layer that holds it says: headers of the standard variables to the
address of the standard variables, an API key to the endpoint that was named beside it.
"""

from __future__ import annotations

from typing import NamedTuple

from chaos_otel.config.address import Address, parse_address
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import working_folder
from chaos_otel.config.otlp_variables import ENDPOINT, HEADERS, OtlpVariables
from chaos_otel.config.problem import Problem, what_and_remedy
from chaos_otel.config.secret_source import Header, Secret, header, parse_secret
from chaos_otel.config.settings import Loaded
from chaos_otel.config.userinfo import basic_authorization
from chaos_otel.config.wanted_destination import (
    OTLP_SIGNALS,
    Option,
    Wanted,
    destination_key,
    whole_address,
)
from chaos_otel.errors import UsageError

# which endpoint a key belongs to
_BESIDE = {"CHAOS_OTEL_API_KEY": "CHAOS_OTEL_ENDPOINT", "TELEMETRY_API_KEY": "TELEMETRY_ENDPOINT"}


class Layers:
    """The settings of one call. `problems` fills while they are read."""

    def __init__(self, loaded: Loaded, environment: Environment) -> None:
        self.loaded = loaded
        self.variables = environment.mapping()
        strong, weak = _common_options(loaded)
        self.family = OtlpVariables(self.variables, cwd=working_folder(), strong=strong, weak=weak)
        self.problems: list[Problem] = []

    def typed(self) -> list[Wanted]:
        """What `--otlp` and `--endpoint` name. UsageError for what is no address."""
        found = []
        for text in self.loaded.settings.otlp:
            address = _typed_address("--otlp", text)
            found.append(self.collector(address, origin="flag --otlp")._replace(means="flag"))
        if self.loaded.origins["endpoint"].layer == "flag":
            address = _typed_address("--endpoint", self.loaded.settings.endpoint)
            found.append(self.endpoint(address, origin="flag --endpoint")._replace(means="flag"))
        return found

    def otlp(self) -> list[Wanted]:
        """The collector that a variable or a key names, and those of the standard family."""
        origin = self.loaded.origins["otlp_endpoint"]
        found: list[Wanted] = []
        if self.loaded.settings.otlp_endpoint and origin.source != ENDPOINT:
            address = self._address(self.loaded.settings.otlp_endpoint, origin.source)
            if address is not None:
                found.append(self.collector(address, origin=str(origin)))
        if origin.source != "CHAOS_OTEL_OTLP_ENDPOINT":
            found += self.family.wanted()
        return found

    def documents(self) -> list[Wanted]:
        """The endpoint that a variable or a key names."""
        origin = self.loaded.origins["endpoint"]
        if not self.loaded.settings.endpoint or origin.layer == "flag":
            return []
        address = self._address(self.loaded.settings.endpoint, origin.source)
        return [] if address is None else [self.endpoint(address, origin=str(origin))]

    def collector(self, address: Address, *, origin: str) -> Wanted:
        """A collector that gets all signals, with those options that are meant for it."""
        own = whole_address(address, OTLP_SIGNALS, self.family.own_options(), origin=origin)
        if not self.family.names_an_address() or own.key in {
            one.key for one in self.family.wanted()
        }:
            return whole_address(address, OTLP_SIGNALS, self.family.options(), origin=origin)
        if HEADERS in self.variables:
            self._withhold(HEADERS, ENDPOINT, own.key)
        return own

    def endpoint(self, address: Address, *, origin: str) -> Wanted:
        """An endpoint of event documents, with its key."""
        options = {k: v for k, v in self.family.own_options().items() if k == "insecure"}
        wanted = Wanted("endpoint", address, {"events": address.path or "/"}, options, origin)
        headers = self._authorization(wanted.key)
        return wanted._replace(options=options | headers)

    def _authorization(self, key: str) -> dict[str, Option]:
        text = self.loaded.settings.api_key
        origin = self.loaded.origins["api_key"]
        if not text:
            return {}
        beside = self._endpoint_beside_key(origin.source)
        if beside and _key_of(beside) not in ("", key):
            whose = _BESIDE.get(origin.source, "the endpoint of the same file")
            self._withhold(origin.source, whose, key)
            return {}
        try:
            if origin.layer == "file":
                secret = parse_secret(text, private=self._is_private(origin.source))
            else:
                secret = Secret("literal", text)
            bearer = header("authorization", secret._replace(prefix="Bearer "))
        except ValueError as error:
            self._complain(origin.source, error)
            return {}
        return {"headers": Option((bearer,), str(origin))}

    def _endpoint_beside_key(self, source: str) -> str:
        if source in _BESIDE:
            return self.variables.get(_BESIDE[source], "").strip()
        files = [file for file in self.loaded.files if source.startswith(file.name)]
        return str(files[0].values.get("endpoint", "")) if files else ""

    def _is_private(self, source: str) -> bool:
        return any(file.private for file in self.loaded.files if source.startswith(file.name))

    def _withhold(self, what: str, whose: str, key: str) -> None:
        problem = Problem(what, f"is meant for {whose} and not sent to {key}", f"unset {whose}")
        if problem not in self.problems:
            self.problems.append(problem)

    def _address(self, text: str, source: str) -> Address | None:
        try:
            return parse_address(text)
        except ValueError as error:
            self._complain(source, error)
            return None

    def _complain(self, place: str, error: ValueError) -> None:
        what, remedy = what_and_remedy(error)
        self.problems.append(Problem(place, what, remedy))


class _Common(NamedTuple):
    strong: dict[str, Option]
    weak: dict[str, Option]


def _common_options(loaded: Loaded) -> _Common:
    """The settings that every collector shares, by whether they beat the standard variables."""
    common = _Common({}, {})
    origin = loaded.origins["otlp_protocol"]
    protocol = Option(loaded.settings.otlp_protocol, str(origin))
    if origin.layer == "flag" or origin.source.startswith("CHAOS_OTEL_"):
        common.strong["protocol"] = protocol
    elif origin.layer == "file":
        common.weak["protocol"] = protocol
    if loaded.settings.insecure:
        common.strong["insecure"] = Option(True, str(loaded.origins["insecure"]))
    return common


def _typed_address(flag: str, text: str) -> Address:
    try:
        address = parse_address(text.strip())
    except ValueError as error:
        what, remedy = what_and_remedy(error)
        raise UsageError(f"{flag}: {what}", hint=remedy) from error
    if address.userinfo:
        raise UsageError(
            f"{flag}: holds a password, which every process of this machine can read",
            hint="put it into OTEL_EXPORTER_OTLP_HEADERS or TELEMETRY_API_KEY",
        )
    return address


def _key_of(endpoint: str) -> str:
    try:
        return destination_key("endpoint", parse_address(endpoint))
    except ValueError:
        return ""


def without_userinfo(wanted: Wanted) -> Wanted:
    """User and password of an address as a header, if it has none that says who we are."""
    if not wanted.address.userinfo:
        return wanted
    headers: tuple[Header, ...] = wanted.option("headers", ())
    options = dict(wanted.options)
    if not any(one.name == "authorization" for one in headers):
        said = (*headers, basic_authorization(wanted.address))
        options["headers"] = Option(said, wanted.origin)
    return wanted._replace(address=wanted.address._replace(userinfo=""), options=options)
