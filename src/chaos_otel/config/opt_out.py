"""The variables by which somebody says: record nothing. They beat every flag."""

from __future__ import annotations

from collections.abc import Mapping

_OFF = frozenset(("0", "false", "no", "off"))


def opt_out(variables: Mapping[str, str]) -> str:
    """The opt-out that is set, as `NAME=VALUE`; empty if there is none.

    `TELEMETRY_ENABLED` and `CHAOS_OTEL_ENABLED` say no with 0, false, no or off. `DO_NOT_TRACK`
    (consoledonottrack.com) says it with anything that is not itself a no: who sets it to `yes`
    means it. `OTEL_SDK_DISABLED` says it with `true` alone, as OpenTelemetry specifies.
    """
    for name in ("TELEMETRY_ENABLED", "CHAOS_OTEL_ENABLED"):
        if _word(variables, name) in _OFF:
            return f"{name}={variables[name]}"
    if _word(variables, "DO_NOT_TRACK") not in _OFF | {""}:
        return f"DO_NOT_TRACK={variables['DO_NOT_TRACK']}"
    if _word(variables, "OTEL_SDK_DISABLED") == "true":
        return f"OTEL_SDK_DISABLED={variables['OTEL_SDK_DISABLED']}"
    return ""


def _word(variables: Mapping[str, str], name: str) -> str:
    return variables.get(name, "").strip().lower()
