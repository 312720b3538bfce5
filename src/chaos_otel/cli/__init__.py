"""The command line: one file a command; the only code that prints, reads argv or exits."""

from chaos_otel.cli.app import main

__all__ = ["main"]
