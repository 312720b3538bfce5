"""What a setting is: its words and its kind, not its value."""

from __future__ import annotations

from typing import Any, NamedTuple

from chaos_otel.config.kinds import Kind


class Setting(NamedTuple):
    """One setting. `env` and then `resource` (a key of OTEL_RESOURCE_ATTRIBUTES) by precedence.

    `project` says whether the file of a project may set it, `secret` that it is never shown.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    flag: str = ""
    env: tuple[str, ...] = ()
    key: str = ""
    resource: tuple[str, ...] = ()
    project: bool = True
    secret: bool = False

    def show(self, value: object) -> str:
        """The value as people write it; a secret as stars."""
        if self.secret:
            return "********" if value else ""
        return self.kind.show(value)
