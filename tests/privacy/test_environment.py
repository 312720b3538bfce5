"""Which values of an environment are taken for secrets."""

from __future__ import annotations

import pytest

from chaos_otel.privacy.environment import secrets_of


@pytest.mark.parametrize(
    "entry",
    [
        b"GITHUB_TOKEN=12345678",
        b"MYSQL_PWD=12345678",
        b"SSHPASS=12345678",
        b"PASS=12345678",
        b"REDISCLI_AUTH=12345678",
        b"dbPassword=12345678",
        b"APIKEY=12345678",
        b"AWS_SECRET_ACCESS_KEY=/2345678",
        b"AZURE_DEVOPS_EXT_PAT=12345678",
        b"ConnectionString=12345678",
        b"GITHUB_TOKEN=\xff\xfe345678",
    ],
)
def test_a_variable_that_looks_like_a_secret_is_one(entry: bytes) -> None:
    """Its whole value is taken, whatever bytes it has, from 8 on."""
    name, _, value = entry.partition(b"=")
    assert [secret.value for secret in secrets_of([entry])] == [value]
    assert secrets_of([name + b"=1234567"]) == []


@pytest.mark.parametrize(
    "entry",
    [
        b"XDG_SESSION_ID=12345678",
        b"SSH_AUTH_SOCK=/tmp/ssh-XXXX/agent.1",
        b"GOOGLE_APPLICATION_CREDENTIALS=keys.json",
        b"PWD=/srv/app/current",
        b"OLDPWD=/srv/app/current",
        b"PATH=/usr/bin:/bin",
        b"AUTHOR=Jane Doe, Esq.",
        b"GIT_AUTHOR_NAME=Jane Doe",
        b"KEYBOARD_LAYOUT=us-international",
        b"API_TOKEN_FILE=/run/secrets/api",
        b"TOKENIZERS_PARALLELISM=disabled",
        b"TOKEN_STATE=disabled",
        b"AUTH_TOKEN=disabled",
        b"SSH_KEY=/home/bob/.ssh/id_ed25519",
        b"MAX_TOKENS=10000000",
        b"HOME_URL=https://example.test:443/a@b",
        b"no equals sign TOKEN",
    ],
)
def test_what_only_looks_like_one_is_none(entry: bytes) -> None:
    """Harmless names, names about a secret, words and paths are left out."""
    assert secrets_of([entry]) == []


def test_the_password_of_a_url_is_one() -> None:
    """From 8 bytes on, in a variable of any name."""
    assert [secret.value for secret in secrets_of([b"DB=pg://u:geheim12@h/d"])] == [b"geheim12"]
    assert secrets_of([b"DB=pg://u:geheim@h/d"]) == []


def test_a_named_variable_is_one() -> None:
    """From 4 bytes on, even one that is known to be harmless."""
    named = secrets_of([b"GREETING=hell", b"XDG_SESSION_ID=1234"], value_from=["GREETING", "NONE"])
    assert [(secret.name, secret.value) for secret in named] == [("GREETING", b"hell")]
    assert secrets_of([b"GREETING=hel"], value_from=["GREETING"]) == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"authorization=Bearer%20abcdefgh,x-team=a-team-of-ours", [b"abcdefgh"]),
        (b"Authorization=Basic dXNlcjpwYXNz==", [b"dXNlcjpwYXNz=="]),
        (b"x-honeycomb-team=hcaik_01hqXYZ9abc7", [b"hcaik_01hqXYZ9abc7"]),
        (b" api-key = 12345678 , b", [b"12345678"]),
        (b"api-key=1234567,authorization=$TOKEN,\xff=1", []),
    ],
)
def test_tokens_in_headers_for_exporters_are_secrets(value: bytes, found: list[bytes]) -> None:
    """Each by itself, decoded, without the word before it; a team's name is none."""
    for name in (b"OTEL_EXPORTER_OTLP_HEADERS", b"OTEL_EXPORTER_OTLP_METRICS_HEADERS"):
        assert [secret.value for secret in secrets_of([name + b"=" + value])] == found
