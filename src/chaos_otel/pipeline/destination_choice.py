"""Which destinations somebody means: by name, by address, or as they are listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chaos_otel.config.address import parse_address
from chaos_otel.config.destination import Destination, address_of
from chaos_otel.config.host_consent import KINDS, parse_key
from chaos_otel.config.problem import what_and_remedy
from chaos_otel.config.wanted_destination import destination_key
from chaos_otel.errors import UsageError

_LISTED = "chaos-otel consent show lists them"
# behind the base address in OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and its like
_SIGNAL_PATHS = ("/v1/traces", "/v1/logs", "/v1/metrics")


def addresses(said: str, configured: Sequence[Destination], known: Iterable[str] = ()) -> list[str]:
    """The addresses (`otlp https://…`) that `said` means: a configured destination's name or key,
    `otlp URL`, `endpoint URL`, or a URL that is configured or among the `known` addresses.

    UsageError where it means none.
    """
    named = [address_of(one.key) for one in configured if said in (one.name, one.key)]
    if named:
        return _each_once(named)
    known = _each_once([*(address_of(one.key) for one in configured), *known])
    if said.partition(" ")[0] in KINDS:
        try:
            key = parse_key(said)
        except ValueError as error:
            raise _no_address(said, error) from error
        return [_base(key) if _base(key) in known and key not in known else key]
    if "://" not in said:
        raise UsageError(f"no destination is called {said}", hint=_LISTED)
    return _at(said, known)


def meant(said: str, configured: Sequence[Destination]) -> list[Destination]:
    """The configured destinations that `said` means, all where it is empty; UsageError for none."""
    if not said:
        return list(configured)
    wanted = addresses(said, configured)
    found = [one for one in configured if address_of(one.key) in wanted]
    if not found:
        raise UsageError(f"{wanted[0]} is not configured", hint=_LISTED)
    return found


def _at(url: str, known: Sequence[str]) -> list[str]:
    try:
        address = parse_address(url)._replace(userinfo="")
    except ValueError as error:
        raise _no_address(url, error) from error
    keys = [destination_key(kind, address) for kind in KINDS]
    found = [key for key in (*keys, *map(_base, keys)) if key in known]
    if not found:
        raise UsageError(
            f"no destination is configured at {address.url}",
            hint=f"say what it is: otlp {address.url}, or endpoint {address.url}",
        )
    return _each_once(found)


def _base(key: str) -> str:
    """The address below which the one of a signal lies."""
    for path in _SIGNAL_PATHS:
        key = key.removesuffix(path)
    return key


def _no_address(said: str, error: ValueError) -> UsageError:
    from chaos_otel.config.kinds import show_address

    what, remedy = what_and_remedy(error)
    return UsageError(f"{show_address(said)} {what}", hint=remedy)


def _each_once(keys: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(keys))
