"""`chaos-otel shell-lib`: where the shell library is, or a copy of it beside a script."""

from __future__ import annotations

import importlib.resources
import os
import shutil

import click

from chaos_otel.cli.output import answer
from chaos_otel.errors import StateError

_NAME = "utils.sh"


@click.command("shell-lib")
@click.option(
    "--install",
    "folder",
    type=click.Path(file_okay=False),
    help="Copy it into this folder (made where it is missing) and print the copy's path.",
)
def shell_lib(folder: str | None) -> None:
    """Print the path of the shell library.

    \b
    In a script that runs where chaos-otel is installed:
      . "$(chaos-otel shell-lib)"

    \b
    For a script that must also run where it is not:
      chaos-otel shell-lib --install ./telemetry
      . "$(dirname "$0")/telemetry/utils.sh"
    """
    library = importlib.resources.files("chaos_otel.emit") / _NAME
    with importlib.resources.as_file(library) as source:
        answer(str(source) if folder is None else install(str(source), folder))


def install(source: str, folder: str) -> str:
    """Copy the library into `folder`: the old copy or the new one, never half of it."""
    target = os.path.join(folder, _NAME)
    draft = f"{target}.{os.getpid()}.tmp"
    try:
        os.makedirs(folder, exist_ok=True)
        try:
            shutil.copyfile(source, draft)
            os.chmod(draft, 0o644)
            os.replace(draft, target)
        except OSError:
            if os.path.lexists(draft):
                os.unlink(draft)
            raise
    except OSError as error:
        raise StateError(
            f"cannot install the shell library in {folder}"
            f" ({os.strerror(error.errno or 0).lower()})",
            hint="choose a folder that you may write to",
        ) from error
    return target
