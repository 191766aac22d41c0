"""The framing checks that llhttp leaves to us (security notes 3.1). Pure."""

from __future__ import annotations

import re
from typing import Final

from proxy.gateway.http.answers import Refusal
from proxy.gateway.http.wire import FRAMING_NAMES, RequestHead

_HOST: Final = re.compile(
    rb"(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::[0-9]{0,5})?\Z"
)
_TARGET: Final = re.compile(rb"(?:/[\x21\x22\x24-\x7e]*|\*)\Z")
_METHODS_REFUSED: Final = frozenset(
    {b"CONNECT", b"TRACE", b"SOURCE", b"DESCRIBE", b"ANNOUNCE", b"SETUP", b"PLAY", b"PAUSE"}
    | {b"TEARDOWN", b"GET_PARAMETER", b"SET_PARAMETER", b"REDIRECT", b"RECORD", b"FLUSH"}
)
"""Tunnels, echoes, and what llhttp takes for RTSP or ICE, which share HTTP's syntax."""


def check_start(method: bytes, target: bytes, version: str) -> Refusal | None:
    """Whether the request line can be passed on. None: it can."""
    if version not in {"1.1", "1.0"}:
        return Refusal(505, f"HTTP/{version} is not spoken here, use HTTP/1.1")
    if method in _METHODS_REFUSED:
        return Refusal(405, f"method {method.decode()} is not passed on")
    if not _TARGET.match(target) or (target == b"*" and method != b"OPTIONS"):
        return Refusal(400, "the request target must be a path, without fragment or control bytes")
    return None


def is_host(value: bytes) -> bool:
    """Whether a Host value is host[:port]."""
    return _HOST.match(value.rstrip(b" \t")) is not None


def check_headers(head: RequestHead, via: bytes = b"") -> Refusal | None:
    """Whether the header lines can be passed on. Needless where RequestPlan.is_plain says so.

    Args:
        head: as received.
        via: our name in Via, if we say one: a request that bears it has been here before.
    """
    hosts = 0
    for name, value in head.headers:
        lower = name.lower()
        if lower == b"host":
            hosts += 1
        refusal = _check_header(lower, value, head.version)
        if refusal is not None:
            return refusal
        if lower == b"via" and via and via.lower() in _received_by(value):
            return Refusal(508, "this request has been here before: upstream.url leads back to us")
        if lower == b"max-forwards" and head.method == b"OPTIONS" and is_zero(value):
            return Refusal(204, "Max-Forwards is used up, so OPTIONS is answered here")
    if hosts > 1 or (hosts == 0 and head.version == "1.1"):
        return Refusal(400, f"one Host header is needed, not {hosts}")
    return None


def is_zero(value: bytes) -> bool:
    """Whether a Max-Forwards value allows no further hop."""
    return value.strip().isdigit() and not value.strip().strip(b"0")


def _received_by(value: bytes) -> set[bytes]:
    """Who is named in a Via value, in lower case (RFC 9110, section 7.6.3)."""
    hops = [hop.split() for hop in value.lower().split(b",")]
    return {hop[1] for hop in hops if len(hop) > 1}


def _check_header(name: bytes, value: bytes, version: str) -> Refusal | None:
    if name == b"host" and not is_host(value):
        return Refusal(400, "the Host header is not host[:port]")
    if name == b"transfer-encoding":
        if version == "1.0":
            return Refusal(400, "Transfer-Encoding has no meaning in HTTP/1.0")
        if value.strip().lower() != b"chunked":
            return Refusal(501, "the only transfer coding understood is chunked")
    if name == b"expect" and value.strip().lower() != b"100-continue":
        return Refusal(417, "the only expectation understood is 100-continue")
    if b"_" in name and name.replace(b"_", b"-") in FRAMING_NAMES:
        return Refusal(400, "a header name imitates a framing header with an underscore")
    return None
