from __future__ import annotations

import json
import logging
import os
import socket
import sys
from collections.abc import Iterator

import pytest

from proxy.errors import StartRefused
from proxy.telemetry.traces.follow import Exported
from proxy.telemetry.traces.options import TraceOptions, trace_options
from proxy.telemetry.traces.sdk.exporting import SdkExporter, opened
from proxy.telemetry.traces.sdk.heard import LOGGER
from proxy.telemetry.traces.span import Span, SpanContext, SpanKind, SpanLink
from tests.telemetry.traces.receiver import grpc_receiver, http_receiver

CONTEXT = SpanContext(b"t" * 16, b"s" * 8)
SPAN = Span("a", SpanKind.CLIENT, CONTEXT, None, 1, 2, {"k": "v"})
SECRET = "a-secret-nobody-may-see"


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    logger = logging.getLogger(LOGGER)
    yield
    logger.handlers.clear()
    logger.propagate = True


def exporter(patch: pytest.MonkeyPatch, url: str, **said: str) -> SdkExporter:
    """Short of time, so that nothing is tried again."""
    patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    for name, value in {"TIMEOUT": "0.7", **said}.items():
        patch.setenv(f"OTEL_EXPORTER_OTLP_{name}", value)
    options = trace_options(os.environ)
    assert options is not None
    return opened(options)[0]


def test_over_http_spans_arrive_packed_with_headers_and_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with http_receiver() as receiver:
        said = {"HEADERS": "x-tenant=blue%20team", "COMPRESSION": "gzip", "TIMEOUT": "60"}
        one = exporter(monkeypatch, receiver.url, **said)
        assert one.export([SPAN, SPAN]) == Exported(2, None)
        one.close()

    assert [span.name for span in receiver.spans] == ["a", "a"]
    assert receiver.headers[0][":path"] == "/v1/traces"
    assert receiver.headers[0]["content-encoding"] == "gzip"
    assert receiver.headers[0]["x-tenant"] == "blue team"
    assert receiver.resources[0]["service.name"] == "interactions-proxy"


@pytest.mark.parametrize("compression", ["none", "gzip", ""])
def test_over_grpc_spans_arrive_with_headers(
    monkeypatch: pytest.MonkeyPatch, compression: str
) -> None:
    with grpc_receiver() as receiver:
        said = {"PROTOCOL": "grpc", "HEADERS": "x-tenant=blue", "TIMEOUT": "60"}
        one = exporter(monkeypatch, receiver.url, COMPRESSION=compression, **said)
        assert one.export([SPAN]) == Exported(1, None)
        one.close()

    assert receiver.headers[0]["x-tenant"] == "blue"


@pytest.mark.parametrize("status", [400, 503])
def test_a_collector_that_refuses_is_told_by_its_status(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with http_receiver() as receiver:
        receiver.answers = [status]
        one = exporter(monkeypatch, receiver.url)
        found = one.export([SPAN])
        again = one.export([SPAN])
        one.close()

    assert found == Exported(0, f"the collector answered {status}")
    assert again == Exported(1, None)


def test_what_is_refused_for_now_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_receiver() as receiver:
        receiver.answers = [503]
        one = exporter(monkeypatch, receiver.url, TIMEOUT="60")
        assert one.export([SPAN]) == Exported(1, None)
        one.close()


def test_over_grpc_a_refusal_is_told_by_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    with grpc_receiver() as receiver:
        receiver.answers = [503]
        one = exporter(monkeypatch, receiver.url, PROTOCOL="grpc")
        found = one.export([SPAN])
        one.close()

    assert found == Exported(0, "the collector cannot be reached (UNAVAILABLE)")


def test_what_the_collector_threw_away_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_receiver() as receiver:
        receiver.rejected = 2
        one = exporter(monkeypatch, receiver.url, TIMEOUT="60")
        some, all_of_it = one.export([SPAN] * 3), one.export([SPAN])
        one.close()

    assert some == Exported(1, "the collector rejected 2 spans")
    assert all_of_it.taken == 0


def test_nobody_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    one = exporter(monkeypatch, f"http://127.0.0.1:{port}")

    found = one.export([SPAN])

    assert (found.taken, found.problem) == (0, "the collector cannot be reached")
    one.close()
    one.close()


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_once_closed_nothing_is_taken_and_nothing_raised(
    monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    one = exporter(monkeypatch, "http://127.0.0.1:9", PROTOCOL=protocol)
    one.close()

    assert one.export([SPAN]).taken == 0


def test_the_console_shows_a_line_for_each_span(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    link = SpanLink(CONTEXT, {"ixp.link": "x"})
    linked = Span("b", SpanKind.SERVER, CONTEXT, b"12345678", 1, 2, {}, links=(link,))

    one = opened(TraceOptions("console"))[0]
    assert one.export([SPAN, linked]) == Exported(2, None)

    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["name"], first["attributes"]) == ("a", {"k": "v"})
    assert second["links"][0]["attributes"] == {"ixp.link": "x"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_HEADERS", f"authorization {SECRET}"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"),
        ("OTEL_RESOURCE_ATTRIBUTES", f"{SECRET}"),
    ],
)
def test_what_the_library_would_only_warn_of_is_refused_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(StartRefused, match="OTEL_") as raised:
        opened(TraceOptions("http/protobuf"))

    assert SECRET not in str(raised.value) + caplog.text


def test_without_the_extra_grpc_is_refused_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)

    with pytest.raises(StartRefused, match=r"interactions-proxy\[otlp-grpc\]"):
        opened(TraceOptions("grpc"))
