from __future__ import annotations

import sys
from pathlib import Path

import pytest

from proxy.errors import StartRefused
from proxy.telemetry.traces.options import TraceOptions, trace_options
from proxy.telemetry.traces.otlp.encode import encode_request
from proxy.telemetry.traces.otlp.grpc import GrpcSender
from tests.telemetry.traces.receiver import grpc_receiver

BODY = encode_request({"service.name": "x"}, ("a", "1", "u"), [])
SOON_S = 30.0


def options(url: str, **said: str) -> TraceOptions:
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    found = trace_options(given | said, "1")
    assert found is not None
    return found


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_encoded_requests_arrive_with_their_headers(compression: str) -> None:
    with grpc_receiver() as receiver:
        sender = GrpcSender(
            options(
                receiver.url,
                OTEL_EXPORTER_OTLP_HEADERS="X-Tenant=blue",
                OTEL_EXPORTER_OTLP_COMPRESSION=compression,
            )
        )
        assert sender.send(BODY, SOON_S).is_taken
        sender.close()

    assert receiver.bodies == [BODY]
    assert receiver.headers[0]["x-tenant"] == "blue"


def test_a_collector_that_cannot_now_may_be_asked_again() -> None:
    with grpc_receiver() as receiver:
        receiver.answers = [503]
        sender = GrpcSender(options(receiver.url))
        first, second = sender.send(BODY, SOON_S), sender.send(BODY, SOON_S)
        sender.close()

    assert (first.is_taken, first.may_retry) == (False, True)
    assert first.problem == "the collector said UNAVAILABLE"
    assert second.is_taken


def test_what_the_collector_threw_away_is_told() -> None:
    with grpc_receiver() as receiver:
        receiver.rejected = 2
        sender = GrpcSender(options(receiver.url))
        answer = sender.send(BODY, SOON_S)
        sender.close()

    assert (answer.is_taken, answer.rejected) == (True, 2)


def test_without_the_package_the_start_is_refused_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)

    with pytest.raises(StartRefused, match=r"interactions-proxy\[otlp-grpc\]"):
        GrpcSender(options("http://collector:4317"))


def test_a_certificate_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    said = options("https://collector", OTEL_EXPORTER_OTLP_CERTIFICATE=str(tmp_path / "no.pem"))

    with pytest.raises(StartRefused, match="certificate"):
        GrpcSender(said)
