"""What is configured as a destination: by flags, by the standard variables, by ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.config.any_destination import names_destination
from chaos_otel.config.destination import Destination
from chaos_otel.config.destinations import Found, destinations, with_headers
from chaos_otel.config.environment import Environment
from chaos_otel.config.settings import load
from chaos_otel.errors import ConfigError, UsageError

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def environment(**variables: str) -> Environment:
    return Environment.of_block([os.fsencode(f"{k}={v}") for k, v in variables.items()])


def find(flags: Mapping[str, object] | None = None, /, **variables: str) -> Found:
    env = environment(**variables)
    loaded = load(env, flags or {}, "/nowhere")
    found = destinations(loaded, env)
    assert names_destination(loaded, env) or not found.destinations
    return found


def only(flags: Mapping[str, object] | None = None, /, **variables: str) -> Destination:
    found = find(flags, **variables)
    assert found.problems == []
    (destination,) = found.destinations
    return destination


def test_with_nothing_set_there_is_none() -> None:
    """No address by default: not even the standard's localhost."""
    assert find() == Found((), [], {}, {})
    assert find(OTEL_EXPORTER_OTLP_HEADERS="a=b", OTEL_TRACES_EXPORTER="otlp").destinations == ()


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_base_endpoint_gets_a_path_for_each_signal(slash: str) -> None:
    """`v1/traces` behind whatever path it has."""
    destination = only(**{ENDPOINT: f"https://c.example:4318/otlp{slash}"})
    assert destination.key == "otlp https://c.example:4318/otlp"
    assert destination.urls == {
        signal: f"https://c.example:4318/otlp/v1/{signal}"
        for signal in ("traces", "logs", "metrics")
    }
    assert list(destination.urls) == ["traces", "logs", "metrics"]
    assert (destination.protocol, destination.gzip) == ("http/protobuf", True)
    assert destination.means == ""


def test_the_endpoint_of_a_signal_is_used_as_it_is() -> None:
    """With / where it has no path; the others still have the base. Each address is a destination of
    its own."""
    found = find(
        OTEL_EXPORTER_OTLP_ENDPOINT="https://c.example",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="https://t.example",
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT="https://c.example/v1/logs",
    )
    assert {one.key: dict(one.urls) for one in found.destinations} == {
        "otlp https://t.example": {"traces": "https://t.example/"},
        "otlp https://c.example": {
            "logs": "https://c.example/v1/logs",
            "metrics": "https://c.example/v1/metrics",
        },
    }


def test_a_signal_alone_is_enough() -> None:
    """The others go nowhere, not to the standard's localhost."""
    destination = only(OTEL_EXPORTER_OTLP_METRICS_ENDPOINT="https://c.example/in")
    assert destination.key == "otlp https://c.example/in"
    assert destination.urls == {"metrics": "https://c.example/in"}


@pytest.mark.parametrize(
    ("endpoint", "insecure", "url"),
    [
        ("https://c.example", "", "https://c.example:443"),
        ("https://c.example:4317/path", "", "https://c.example:4317"),
        ("c.example:4317", "", "https://c.example:4317"),
        ("c.example:4317", "false", "https://c.example:4317"),
        ("c.example:4317", "true", "http://c.example:4317"),
        ("localhost:4317", "true", "http://localhost:4317"),
        ("http://localhost:4317", "", "http://localhost:4317"),
    ],
)
def test_grpc_knows_scheme_host_and_port(endpoint: str, insecure: str, url: str) -> None:
    """Its scheme may be left out: then `insecure` says which."""
    variables = {
        ENDPOINT: endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_INSECURE": insecure,
    }
    destination = only(**variables)
    assert destination.protocol == "grpc"
    assert set(destination.urls.values()) == {url}
    assert destination.key == f"otlp {url.removesuffix(':443')}"


def test_every_option_of_the_standard_counts() -> None:
    """Headers percent-decoded, milliseconds, files, no compression."""
    destination = only(
        OTEL_EXPORTER_OTLP_ENDPOINT="https://c.example",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/json",
        OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20abc%3D%3D, x-team = web ,,x=a=b",
        OTEL_EXPORTER_OTLP_COMPRESSION="none",
        OTEL_EXPORTER_OTLP_TIMEOUT="2500",
        OTEL_EXPORTER_OTLP_CERTIFICATE="/ca.pem",
        OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE="client.pem",
        OTEL_EXPORTER_OTLP_CLIENT_KEY="/client.key",
    )
    assert destination.protocol == "http/json"
    assert destination.headers == {"authorization": "Bearer abc==", "x-team": "web", "x": "a=b"}
    assert (destination.gzip, destination.timeout_s) == (False, 2.5)
    assert destination.tls[:3] == ("/ca.pem", f"{Path.cwd()}/client.pem", "/client.key")


def test_a_signal_s_own_options_beat_those_of_all() -> None:
    """Where one address is spoken to in two ways there are two destinations, and one consent."""
    found = find(
        OTEL_EXPORTER_OTLP_ENDPOINT="https://c.example",
        OTEL_EXPORTER_OTLP_HEADERS="k=all",
        OTEL_EXPORTER_OTLP_METRICS_HEADERS="k=metrics",
    )
    assert {one.key: (one.headers["k"], list(one.urls)) for one in found.destinations} == {
        "otlp https://c.example": ("all", ["traces", "logs"]),
        "otlp https://c.example metrics": ("metrics", ["metrics"]),
    }


def test_a_signal_can_be_left_out() -> None:
    """`none`, and another exporter than OTLP."""
    variables = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "prometheus"}
    destination = only(
        OTEL_LOGS_EXPORTER="console,otlp", **{ENDPOINT: "https://c.example"}, **variables
    )
    assert list(destination.urls) == ["logs"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "abc"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "-5"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1e999"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "hunter2"),
        ("OTEL_EXPORTER_OTLP_INSECURE", "perhaps"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a b=hunter2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=hunter2%0d%0ab"),
        ("OTEL_TRACES_EXPORTER", "nonsense"),
    ],
)
def test_a_value_that_cannot_be_read_gives_the_default(variable: str, value: str) -> None:
    """And one warning, by the settings or here, which never shows what may be a token."""
    env = environment(**{ENDPOINT: "https://c.example", variable: value})
    loaded = load(env, {}, "/nowhere")
    found = destinations(loaded, env)
    warned = [*loaded.warnings, *found.problems]
    assert [problem.place for problem in warned] == [variable]
    assert "hunter2" not in str(found.problems[:1])
    (destination,) = found.destinations
    assert destination == only(**{ENDPOINT: "https://c.example"})


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_BSP_MAX_QUEUE_SIZE": "0"},
        {"OTEL_PROPAGATORS": "bogus"},
        {"OTEL_EXPORTER_OTLP_HEADERS": "", "OTEL_EXPORTER_OTLP_TIMEOUT": "  "},
        {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "many"},
    ],
)
def test_what_is_not_ours_to_read_changes_nothing(variables: dict[str, str]) -> None:
    """Variables of the SDK's own pipeline, and empty ones."""
    assert only(**{ENDPOINT: "https://c.example"}, **variables) == only(
        **{ENDPOINT: "https://c.example"}
    )


@pytest.mark.parametrize("bad", ["c.example:4318", "https://", "https://c.example/?t=hunter2"])
def test_an_endpoint_that_is_no_address_is_left_out(bad: str) -> None:
    """With a problem that names the variable and not its value."""
    found = find(**{ENDPOINT: bad})
    assert found.destinations == ()
    assert [problem.place for problem in found.problems] == [ENDPOINT]
    assert "hunter2" not in str(found.problems)


def test_a_password_in_an_address_becomes_a_header() -> None:
    """It is in no address any more; a header of that name beats it."""
    destination = only(**{ENDPOINT: "https://user:p%40ss@c.example"})
    assert destination.headers == {"authorization": "Basic dXNlcjpwQHNz"}
    assert "p%40ss" not in str(destination.to_json())
    destination = only(
        OTEL_EXPORTER_OTLP_ENDPOINT="https://user:pass@c.example",
        OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer x",
    )
    assert destination.headers == {"authorization": "Bearer x"}


def test_plain_text_to_another_machine_is_refused() -> None:
    """Unless somebody says so, by any of its names; this machine is no other."""
    found = find(**{ENDPOINT: "http://c.example:4318"})
    assert found.destinations == ()
    assert "plain text" in str(found.problems[0])
    assert found.unusable == {"otlp http://c.example:4318": found.problems[0]}
    assert only(**{ENDPOINT: "http://c.example:4318"}, CHAOS_OTEL_INSECURE="1").tls.insecure
    assert only({"insecure": True}, **{ENDPOINT: "http://c.example"}).tls.insecure
    assert only(**{ENDPOINT: "http://c.example"}, OTEL_EXPORTER_OTLP_INSECURE="true").tls.insecure
    assert not only(**{ENDPOINT: "http://127.0.0.1:4318"}).tls.insecure
    found = find(TELEMETRY_ENDPOINT="http://t.example", OTEL_EXPORTER_OTLP_INSECURE="true")
    assert found.destinations == ()


def test_the_endpoint_of_event_documents() -> None:
    """TELEMETRY_ENDPOINT as it is, the key as a bearer token."""
    destination = only(TELEMETRY_ENDPOINT="https://t.example/v1/e/", TELEMETRY_API_KEY="k")
    assert destination.key == "endpoint https://t.example/v1/e"
    assert destination.kind == "endpoint"
    assert destination.urls == {"events": "https://t.example/v1/e/"}
    assert destination.headers == {"authorization": "Bearer k"}
    assert only(CHAOS_OTEL_ENDPOINT="https://t.example").urls == {"events": "https://t.example/"}


def test_several_at_once() -> None:
    """Typed ones first, then the variables'."""
    found = find(
        {"otlp": ("https://a.example", "https://b.example"), "endpoint": "https://e.example"},
        OTEL_EXPORTER_OTLP_ENDPOINT="https://c.example",
    )
    assert [(one.key, one.means) for one in found.destinations] == [
        ("otlp https://a.example", "flag"),
        ("otlp https://b.example", "flag"),
        ("endpoint https://e.example", "flag"),
        ("otlp https://c.example", ""),
    ]


def test_a_typed_address_that_is_configured_is_used_as_configured() -> None:
    """Its headers and signals; and it is one destination, not two."""
    destination = only(
        {"otlp": ("https://C.example/", "https://c.example")},
        OTEL_EXPORTER_OTLP_ENDPOINT="https://c.example",
        OTEL_EXPORTER_OTLP_HEADERS="k=v",
        OTEL_TRACES_EXPORTER="none",
    )
    assert (destination.means, destination.headers) == ("flag", {"k": "v"})
    assert list(destination.urls) == ["logs", "metrics"]


def test_tokens_go_only_where_they_belong() -> None:
    """Headers of the standard variables to the address beside them; to a typed one only where there
    is none beside them."""
    typed: dict[str, object] = {"otlp": ("https://typed.example",)}
    assert only(typed, OTEL_EXPORTER_OTLP_HEADERS="k=v").headers == {"k": "v"}
    found = find(
        typed,
        OTEL_EXPORTER_OTLP_HEADERS="k=hunter2",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="https://c.example",
    )
    assert {one.key: dict(one.headers) for one in found.destinations} == {
        "otlp https://typed.example": {},
        "otlp https://c.example": {"k": "hunter2"},
    }
    assert [problem.place for problem in found.problems] == ["OTEL_EXPORTER_OTLP_HEADERS"]


def test_a_key_goes_only_to_the_endpoint_beside_it() -> None:
    """Not to one that is typed, nor to one of another layer, unless they are one."""
    flags: dict[str, object] = {"endpoint": "https://typed.example"}
    assert only(flags, TELEMETRY_API_KEY="k").headers == {"authorization": "Bearer k"}
    beside = {"TELEMETRY_API_KEY": "k", "TELEMETRY_ENDPOINT": "https://t.example"}
    found = find(flags, **beside)
    assert [(one.key, dict(one.headers)) for one in found.destinations] == [
        ("endpoint https://typed.example", {})
    ]
    assert [problem.place for problem in found.problems] == ["TELEMETRY_API_KEY"]
    assert find(CHAOS_OTEL_ENDPOINT="https://c.example", **beside).destinations[0].headers == {}
    assert only({"endpoint": "https://t.example/"}, **beside).headers


def test_our_own_variable_beats_the_standard_s() -> None:
    """CHAOS_OTEL_OTLP_ENDPOINT is one collector for all, and gets no token of another."""
    found = find(
        CHAOS_OTEL_OTLP_ENDPOINT="https://ours.example",
        OTEL_EXPORTER_OTLP_ENDPOINT="https://c.example",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="https://t.example",
        OTEL_EXPORTER_OTLP_HEADERS="k=v",
    )
    assert [one.key for one in found.destinations] == ["otlp https://ours.example"]
    assert found.destinations[0].headers == {}


@pytest.mark.parametrize(
    "flags",
    [
        {"otlp": ("localhost:4318",)},
        {"otlp": ("https://user:hunter2@c.example",)},
        {"endpoint": "https://c.example/?key=hunter2"},
        {"otlp": ("http://c.example",)},
    ],
)
def test_a_typed_address_that_cannot_be_used_is_wrong_usage(flags: dict[str, object]) -> None:
    """Told before the command starts, without what may be a token."""
    with pytest.raises(UsageError) as refused:
        find(flags)
    assert "hunter2" not in str(refused.value)


def test_where_every_option_came_from() -> None:
    """By key and option, as `config show` names places."""
    found = find(
        {"otlp_protocol": "grpc"},
        OTEL_EXPORTER_OTLP_ENDPOINT="https://c.example",
        OTEL_EXPORTER_OTLP_LOGS_TIMEOUT="1",
        OTEL_METRICS_EXPORTER="none",
        OTEL_TRACES_EXPORTER="none",
    )
    assert found.origins["otlp https://c.example"] == {
        "url": f"environment {ENDPOINT}",
        "protocol": "flag --otlp-protocol",
        "compression": "default",
        "timeout": "environment OTEL_EXPORTER_OTLP_LOGS_TIMEOUT",
        "headers": "default",
    }


def test_headers_are_looked_up_again_by_who_sends() -> None:
    """From what a plan holds, for configured and typed destinations; a wrong plan is refused."""
    env = environment(
        OTEL_EXPORTER_OTLP_HEADERS="k=v",
        TELEMETRY_API_KEY="key",
        TELEMETRY_ENDPOINT="https://t.example",
    )
    flags = {"otlp": ("https://typed.example",)}
    loaded = load(env, flags, "/nowhere")
    for one in destinations(loaded, env).destinations:
        planned = Destination.from_json(one.to_json())
        assert planned.headers == {}
        again = with_headers(planned, load(env, {}, "/nowhere"), env)
        assert again == one
        assert again.headers
    with pytest.raises(ConfigError):
        with_headers(planned._replace(key="otlp nonsense"), load(env, {}, "/nowhere"), env)


def test_no_secret_is_in_a_plan_or_a_repr() -> None:
    """What goes to disk or into a log."""
    variables = {
        "OTEL_EXPORTER_OTLP_HEADERS": "k=hunter2",
        ENDPOINT: "https://u:hunter2@c.example",
        "TELEMETRY_ENDPOINT": "https://u:hunter2@t.example",
        "TELEMETRY_API_KEY": "hunter2",
    }
    found = find(**variables)
    assert len(found.destinations) == 2
    for one in found.destinations:
        assert one.headers
        assert "hunter2" not in repr(one) + str(one.to_json()) + str(found.origins)
    assert "hunter2" not in repr(load(environment(**variables), {}, "/nowhere").settings)


def test_nothing_heavy_is_loaded_for_it() -> None:
    """It runs before the command starts."""
    script = (
        "import sys\n"
        "from chaos_otel.pipeline.consenting import choose\n"
        "from chaos_otel.config.environment import Environment\n"
        "from chaos_otel.config.settings import load\n"
        "env = Environment.of_process()\n"
        "assert choose(load(env, {'otlp': ('https://a.example',)}, '/'), env).consented\n"
        "print(*sys.modules)"
    )
    heavy = {"socket", "ssl", "sqlite3", "http.client", "msgspec", "urllib.parse", "tomllib"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"HOME": "/nowhere", ENDPOINT: "https://c.example"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert heavy & set(done.stdout.split()) == set()


_NAMES = [
    f"OTEL_EXPORTER_OTLP_{signal}{word}"
    for signal in ("", "TRACES_", "LOGS_")
    for word in ("ENDPOINT", "PROTOCOL", "HEADERS", "TIMEOUT", "COMPRESSION", "INSECURE")
]
_VALUES = st.one_of(
    st.sampled_from(["https://c.example", "localhost:4317", "grpc", "true", "gzip", "a=b", "none"]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
)


@given(
    st.dictionaries(st.sampled_from([*_NAMES, "TELEMETRY_ENDPOINT", "TELEMETRY_API_KEY"]), _VALUES)
)
def test_no_value_of_a_variable_is_an_error(variables: dict[str, str]) -> None:
    """Whatever is set: destinations that can be used, and problems."""
    found = find(**variables)
    keys = [one.key for one in found.destinations]
    assert len(keys) == len(set(keys))
    for one in found.destinations:
        assert all(url.startswith(("http://", "https://")) for url in one.urls.values())
        assert Destination.from_json(json.loads(json.dumps(one.to_json()))).key == one.key
