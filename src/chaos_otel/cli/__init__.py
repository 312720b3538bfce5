"""The command line: one file a command; the only code that prints, reads argv or exits."""

from __future__ import annotations

from typing import NoReturn


def main() -> NoReturn:
    """Run the command that argv names. Loading it is interrupted as quietly as running it."""
    try:
        from chaos_otel.cli.app import main as run_command
    except KeyboardInterrupt:
        from chaos_otel.cli.output import die_interrupted

        die_interrupted()
    run_command()


__all__ = ["main"]
