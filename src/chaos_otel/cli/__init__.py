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
    except ImportError as error:  # the caller's PYTHONPATH comes before what we were installed with
        _cannot_load(error)
    run_command()


def _cannot_load(error: ImportError) -> NoReturn:
    """Without our libraries there is neither an option nor a command; tell, as `app.main` does."""
    import sys

    from chaos_otel.cli.output import say

    say(f"cannot load a library ({error}); another one of its name may be in PYTHONPATH")
    sys.exit(125 if sys.argv[1:2] == ["run"] else 1)


__all__ = ["main"]
