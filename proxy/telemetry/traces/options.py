"""The OTEL_* variables that OpenTelemetry defines, as far as they are about sending spans.

Values are never shown in messages where they may be secret (headers).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from proxy.errors import StartRefused
from proxy.telemetry.traces.mapping.conventions import SCOPE
from proxy.telemetry.traces.sampling import DEFAULT, Sampler, sampler_of

HTTP: Final = "http/protobuf"
GRPC: Final = "grpc"
CONSOLE: Final = "console"
TIMEOUT_MS: Final = 10_000.0
"""Default of the specification. The variable is in milliseconds, as there."""
TIMEOUT_MS_MAX: Final = 60_000.0
"""A collector that needs longer keeps the recorder from stopping in order."""
PAIRS_MAX: Final = 128
"""Headers or resource attributes: as many as a span may have attributes."""
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]*")
_DEFAULT_ENDPOINTS: Final = {HTTP: "http://localhost:4318", GRPC: "http://localhost:4317"}
_HTTP_PATH: Final = "/v1/traces"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceOptions:
    """Where spans go, and which."""

    protocol: str
    """http/protobuf, grpc or console."""
    endpoint: str
    """URL: of HTTP the whole one, of gRPC scheme, host and port; empty for the console."""
    headers: tuple[tuple[str, str], ...]
    """May hold a credential."""
    timeout_s: float
    """Of one export, with all its retries."""
    is_gzipped: bool
    certificate: Path | None
    """To trust, PEM."""
    client_key: Path | None
    client_certificate: Path | None
    resource: tuple[tuple[str, str], ...]
    """What is sent, as attributes."""
    sampler: Sampler


def trace_options(environment: Mapping[str, str], version: str) -> TraceOptions | None:
    """What the environment asks for; None: no spans (no endpoint, or switched off).

    Args:
        environment: OTEL_* and everything else.
        version: of this release, for the resource.

    Raises:
        StartRefused: a variable asks for what there is not.
    """
    said = _Said(environment)
    if said.flag("OTEL_SDK_DISABLED"):
        return None
    exporter = said.text("OTEL_TRACES_EXPORTER")
    if exporter == "none" or (not exporter and not said.otlp("ENDPOINT")):
        return None
    if exporter not in {"", "otlp", CONSOLE}:
        raise StartRefused(f"OTEL_TRACES_EXPORTER is {exporter!r}: known are otlp, console, none")
    protocol = CONSOLE if exporter == CONSOLE else said.otlp("PROTOCOL") or HTTP
    if protocol not in {HTTP, GRPC, CONSOLE}:
        raise StartRefused(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}: known are {HTTP} and {GRPC}"
        )
    compression = said.otlp("COMPRESSION") or "none"
    if compression not in {"none", "gzip"}:
        raise StartRefused(
            f"OTEL_EXPORTER_OTLP_COMPRESSION is {compression!r}: known are gzip and none"
        )
    name = said.text("OTEL_TRACES_SAMPLER") or DEFAULT
    try:
        sampler = sampler_of(name, said.text("OTEL_TRACES_SAMPLER_ARG"))
    except ValueError as error:
        raise StartRefused(str(error)) from error
    return TraceOptions(
        protocol=protocol,
        endpoint=_endpoint(said, protocol),
        headers=_headers(said),
        timeout_s=_timeout_s(said),
        is_gzipped=compression == "gzip",
        certificate=said.file("CERTIFICATE"),
        client_key=said.file("CLIENT_KEY"),
        client_certificate=said.file("CLIENT_CERTIFICATE"),
        resource=_resource(said, version),
        sampler=sampler,
    )


class _Said:
    """Variables as the specification reads them: empty is as good as not set."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def flag(self, name: str) -> bool:
        return self.text(name).lower() == "true"

    def otlp(self, name: str) -> str:
        """Of traces, else of all signals."""
        own = self.text(f"OTEL_EXPORTER_OTLP_TRACES_{name}")
        return own or self.text(f"OTEL_EXPORTER_OTLP_{name}")

    def file(self, name: str) -> Path | None:
        found = self.otlp(name)
        return Path(found) if found else None

    def pairs(self, *names: str) -> tuple[tuple[str, str], ...]:
        """`key=value` with commas, percent-encoded; a later variable wins."""
        found: dict[str, str] = {}
        for name in names:
            for pair in filter(None, self.text(name).split(",", PAIRS_MAX)):
                key, equals, value = pair.partition("=")
                if not equals or not key.strip():
                    raise StartRefused(f"{name} is not a list of key=value with commas")
                found[unquote(key.strip())] = unquote(value.strip())
        return tuple(found.items())


def _headers(said: _Said) -> tuple[tuple[str, str], ...]:
    found = said.pairs("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")
    for name, value in found:
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise StartRefused(
                "OTEL_EXPORTER_OTLP_HEADERS (or _TRACES_HEADERS) has a name or value that no header "
                "can have: name=value with commas, percent-encoded"
            )
    return found


def _endpoint(said: _Said, protocol: str) -> str:
    if protocol == CONSOLE:
        return ""
    own = said.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    found = own or said.text("OTEL_EXPORTER_OTLP_ENDPOINT") or _DEFAULT_ENDPOINTS[protocol]
    if protocol == GRPC and "://" not in found:
        scheme = "http" if said.otlp("INSECURE").lower() == "true" else "https"
        found = f"{scheme}://{found}"
    if protocol == HTTP and not own:
        found = found.rstrip("/") + _HTTP_PATH
    parts = urlsplit(found)
    try:
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or parts.username is not None or parts.password is not None:
        raise StartRefused(
            "OTEL_EXPORTER_OTLP_ENDPOINT (or _TRACES_ENDPOINT) is not http(s)://host:port; "
            "credentials go into OTEL_EXPORTER_OTLP_HEADERS"
        )
    return found


def _timeout_s(said: _Said) -> float:
    text = said.otlp("TIMEOUT")
    try:
        milliseconds = float(text) if text else TIMEOUT_MS
    except ValueError:
        milliseconds = -1.0
    if not 0 < milliseconds <= TIMEOUT_MS_MAX:
        raise StartRefused(
            f"OTEL_EXPORTER_OTLP_TIMEOUT is {text!r}: say milliseconds, at most {TIMEOUT_MS_MAX:.0f}"
        )
    return milliseconds / 1000


def _resource(said: _Said, version: str) -> tuple[tuple[str, str], ...]:
    found = {"service.name": SCOPE, "service.version": version}
    found |= dict(said.pairs("OTEL_RESOURCE_ATTRIBUTES"))
    name = said.text("OTEL_SERVICE_NAME")
    if name:
        found["service.name"] = name
    return tuple(found.items())
