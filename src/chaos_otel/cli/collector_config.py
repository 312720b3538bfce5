"""`chaos-otel collector-config`: Collectors, Prometheus and alert rules for a fleet, as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from chaos_otel.cli.output import answer, say
from chaos_otel.errors import ChaosOtelError

_KINDS = (".md", ".yaml", ".yml")


@click.group("collector-config", no_args_is_help=True)
def collector_config() -> None:
    """Configurations for OpenTelemetry Collectors, Prometheus and Alertmanager, and alert rules.

    \b
    Examples:
      chaos-otel collector-config export ./telemetry
      less ./telemetry/README.md             which file for which case
    """


@collector_config.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option("--force", is_flag=True, help="Replace files that were changed there, too.")
@click.pass_context
def export(ctx: click.Context, folder: str, force: bool) -> None:
    """Write the configurations into DIR, and print the path of each that was written.

    DIR is made where it is missing. A file that is there already and reads otherwise, because
    somebody changed it or because it is of another version, stays as it is and is named; then the
    status is 1. --force replaces it.

    \b
    Examples:
      chaos-otel collector-config export /etc/chaos-otel/collector
      chaos-otel collector-config export . --force
    """
    from chaos_otel.cli.bundled import export

    wanted = contents()
    kept = [] if force else changed(wanted, folder)
    for path in export({name: wanted[name] for name in wanted if name not in kept}, folder):
        answer(path)
    if kept:
        say(f"left as they are: {', '.join(kept)}; --force replaces them")
        ctx.exit(ChaosOtelError.exit_code)


def contents() -> dict[str, bytes]:
    """All files by their paths: those of collector-config/, and what to do about each alert."""
    from chaos_otel.cli.bundled import files

    runbooks = files("docs", kinds=["alerts.md"])
    return files("collector-config", kinds=_KINDS) | {
        f"docs/{name}": content for name, content in runbooks.items()
    }


def changed(wanted: Mapping[str, bytes], folder: str) -> list[str]:
    """The names of files that are there and are not what we would write, unreadable ones too."""
    return [name for name, content in wanted.items() if _differs(Path(folder, name), content)]


def _differs(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() != content
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
