from __future__ import annotations

import socket
from pathlib import Path

import pytest

from proxy.errors import StartRefused
from proxy.telemetry.traces.options import TraceOptions, trace_options
from proxy.telemetry.traces.otlp.encode import encode_request
from proxy.telemetry.traces.otlp.http import HttpSender
from tests.telemetry.traces.receiver import http_receiver

BODY = encode_request({"service.name": "x"}, ("a", "1", "u"), [])
SOON_S = 30.0


def options(url: str, **said: str) -> TraceOptions:
    found = trace_options({"OTEL_EXPORTER_OTLP_ENDPOINT": url, **said}, "1")
    assert found is not None
    return found


def test_requests_go_over_one_connection_with_headers_and_path() -> None:
    with http_receiver() as receiver:
        sender = HttpSender(options(receiver.url, OTEL_EXPORTER_OTLP_HEADERS="x-tenant=blue"))
        answers = [sender.send(BODY, SOON_S) for _ in range(2)]
        sender.close()

    assert [answer.is_taken for answer in answers] == [True, True]
    assert receiver.bodies == [BODY, BODY]
    assert receiver.headers[0][":path"] == "/v1/traces"
    assert receiver.headers[0]["content-type"] == "application/x-protobuf"
    assert receiver.headers[0]["x-tenant"] == "blue"


def test_a_body_can_be_packed() -> None:
    with http_receiver() as receiver:
        sender = HttpSender(options(receiver.url, OTEL_EXPORTER_OTLP_COMPRESSION="gzip"))
        assert sender.send(BODY, SOON_S).is_taken
        sender.close()

    assert receiver.headers[0]["content-encoding"] == "gzip"
    assert receiver.bodies == [BODY]


@pytest.mark.parametrize(("status", "may_retry"), [(503, True), (429, True), (400, False)])
def test_a_status_says_whether_to_come_again(status: int, *, may_retry: bool) -> None:
    with http_receiver() as receiver:
        receiver.answers = [status]
        sender = HttpSender(options(receiver.url))
        answer = sender.send(BODY, SOON_S)
        sender.close()

    assert (answer.is_taken, answer.may_retry) == (False, may_retry)
    assert answer.problem == f"the collector answered {status}"


def test_what_the_collector_threw_away_is_told() -> None:
    with http_receiver() as receiver:
        receiver.rejected = 2
        sender = HttpSender(options(receiver.url))
        answer = sender.send(BODY, SOON_S)
        sender.close()

    assert (answer.is_taken, answer.rejected) == (True, 2)


def test_nobody_there_is_a_reason_to_come_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    sender = HttpSender(options(f"http://127.0.0.1:{port}"))

    answer = sender.send(BODY, SOON_S)

    assert (answer.is_taken, answer.may_retry) == (False, True)
    assert answer.problem == "the collector cannot be reached (ConnectionRefusedError)"


def test_a_collector_that_hangs_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sender = HttpSender(options(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        answer = sender.send(BODY, 0.05)
        sender.close()

    assert (answer.is_taken, answer.may_retry) == (False, True)
    assert answer.problem == "the collector cannot be reached (TimeoutError)"


def test_an_idle_connection_that_the_collector_closed_is_opened_anew() -> None:
    with http_receiver() as receiver:
        sender = HttpSender(options(receiver.url))
        assert sender.send(BODY, SOON_S).is_taken
        connection = sender._connection
        assert connection is not None
        assert connection.sock is not None
        connection.sock.shutdown(socket.SHUT_RDWR)

        assert sender.send(BODY, SOON_S).is_taken
        sender.close()


def test_a_certificate_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"
    said = options("https://collector", OTEL_EXPORTER_OTLP_CERTIFICATE=str(missing))

    with pytest.raises(StartRefused, match="certificate"):
        HttpSender(said)
