"""Who may be sent anything: what people and hosts have said about a destination, and what holds.

Decides, and touches no file. A destination is an address here (`otlp https://collector.example`).
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Literal, NamedTuple, TypeAlias

from chaos_otel.config.destination import Destination, Means, address_of

Verb: TypeAlias = Literal["grant", "revoke"]
Said: TypeAlias = Literal["command", "host"]
GRANT: Verb = "grant"
REVOKE: Verb = "revoke"


class Change(NamedTuple):
    """One consent that was granted or revoked: by a person's `command`, or by the `host` file. `by`
    is a person's pseudonym."""

    at_wall_ns: int
    verb: Verb
    destination: str
    said: Said
    by: str = ""


class Held(NamedTuple):
    """What holds after all changes: each address's last word of a person, and of the host file."""

    person: dict[str, Change]
    host: dict[str, Change]


def fold(changes: Iterable[Change]) -> Held:
    """Put changes together, in their order."""
    held = Held({}, {})
    for change in changes:
        (held.person if change.said == "command" else held.host)[change.destination] = change
    return held


def decide(
    destination: Destination,
    held: Held,
    host_grants: Set[str],
    *,
    since_wall_ns: int | None = None,
) -> Means | Literal[""]:
    """By which means there is consent; empty if there is none.

    What was typed for a run counts for that run, unless a person has revoked it after
    `since_wall_ns`, when the run began. A person's word beats the host's.
    """
    address = address_of(destination.key)
    said = held.person.get(address)
    revoked = said is not None and said.verb == REVOKE
    if destination.means == "flag":
        later = said is not None and since_wall_ns is not None and said.at_wall_ns > since_wall_ns
        return "" if revoked and later else "flag"
    if said is not None:
        return "" if revoked else "consent"
    return "host" if address in host_grants else ""


def host_changes(held: Held, host_grants: Set[str], *, at_wall_ns: int) -> list[Change]:
    """What the host file says now and did not say when it was last looked at."""
    granted = {address for address, last in held.host.items() if last.verb == GRANT}
    return [
        *(Change(at_wall_ns, GRANT, one, "host") for one in sorted(host_grants - granted)),
        *(Change(at_wall_ns, REVOKE, one, "host") for one in sorted(granted - host_grants)),
    ]
