"""After a morning of real runs every query of every panel has data, and the right numbers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from grafana.source.metrics import increase, is_
from tests.e2e.go_builds import may_build, otlp_prometheus
from tests.e2e.installed import Installed, wait_for
from tests.e2e.prometheus import Prometheus, Server
from tests.e2e.serving import serving
from tests.grafana.dashboard_files import documents, filled
from tests.grafana.fleet import BACKUPS, BREAKS, DEPLOY, DEPLOYS, SLOW, Fleet
from tests.grafana.history import write_history
from tests.grafana.links import LINKS, asked_by, matching
from tests.grafana.shown import Answer, answers

from chaos_otel.instruments import DURATION_BOUNDS_S, FAILURES, OPERATIONS, RUNS
from chaos_otel.semconv import LABEL_CHANGED

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("scenario")]
DOCUMENTS = documents()
HOST = "deploy-1"
ALL = {"job": ".+", "host": ".+", "environment": ".*", "script": ".*", "target": ".+"}
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


class Seen(NamedTuple):
    """What is there to be asked, once the morning is over."""

    prometheus: Prometheus
    fleet: Fleet
    now_s: float


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """Real runs, served by the real command, scraped each second by a real Prometheus."""
    folder = tmp_path_factory.mktemp("scenario")
    before, today = (folder / name for name in ("before", "today"))
    before.mkdir()
    today.mkdir()
    data = folder / "prometheus" / "data"
    data.mkdir(parents=True)
    labels = f'job="chaos-otel",instance="{HOST}"'
    write_history(_week_before(before), data, labels=labels, until_s=time.time() - 3600)
    fleet = Fleet(Installed(today))
    with (
        serving(fleet.chaos, "--no-deliver") as served,
        Prometheus(
            folder / "prometheus",
            [_job(served.address)],
            options=["--storage.tsdb.retention.time=60d"],
        ) as prometheus,
    ):
        prometheus.until(lambda there: there.value("up") == 1)
        fleet.morning()
        with fleet.one_under_way():
            _settle(prometheus, served, fleet)
            yield Seen(prometheus, fleet, time.time())


def _week_before(folder: Path) -> str:
    """What the same scripts say of themselves after a run each, on a machine of their own."""
    fleet = Fleet(Installed(folder))
    fleet.chaos.env["CHAOS_OTEL_SCRAPE_INTERVAL"] = "0"
    for name, text in (("deploy.sh", DEPLOY), ("report.sh", SLOW)):
        script = fleet.chaos.script(text, name)
        fleet.chaos.call("run", "--quiet", "--environment", "production", "--", script)
    with serving(fleet.chaos, "--no-deliver") as served:
        return served.get("/metrics", accept=OPEN_METRICS)


def _job(address: str) -> dict[str, Any]:
    target = {"targets": [address], "labels": {"instance": HOST}}
    return {"job_name": "chaos-otel", "static_configs": [target]}


def _settle(prometheus: Prometheus, served: Server, fleet: Fleet) -> None:
    """Wait until the run under way is there, all others are counted, and no new series is held at
    0 any more."""
    prometheus.until(lambda there: there.value("sum(script_active)") == 1)
    ended = len(fleet.chaos.journals()) - 1
    wait_for(lambda: _runs(served) == ended)
    prometheus.until(lambda there: there.value(f"sum({RUNS.prometheus_name})") == ended)
    time.sleep(4)


def _runs(served: Server) -> float:
    lines = served.get("/metrics").splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("script_runs_total{"))


def test_every_query_of_every_panel_has_data(seen: Seen) -> None:
    """With All chosen: no panel and no annotation is empty. Prints the table, panel by panel."""
    empty: list[str] = []
    for name, document in DOCUMENTS.items():
        print(f"\n{document['title']}")
        for answer in answers(seen.prometheus, document, ALL, now_s=seen.now_s):
            print(f"  {_row(answer)}")
            if not answer.series:
                empty.append(f"{name}: {answer.panel}: {answer.expr}")
    assert not empty, "\n".join(empty)


def _row(answer: Answer) -> str:
    number = f"{answer.example:,.6g}" if answer.series else "NOTHING"
    return f"{answer.panel:42} {answer.series:4} series, up to {number}"


def test_every_choice_has_values(seen: Seen) -> None:
    """Each variable offers something, and the scripts that ran are among the scripts."""
    offered: dict[str, set[str]] = {}
    for document in DOCUMENTS.values():
        for variable in document["templating"]["list"]:
            if variable["type"] == "query":
                offered[variable["name"]] = _offered(seen.prometheus, variable["query"]["query"])
    assert all(offered.values())
    assert offered["host"] == {HOST}
    assert {"production", "staging"} <= offered["environment"]
    assert {"deploy.sh", "backup.sh", "watch.sh"} <= offered["script"]
    assert {"@local", "localhost"} <= offered["target"]


def _offered(prometheus: Prometheus, query: str) -> set[str]:
    select, _, label = query.removeprefix("label_values(").removesuffix(")").rpartition(", ")
    path = f"label/{label}/values"
    return set(prometheus.api(path, **{"match[]": filled(select, ALL)}))


def _morning(seen: Seen) -> str:
    """How long ago it began, which is after the last sample of its history."""
    return f"{int(seen.now_s - seen.fleet.began_s) + 30}s"


def _value(seen: Seen, expr: str, **chosen: str) -> float:
    """A number of the time since the morning began."""
    values = ALL | {"__range": _morning(seen)} | chosen
    found = seen.prometheus.api("query", query=filled(expr, values), time=str(seen.now_s))
    (one,) = found["result"]
    return float(one["value"][1])


def test_runs_and_failures_are_counted_as_they_were(seen: Seen) -> None:
    """Runs, failures, success rate and failure ratio of one script, and of all scripts."""
    good, bad = DEPLOYS
    deploy = {"script": "deploy.sh", "environment": "production"}
    runs, failures = increase(RUNS), increase(FAILURES)
    assert _value(seen, f"sum({runs})", **deploy) == pytest.approx(good + bad, rel=0.05)
    assert _value(seen, f"sum({failures})", **deploy) == pytest.approx(bad, rel=0.05)
    assert _panel(seen, "errors", "Failure ratio", **deploy) == pytest.approx(
        bad / (good + bad), rel=0.02
    )
    rate = _panel(seen, "performance", "Success rate", **deploy)
    assert rate == pytest.approx(good / (good + bad), rel=0.02)
    assert _panel(seen, "errors", "Failure ratio", script="backup.sh") == 0
    assert _panel(seen, "errors", "Failure ratio", script="broken.sh") == pytest.approx(1)
    assert _panel(seen, "errors", "Longest row of failures") == BREAKS
    assert pytest.approx(_value(seen, f"sum({runs})", script="backup.sh"), rel=0.05) == BACKUPS


def _panel(seen: Seen, name: str, title: str, **chosen: str) -> float:
    """The number that a panel of one number shows."""
    (panel,) = [one for one in DOCUMENTS[name]["panels"] if one["title"] == title]
    return _value(seen, panel["targets"][0]["expr"], **chosen)


def test_the_p95_is_that_of_the_runs(seen: Seen) -> None:
    """As worked out from the durations of the runs themselves, in the buckets of the design."""
    journals = [path.read_text().splitlines() for path in seen.fleet.chaos.journals()]
    for script, runs in (("deploy.sh", sum(DEPLOYS)), ("report.sh", 1)):
        durations = [_duration_s(lines) for lines in journals if f'"{script}"' in lines[0]]
        assert len(durations) == runs
        shown = _panel(seen, "performance", "p95 duration", script=script)
        assert shown == pytest.approx(_quantile(0.95, durations), rel=0.05)


def _duration_s(journal: list[str]) -> float:
    """Of a run, from the monotonic clock in its first and last record."""
    records = [json.loads(line)["r"] for line in journal]
    first, last = (
        next(one for one in records if one["kind"] == kind) for kind in ("run.started", "run.ended")
    )
    return float((last["mono_ns"] - first["mono_ns"]) / 1e9)


def _quantile(share: float, values: list[float]) -> float:
    """As Prometheus does it: along a straight line within a bucket."""
    rank = share * len(values)
    low, below = 0.0, 0
    for bound in DURATION_BOUNDS_S:
        within = sum(low < value <= bound for value in values)
        if below + within >= rank:
            return low + (bound - low) * (rank - below) / within
        low, below = bound, below + within
    return low


def test_operations_are_counted_as_the_tool_counted_them(seen: Seen) -> None:
    """Total and changed of the real pyinfra run, by its own report's totals."""
    pyinfra = {"script": "pyinfra", "target": "@local"}
    total = increase(OPERATIONS, 'server_address=~"$target"')
    changed = increase(OPERATIONS, 'server_address=~"$target"', is_(LABEL_CHANGED, "true"))
    machines = seen.fleet.machines
    assert machines.total == 3
    assert _value(seen, f"sum({total})", **pyinfra) == pytest.approx(machines.total, rel=0.05)
    assert _value(seen, f"sum({changed})", **pyinfra) == pytest.approx(machines.changed, rel=0.05)


def test_shares_are_of_what_they_say(seen: Seen) -> None:
    """A share is 0 where a label's value was mistaken, and has data all the same: so each is
    checked where it is known."""
    machines = seen.fleet.machines
    pyinfra = {"script": "pyinfra", "target": "@local"}
    drift = _panel(seen, "operations", "Drift", **pyinfra)
    assert drift == pytest.approx(machines.changed / machines.total, rel=0.02)
    assert _panel(seen, "operations", "Failed", **pyinfra) == pytest.approx(1, rel=0.05)
    assert _panel(seen, "compliance", "Runs with a revision") == pytest.approx(1)
    assert _panel(seen, "compliance", "Runs with a user") == pytest.approx(1)
    night = _panel(seen, "compliance", "Outside working hours", script="cleanup.sh")
    assert night == pytest.approx(1, rel=0.05)
    assert _panel(seen, "compliance", "Consent changes") == pytest.approx(2, rel=0.05)
    assert _panel(seen, "compliance", "Secrets taken out", script="leaky.sh") >= 1
    assert _panel(seen, "compliance", "Oldest undelivered record") > 0


def test_a_retry_that_helped_is_told_from_one_that_did_not(seen: Seen) -> None:
    """backup.sh never failed, broken.sh always did: each stands in its own table."""
    for title, mine, other in (
        ("Retries that saved a run", "backup.sh", "broken.sh"),
        ("Retries in scripts that failed too", "broken.sh", "backup.sh"),
    ):
        (panel,) = [one for one in DOCUMENTS["errors"]["panels"] if one["title"] == title]
        expr = filled(panel["targets"][0]["expr"], ALL | {"__range": _morning(seen)})
        rows = seen.prometheus.api("query", query=expr, time=str(seen.now_s))["result"]
        scripts = {row["metric"]["script_name"] for row in rows}
        assert mine in scripts and other not in scripts


def test_the_run_under_way_is_shown_with_its_age(seen: Seen) -> None:
    """One run, whose age is the time since it began."""
    assert _panel(seen, "execution", "Under way") == 1
    age = _panel(seen, "execution", "Longest under way")
    assert 0 < age < seen.now_s - seen.fleet.began_s
    assert _value(seen, "sum(script_active)", script="watch.sh") == 1


def test_a_link_finds_the_failed_run_and_its_logs(seen: Seen) -> None:
    """What Tempo, Jaeger and Loki are asked for by a click is what a real failed run was sent with:
    the script by `service.name`, the failure by its result and status."""
    for link in LINKS:
        asked = asked_by(link, script="deploy.sh")
        found = [item for received in seen.fleet.sent for item in matching(received, asked)]
        assert found, asked
        assert not [
            item
            for received in seen.fleet.sent
            for item in matching(received, asked_by(link, script="other.sh"))
        ]


@may_build
def test_what_comes_by_otlp_has_the_same_names(seen: Seen, tmp_path: Path) -> None:
    """A Prometheus that is sent our metrics, by us or by a Collector, has every series that one
    has which scrapes them, by the same names and labels: the dashboards fit both."""
    options = ("--web.enable-otlp-receiver",)
    config = {"storage": {"tsdb": {"out_of_order_time_window": "1h"}}}
    binary = otlp_prometheus()
    with Prometheus(tmp_path, binary=binary, options=options, config=config) as receiver:
        chaos = seen.fleet.chaos
        base = f"{receiver.url}/api/v1/otlp"
        environment = chaos.env | {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{base}/v1/metrics"}
        chaos.call("consent", "grant", f"otlp {base}", env=environment)
        chaos.call("run", "--quiet", "--export-wait", "60s", "--", "true", env=environment)
        receiver.until(lambda there: _shapes(there) >= _shapes(seen.prometheus))


def _shapes(prometheus: Prometheus) -> set[tuple[str, frozenset[str]]]:
    """Names of our series, each with the names of its labels."""
    found = prometheus.api("series", **{"match[]": '{__name__=~"script_.+|chaos_otel_.+"}'})
    return {(one["__name__"], frozenset(one)) for one in found}
