"""TLS for both protocols, against real servers with certificates of real authorities."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import Literal

import pytest
from tests.exporters.sending import PATIENT_S, destination, sent
from tests.exporters.servers import Authority, Certificate, OtlpServer
from tests.exporters.servers.certificates import encrypt

from chaos_otel.config.destination import Protocol, Tls
from chaos_otel.exporters.answer import Answer, Delivered, Later, Paused

Spoken = Literal["http", "grpc"]
PROTOCOLS: dict[Spoken, Protocol] = {"http": "http/protobuf", "grpc": "grpc"}
both = pytest.mark.parametrize("spoken", PROTOCOLS)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The CA of the servers."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another CA."""
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")


def _answer(
    spoken: Spoken,
    certificate: Certificate | None,
    tls: Tls,
    scheme: str = "https",
    timeout_s: float = PATIENT_S,
) -> Answer:
    with OtlpServer(protocol=spoken, tls=certificate) as server:
        to = destination(f"{scheme}://localhost:{server.port}", PROTOCOLS[spoken], tls=tls)
        answer = sent(to, timeout_s=timeout_s)
        assert bool(server.taken) == (answer == Delivered())
    return answer


def _shown(ca_file: str, certificate: Certificate) -> Tls:
    return Tls(ca_file, certificate.certificate_file, certificate.key_file)


@both
def test_a_private_ca_is_trusted(spoken: Spoken, authority: Authority) -> None:
    """When a setting names its file."""
    assert _answer(spoken, authority.server(), Tls(authority.ca_file)) == Delivered()


@both
def test_a_client_shows_its_certificate(spoken: Spoken, authority: Authority) -> None:
    """Mutual TLS, key and certificate from files."""
    wants = authority.server(wants_client=True)
    assert _answer(spoken, wants, _shown(authority.ca_file, authority.client())) == Delivered()


@both
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("wrong CA", "name its CA file"),
        ("system's CAs", "name its CA file"),
        ("wrong host", "another host name"),
        ("expired", "expired"),
        ("no client certificate", "wants a client certificate"),
        ("wrong client certificate", "does not accept the client certificate"),
    ],
)
def test_each_fault_of_certificates_is_named(
    spoken: Spoken, fault: str, words: str, authority: Authority, stranger: Authority
) -> None:
    """And pauses: no repetition would help."""
    wants = authority.server(wants_client=True)
    certificate, tls = {
        "wrong CA": (authority.server(), Tls(stranger.ca_file)),
        "system's CAs": (authority.server(), Tls()),
        "wrong host": (authority.server("other.example"), Tls(authority.ca_file)),
        "expired": (authority.server(expired=True), Tls(authority.ca_file)),
        "no client certificate": (wants, Tls(authority.ca_file)),
        "wrong client certificate": (wants, _shown(authority.ca_file, stranger.client())),
    }[fault]
    answer = _answer(spoken, certificate, tls)
    assert isinstance(answer, Paused)
    assert answer.reason.startswith("TLS: ")
    assert words in answer.reason


@both
def test_plain_text_at_a_tls_port_is_named(spoken: Spoken, authority: Authority) -> None:
    """Whoever forgot the s is told."""
    answer = _answer(spoken, authority.server(), Tls(), "http")
    assert isinstance(answer, Paused)
    assert "use https://" in answer.reason


@both
def test_tls_at_a_plain_text_port_is_named(spoken: Spoken, authority: Authority) -> None:
    """Whoever wrote one too many is told, whether the server answers, closes or waits."""
    answer = _answer(spoken, None, Tls(authority.ca_file), timeout_s=4)
    assert isinstance(answer, Paused)
    assert "use http://" in answer.reason


@pytest.mark.parametrize("secure", [False, True])
def test_a_grpc_port_spoken_to_in_http_is_named(secure: bool, authority: Authority) -> None:
    """4317 for 4318."""
    with OtlpServer(protocol="grpc", tls=authority.server() if secure else None) as server:
        answer = sent(destination(server.url, "http/protobuf", tls=Tls(authority.ca_file)))
    assert isinstance(answer, Paused)
    assert "a gRPC port was spoken to in HTTP" in answer.reason


@pytest.mark.parametrize("secure", [False, True])
def test_an_http_port_spoken_to_in_grpc_is_named(secure: bool, authority: Authority) -> None:
    """4318 for 4317."""
    with OtlpServer(protocol="http", tls=authority.server() if secure else None) as server:
        answer = sent(destination(server.url, "grpc", tls=Tls(authority.ca_file)))
    assert isinstance(answer, Paused)
    assert "does not speak gRPC" in answer.reason


@both
def test_a_connection_lost_in_the_handshake_waits(spoken: Spoken, authority: Authority) -> None:
    """It says nothing about certificates: the next handshake may succeed."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_hang_up, args=(listener,), daemon=True).start()
    with listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        answer = sent(destination(url, PROTOCOLS[spoken], tls=Tls(authority.ca_file)), timeout_s=5)
    assert isinstance(answer, Later)


def _hang_up(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.recv(4096)
        connection.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_1_1_is_not_spoken(authority: Authority) -> None:
    """Nor anything older, whatever the server offers."""
    certificate = authority.server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_cert_chain(certificate.certificate_file, certificate.key_file)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_shake, args=(listener, context), daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        answer = sent(destination(url, "http/protobuf", tls=Tls(authority.ca_file)))
    assert isinstance(answer, Paused)
    assert "TLS 1.2" in answer.reason


def _shake(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    try:
        context.wrap_socket(connection, server_side=True)
    except OSError:
        pass


@both
@pytest.mark.parametrize("what", ["missing", "empty", "no certificate", "encrypted key"])
def test_a_file_that_cannot_be_used_is_named(
    spoken: Spoken, what: str, tmp_path: Path, authority: Authority
) -> None:
    """The path, and why; a password is never asked for on the terminal."""
    path = tmp_path / "file.pem"
    if what != "missing":
        path.write_text("" if what == "empty" else "these are words")
    tls = Tls(str(path))
    if what == "encrypted key":
        client = authority.client()
        encrypt(client.key_file, str(path), password=b"abc")
        tls = Tls(authority.ca_file, client.certificate_file, str(path))
    answer = _answer(spoken, authority.server(), tls)
    assert isinstance(answer, Paused)
    assert str(path) in answer.reason


_SEND = """
import sys
from chaos_otel.config.destination import Destination, Tls
from chaos_otel.exporters.senders import open_sender
url, protocol, ca_file = sys.argv[1:]
urls = {"traces": url if protocol == "grpc" else url + "/v1/traces"}
headers = {"authorization": "Bearer ours"}
to = Destination("k", "otlp", urls, protocol, tls=Tls(ca_file), headers=headers)
print(type(open_sender(to).send("traces", b"", timeout_s=30)).__name__)
"""


@both
def test_the_environment_decides_nothing(
    spoken: Spoken, tmp_path: Path, authority: Authority, stranger: Authority
) -> None:
    """Not which CA is trusted, not through which proxy, not with which token or cipher: neither
    for better nor for worse, and nothing is written to stderr."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login someone password else\n")
    netrc.chmod(0o600)
    keys = tmp_path / "keys.log"
    hostile = {"HOME": str(tmp_path), "NETRC": str(netrc), "SSLKEYLOGFILE": str(keys)}
    for name in ("http_proxy", "https_proxy", "grpc_proxy", "all_proxy"):
        hostile |= {name: "http://127.0.0.1:9", name.upper(): "http://127.0.0.1:9"}
    roots = [
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    ]
    hostile |= {"GRPC_SSL_CIPHER_SUITES": "NULL", "GRPC_TRACE": "all", "GRPC_VERBOSITY": "DEBUG"}

    def said(named_ca: str, ca_in_environment: str) -> str:
        environment = os.environ | hostile | dict.fromkeys(roots, ca_in_environment)
        arguments = [server.url, PROTOCOLS[spoken], named_ca]
        done = subprocess.run(
            [sys.executable, "-c", _SEND, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.strip()

    with OtlpServer(protocol=spoken, tls=authority.server()) as server:
        assert said(authority.ca_file, stranger.ca_file) == "Delivered"
        assert said("", authority.ca_file) == "Paused"
        assert [one.headers["authorization"] for one in server.requests] == ["Bearer ours"]
    assert not keys.exists()
