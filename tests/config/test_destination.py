"""A destination as it stands in a run's folder."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chaos_otel.config.destination import Destination, Tls

ONE = Destination(
    "otlp https://c.example",
    "otlp",
    {"traces": "https://c.example/v1/traces"},
    protocol="http/json",
    timeout_s=2,
    tls=Tls(ca_file="/etc/ca.pem"),
    headers={"authorization": "hunter2hunter2"},
    means="flag",
    name="work",
)


def test_it_comes_back_as_it_was_without_its_headers() -> None:
    """Through JSON; no token goes there."""
    text = json.dumps(ONE.to_json())
    assert "hunter2" not in text
    assert Destination.from_json(json.loads(text)) == ONE._replace(headers={})


@pytest.mark.parametrize(
    "damage",
    [
        {"key": 5},
        {"key": "otlp \ud800"},
        {"kind": "zzz"},
        {"kind": []},
        {"urls": 5},
        {"urls": {"traces": None}},
        {"urls": {"smells": "https://c.example"}},
        {"protocol": {}},
        {"timeout_s": "soon"},
        {"tls": {"ca_file": 5}},
        {"tls": None},
        {"tls": {"more": ""}},
        {"proxy": 1},
        {"means": "guess"},
        {"name": []},
    ],
    ids=str,
)
def test_values_of_other_types_are_no_destination(damage: dict[str, Any]) -> None:
    """What a damaged file holds is refused here, where one file's fault stays that file's."""
    with pytest.raises(ValueError, match="not a destination"):
        Destination.from_json(ONE.to_json() | damage)


def test_a_destination_without_a_key_is_none() -> None:
    """Nor one of nothing."""
    with pytest.raises(ValueError, match="not a destination"):
        Destination.from_json({})
