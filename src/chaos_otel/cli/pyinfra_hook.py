"""`chaos-otel pyinfra-hook`: where the file is that has pyinfra tell what it does."""

from __future__ import annotations

import importlib.resources

import click

from chaos_otel.cli.output import answer


@click.command("pyinfra-hook")
def pyinfra_hook() -> None:
    """Print the path of the hook for pyinfra.

    Under chaos-otel run it loads by itself. Where it cannot (python -I, another PYTHONPATH), give
    it to pyinfra in front of your deploy file. Outside of a run it does nothing.

    \b
    Example:
      chaos-otel run -- pyinfra inventory.py "$(chaos-otel pyinfra-hook)" deploy.py -y
    """
    hook = importlib.resources.files("chaos_otel.emit") / "pyinfra" / "hook.py"
    with importlib.resources.as_file(hook) as path:
        answer(str(path))
