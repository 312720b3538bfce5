"""`chaos-otel dashboards`: the Grafana dashboards that install with us, as files."""

from __future__ import annotations

import re

import click

from chaos_otel.cli.output import answer, say
from chaos_otel.errors import UsageError

_FOLDER = "dashboards/"
# what Grafana takes as the id of a data source
_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")


@click.group(no_args_is_help=True)
def dashboards() -> None:
    """Grafana dashboards for what chaos-otel measures.

    \b
    Examples:
      chaos-otel dashboards export ./dashboards             to import, or to provision
      chaos-otel dashboards export . --datasource mimir-1   that data source is chosen
    """


@dashboards.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option(
    "--datasource",
    metavar="UID",
    help="The uid of the Prometheus data source that is chosen at first, as in its address in "
    "Grafana.",
)
@click.option(
    "--provisioning",
    is_flag=True,
    help="Write into DIR/dashboards, and beside it what makes Grafana load them by itself.",
)
def export(folder: str, datasource: str | None, provisioning: bool) -> None:
    """Write the dashboards into DIR as JSON, and print the path of each.

    They are for Grafana 10 and later. DIR is made where it is missing; files of the same names are
    replaced.

    \b
    Examples:
      chaos-otel dashboards export /var/lib/grafana/dashboards/chaos-otel
      chaos-otel dashboards export . --datasource prometheus
      chaos-otel dashboards export ./telemetry/grafana --provisioning
    """
    from chaos_otel.cli.bundled import export, files

    if datasource is not None and not _UID.fullmatch(datasource):
        hint = "copy it from the data source's address in Grafana: …/datasources/edit/UID"
        raise UsageError(f"{datasource!r} is no uid of a data source", hint=hint)
    found = files("grafana", kinds=[".json", ".yaml", ".md"])
    if datasource is not None:
        found |= {
            name: chosen(content, datasource)
            for name, content in found.items()
            if name.startswith(_FOLDER)
        }
    if not provisioning:
        found = {
            name.removeprefix(_FOLDER): content
            for name, content in found.items()
            if name.startswith(_FOLDER)
        }
    for path in export(found, folder):
        answer(path)
    if provisioning:
        say(f"how Grafana comes to load them stands in {folder}/README.md")
    else:
        say("to import them: in Grafana choose Dashboards, New, Import")


def chosen(content: bytes, uid: str) -> bytes:
    """The dashboard, with this Prometheus data source chosen when it is opened."""
    import json

    document = json.loads(content)
    for variable in document["templating"]["list"]:
        if variable["name"] == "prometheus_datasource":
            variable["current"] = {"selected": True, "text": uid, "value": uid}
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"
