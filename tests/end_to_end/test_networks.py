"""Where networks are not a plain IPv4 loopback: IPv6 on both sides, TLS from clients, certificates of auditors."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.certificates import certificate
from tests.end_to_end.conftest import SetUp


def ask(
    url: str, path: str, context: ssl.SSLContext | None, body: object = None
) -> tuple[int, bytes]:
    """Status and body."""
    at = urlsplit(url)
    assert at.hostname
    assert at.port
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=90)
    try:
        if context is not None:
            plain = socket.create_connection((at.hostname, at.port), 90)
            connection.sock = context.wrap_socket(plain, server_hostname="localhost")
        headers = {"Content-Type": "application/json", "x-goog-api-key": "k"}
        sent = None if body is None else json.dumps(body)
        connection.request("POST" if sent else "GET", path, sent, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_on_ipv6_clients_come_by_tls_and_auditors_with_certificates_only(
    set_up: SetUp, tmp_path: Path
) -> None:
    authority = certificate(tmp_path, "authority")
    crt, key = certificate(tmp_path, "localhost", authority)
    of_ada = certificate(tmp_path, "ada", authority)
    of_nobody = certificate(tmp_path, "nobody")
    stage = set_up(
        *("--host", "::1"),
        listen__address="::1",
        listen__tls_certificate_file=crt,
        listen__tls_key_file=key,
        admin__address="::1",
        admin__tls_certificate_file=crt,
        admin__tls_key_file=key,
        admin__tls_client_ca_file=authority[0],
        ops__address="::1",
    )
    announced = stage.proxy.program.announced
    assert stage.emulator.url.startswith("http://[::1]:")
    client = ssl.create_default_context(cafile=str(authority[0]))

    body = {"model": "gemini-3-flash-preview", "input": "by IPv6"}
    status, told = ask(announced["url"], "/v1beta/interactions", client, body)
    assert (status, json.loads(told)["status"]) == (200, "completed")
    assert ask(announced["ops"], "/readyz", None)[0] == 200
    assert stage.proxy.rows("SELECT outcome, status FROM exchanges") == [("complete", 200)]

    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(announced["admin"], "/", client)
    client.load_cert_chain(*of_nobody)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(announced["admin"], "/", client)
    client.load_cert_chain(*of_ada)
    assert ask(announced["admin"], "/", client)[0] == 302, "on to the console"
