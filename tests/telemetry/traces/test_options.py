from __future__ import annotations

import pytest

from proxy.errors import StartRefused
from proxy.telemetry.traces.options import GRPC, HTTP, TraceOptions, trace_options

HERE = "http://collector:4318"
SECRET = "a-secret-nobody-may-see"


def options(**said: str) -> TraceOptions | None:
    names = {f"OTEL_{name}": value for name, value in said.items()}
    return trace_options({"PATH": "/bin", **names}, "1.2.3")


def told(**said: str) -> TraceOptions:
    found = options(**said)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"TRACES_EXPORTER": "none", "EXPORTER_OTLP_ENDPOINT": HERE},
        {"SDK_DISABLED": "TRUE", "EXPORTER_OTLP_ENDPOINT": HERE},
        {"EXPORTER_OTLP_ENDPOINT": ""},
    ],
)
def test_nothing_is_sent_unless_somebody_asks(said: dict[str, str]) -> None:
    assert options(**said) is None


def test_the_defaults_are_those_of_the_specification() -> None:
    found = told(EXPORTER_OTLP_ENDPOINT=HERE)

    assert found.protocol == HTTP
    assert found.endpoint == f"{HERE}/v1/traces"
    assert found.timeout_s == 10
    assert not found.is_gzipped
    assert (found.sampler.is_parent_based, found.sampler.ratio) == (True, 1.0)
    assert dict(found.resource) == {
        "service.name": "interactions-proxy",
        "service.version": "1.2.3",
    }


def test_what_is_said_of_traces_comes_before_what_is_said_of_all() -> None:
    found = told(
        EXPORTER_OTLP_ENDPOINT="http://other",
        EXPORTER_OTLP_TRACES_ENDPOINT="https://own/as/it/is",
        EXPORTER_OTLP_HEADERS="a=1,b=2",
        EXPORTER_OTLP_TRACES_HEADERS="b=3%2C4",
        EXPORTER_OTLP_TIMEOUT="500",
        EXPORTER_OTLP_TRACES_COMPRESSION="gzip",
        RESOURCE_ATTRIBUTES="service.name=x,team=blue",
        SERVICE_NAME="y",
    )

    assert found.endpoint == "https://own/as/it/is"
    assert found.headers == (("a", "1"), ("b", "3,4"))
    assert found.timeout_s == 0.5
    assert found.is_gzipped
    assert dict(found.resource) | {"service.version": ""} == {
        "service.name": "y",
        "service.version": "",
        "team": "blue",
    }


@pytest.mark.parametrize(
    ("endpoint", "insecure", "expected"),
    [
        ("http://collector:4317", "", "http://collector:4317"),
        ("collector:4317", "true", "http://collector:4317"),
        ("collector:4317", "", "https://collector:4317"),
    ],
)
def test_grpc_takes_host_and_port_alone(endpoint: str, insecure: str, expected: str) -> None:
    found = told(
        EXPORTER_OTLP_ENDPOINT=endpoint,
        EXPORTER_OTLP_PROTOCOL=GRPC,
        EXPORTER_OTLP_INSECURE=insecure,
    )

    assert found.endpoint == expected


def test_an_exporter_that_is_asked_for_needs_no_endpoint() -> None:
    assert told(TRACES_EXPORTER="otlp").endpoint == "http://localhost:4318/v1/traces"
    assert told(TRACES_EXPORTER="console").endpoint == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRACES_EXPORTER", "zipkin"),
        ("EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("EXPORTER_OTLP_COMPRESSION", "brotli"),
        ("EXPORTER_OTLP_TIMEOUT", "soon"),
        ("EXPORTER_OTLP_TIMEOUT", "0"),
        ("EXPORTER_OTLP_TIMEOUT", "nan"),
        ("EXPORTER_OTLP_TRACES_ENDPOINT", "collector"),
        ("EXPORTER_OTLP_TRACES_ENDPOINT", f"http://me:{SECRET}@collector"),
        ("EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:99999"),
        ("EXPORTER_OTLP_HEADERS", f"authorization {SECRET}"),
        ("EXPORTER_OTLP_HEADERS", f"authorization={SECRET}%0d%0ax: y"),
        ("TRACES_SAMPLER", "jaeger_remote"),
        ("TRACES_SAMPLER_ARG", "2"),
    ],
)
def test_what_cannot_be_done_is_refused_and_no_secret_is_told(name: str, value: str) -> None:
    said = {"EXPORTER_OTLP_ENDPOINT": HERE, name: value}
    if name == "TRACES_SAMPLER_ARG":
        said["TRACES_SAMPLER"] = "traceidratio"

    with pytest.raises(StartRefused, match="OTEL_") as raised:
        options(**said)

    assert SECRET not in str(raised.value)
