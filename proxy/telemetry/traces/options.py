"""Whether spans are sent and how. Where to, with which headers, in which time: the SDK reads that itself.

Checked here is what the SDK takes without a word and which then fails at every export, for ever.
Values are never shown in messages where they may be secret (headers, endpoints).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from proxy.errors import StartRefused

HTTP: Final = "http/protobuf"
GRPC: Final = "grpc"
CONSOLE: Final = "console"
TIMEOUT_S_MAX: Final = 60.0
"""Who says more means milliseconds, as the specification has them; the SDK reads seconds."""
SAMPLERS: Final = ("always_on", "always_off", "traceidratio")
"""Each also with parentbased_ before it."""
_FILES: Final = ("CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE")


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """How spans are sent."""

    protocol: str
    """http/protobuf, grpc or console."""


def trace_options(environment: Mapping[str, str]) -> TraceOptions | None:
    """What OTEL_* asks for; None: no spans (no endpoint, or switched off).

    Raises:
        StartRefused: a variable asks for what there is not.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip()
    if exporter == "none" or (not exporter and not told(environment, "ENDPOINT")):
        return None
    if exporter not in {"", "otlp", CONSOLE}:
        raise StartRefused(f"OTEL_TRACES_EXPORTER is {exporter!r}: known are otlp, console, none")
    _check_sampler(environment)
    if exporter == CONSOLE:
        return TraceOptions(CONSOLE)
    protocol = told(environment, "PROTOCOL") or HTTP
    if protocol not in {HTTP, GRPC}:
        raise StartRefused(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}: known are {HTTP} and {GRPC}"
        )
    _check_endpoint(told(environment, "ENDPOINT"), protocol)
    _check_headers(told(environment, "HEADERS"))
    _check_timeout(told(environment, "TIMEOUT"))
    for name in _FILES:
        _check_file(name, told(environment, name))
    return TraceOptions(protocol)


def told(environment: Mapping[str, str], name: str) -> str:
    """OTEL_EXPORTER_OTLP_TRACES_<name>, else OTEL_EXPORTER_OTLP_<name>; empty is as good as not set."""
    own = environment.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}", "").strip()
    return own or environment.get(f"OTEL_EXPORTER_OTLP_{name}", "").strip()


def _check_sampler(environment: Mapping[str, str]) -> None:
    """The SDK would send everything instead."""
    name = environment.get("OTEL_TRACES_SAMPLER", "").strip().lower()
    if name and name.removeprefix("parentbased_") not in SAMPLERS:
        known = ", ".join((*SAMPLERS, *(f"parentbased_{one}" for one in SAMPLERS)))
        raise StartRefused(f"OTEL_TRACES_SAMPLER is {name!r}: known are {known}")
    said = environment.get("OTEL_TRACES_SAMPLER_ARG", "").strip()
    if name.endswith("traceidratio") and not 0 <= _number(said) <= 1:
        raise StartRefused(f"OTEL_TRACES_SAMPLER_ARG is {said!r}: say a ratio from 0 to 1")


def _check_endpoint(endpoint: str, protocol: str) -> None:
    if not endpoint:
        return
    if protocol == GRPC and "://" not in endpoint:
        endpoint = f"https://{endpoint}"
    parts = urlsplit(endpoint)
    try:
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or parts.username is not None or parts.password is not None:
        raise StartRefused(
            "OTEL_EXPORTER_OTLP_ENDPOINT (or _TRACES_ENDPOINT) is not http(s)://host:port; "
            "credentials go into OTEL_EXPORTER_OTLP_HEADERS"
        )


def _check_headers(headers: str) -> None:
    if not unquote(headers).isprintable():
        raise StartRefused(
            "OTEL_EXPORTER_OTLP_HEADERS (or _TRACES_HEADERS) has a character that no header can have"
        )


def _check_timeout(timeout: str) -> None:
    if timeout and not 0 < _number(timeout) <= TIMEOUT_S_MAX:
        raise StartRefused(
            f"OTEL_EXPORTER_OTLP_TIMEOUT is {timeout!r}: OpenTelemetry's SDK for Python reads seconds, "
            f"at most {TIMEOUT_S_MAX:.0f} here"
        )


def _check_file(name: str, path: str) -> None:
    try:
        if path:
            Path(path).read_bytes()
    except OSError as error:
        raise StartRefused(f"OTEL_EXPORTER_OTLP_{name} cannot be read: {error}") from error


def _number(text: str) -> float:
    """Not a number where there is none: no comparison holds."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
