from __future__ import annotations

from pathlib import Path

import pytest

from proxy.errors import StartRefused
from proxy.telemetry.traces.options import CONSOLE, GRPC, HTTP, TraceOptions, trace_options

HERE = "http://collector:4318"
SECRET = "a-secret-nobody-may-see"


def options(**said: str) -> TraceOptions | None:
    names = {f"OTEL_{name}": value for name, value in said.items()}
    return trace_options({"PATH": "/bin", **names})


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


@pytest.mark.parametrize(
    ("said", "protocol"),
    [
        ({"EXPORTER_OTLP_ENDPOINT": HERE}, HTTP),
        ({"EXPORTER_OTLP_TRACES_ENDPOINT": HERE, "EXPORTER_OTLP_PROTOCOL": ""}, HTTP),
        ({"TRACES_EXPORTER": "otlp"}, HTTP),
        ({"TRACES_EXPORTER": "otlp", "EXPORTER_OTLP_TRACES_PROTOCOL": GRPC}, GRPC),
        ({"EXPORTER_OTLP_ENDPOINT": "collector:4317", "EXPORTER_OTLP_PROTOCOL": GRPC}, GRPC),
        ({"TRACES_EXPORTER": "console", "EXPORTER_OTLP_ENDPOINT": HERE}, CONSOLE),
    ],
)
def test_variables_say_how_spans_are_sent(said: dict[str, str], protocol: str) -> None:
    assert options(**said) == TraceOptions(protocol)


def test_a_certificate_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="OTEL_EXPORTER_OTLP_CERTIFICATE"):
        options(EXPORTER_OTLP_ENDPOINT=HERE, EXPORTER_OTLP_CERTIFICATE=str(tmp_path / "no.pem"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRACES_EXPORTER", "zipkin"),
        ("EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("EXPORTER_OTLP_TIMEOUT", "soon"),
        ("EXPORTER_OTLP_TIMEOUT", "0"),
        ("EXPORTER_OTLP_TIMEOUT", "nan"),
        ("EXPORTER_OTLP_TIMEOUT", "10000"),  # milliseconds: the SDK would wait for hours
        ("EXPORTER_OTLP_TRACES_ENDPOINT", "collector"),
        ("EXPORTER_OTLP_TRACES_ENDPOINT", f"http://me:{SECRET}@collector"),
        ("EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:99999"),
        ("EXPORTER_OTLP_HEADERS", f"authorization={SECRET}%0d%0ax: y"),
        ("TRACES_SAMPLER", "jaeger_remote"),
        ("TRACES_SAMPLER_ARG", "2"),
        ("TRACES_SAMPLER_ARG", "half"),
    ],
)
def test_what_cannot_be_done_is_refused_and_no_secret_is_told(name: str, value: str) -> None:
    said = {"EXPORTER_OTLP_ENDPOINT": HERE, name: value}
    if name == "TRACES_SAMPLER_ARG":
        said["TRACES_SAMPLER"] = "traceidratio"

    with pytest.raises(StartRefused, match="OTEL_") as raised:
        options(**said)

    assert SECRET not in str(raised.value)
