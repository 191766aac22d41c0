"""The only differences on the wire, and the framing checks that llhttp leaves to us. Pure.

DIFFERENCES is the promise; the fidelity tests import it and allow nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from proxy.errors import ConfigError
from proxy.gateway.answers import Refusal
from proxy.gateway.headers import REQUEST_CREDENTIALS, RESPONSE_CREDENTIALS, Redactor

RawHeaders = list[tuple[bytes, bytes]]

HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)
"""RFC 9110 section 7.6.1, plus what a stripped h2c upgrade would leave behind."""

DIFFERENCES: Final = (
    ("hop-by-hop", "headers of one hop, and those that Connection names, are removed"),
    (
        "white-space",
        "optional space around header values and before an absent reason, and empty first lines, go",
    ),
    ("host", "Host names the upstream"),
    ("version", "each hop states HTTP/1.1"),
    (
        "framing",
        "chunked bodies are framed again, one chunk per piece as read; trailers are dropped",
    ),
    ("connection", "Connection: close is said where this hop closes"),
    ("upload-url", "X-Goog-Upload-URL of the upstream host points at the proxy"),
    ("interim", "1xx responses are not passed to HTTP/1.0 clients, who could not tell them apart"),
    ("half-close", "a client that closes its sending side has left"),
)
"""(name, what it is). Nothing else differs; every test of fidelity goes by this table."""

_FRAMING_LOOKALIKES: Final = frozenset({b"content-length", b"transfer-encoding", b"host"})
_HOST: Final = re.compile(
    rb"(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::[0-9]{0,5})?\Z"
)
_TARGET: Final = re.compile(rb"(?:/[\x21\x22\x24-\x7e]*|\*)\Z")
_METHODS_REFUSED: Final = frozenset(
    {b"CONNECT", b"TRACE", b"SOURCE", b"DESCRIBE", b"ANNOUNCE", b"SETUP", b"PLAY", b"PAUSE"}
    | {b"TEARDOWN", b"GET_PARAMETER", b"SET_PARAMETER", b"REDIRECT", b"RECORD", b"FLUSH"}
)
"""Tunnels, echoes, and what llhttp takes for RTSP or ICE, which share HTTP's syntax."""
_CONNECTION_WORDS: Final = frozenset({b"close", b"keep-alive", b"upgrade", b""})


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where everything goes. Nothing in a request can change it."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> Upstream:
        """From an origin such as https://generativelanguage.googleapis.com.

        Raises:
            ConfigError: not an http or https origin.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(f"upstream.url must be an http or https origin, not {url!r}")
        if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
            raise ConfigError(f"upstream.url must be an origin without path or query, not {url!r}")
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            parts.hostname.encode("idna")
        except ValueError as error:
            raise ConfigError(f"upstream.url has no usable host and port: {url!r}") from error
        return cls(parts.scheme, parts.hostname, port)

    @property
    def authority(self) -> bytes:
        """For the Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_usual = self.port == (443 if self.scheme == "https" else 80)
        return (host if is_usual else f"{host}:{self.port}").encode()

    @property
    def origin(self) -> bytes:
        return self.scheme.encode() + b"://" + self.authority


@dataclass(slots=True)
class RequestPlan:
    """How one request goes on: what upstream gets, what the record gets, how the body is framed."""

    head: bytes
    """For upstream, with the blank line."""
    record: bytes
    """Redacted head as the client sent it, with the blank line."""
    host: bytes
    is_chunked: bool
    has_body: bool
    keeps_alive: bool
    is_head: bool
    wants_upgrade: bool
    """A WebSocket upgrade that upstream may accept."""
    secrets: list[bytes]
    """Its credentials: the response may repeat them."""


@dataclass(slots=True)
class ResponsePlan:
    """How one response goes back."""

    head: bytes
    record: bytes
    is_chunked: bool
    """The client gets chunks."""
    ends_with_connection: bool
    """No length and no chunks: the end of the connection is the end of the body."""
    keeps_alive: bool
    """Both the upstream connection and the client's may be used again."""
    is_stream: bool
    is_open_ended: bool
    """The client takes the end of the connection for the end of the body: a break must be a reset."""
    problem: str = ""
    """Why this response cannot be passed on; empty when it can."""


def check_request(
    method: bytes, target: bytes, version: str, headers: RawHeaders
) -> Refusal | None:
    """What llhttp accepts and we must not (security notes 3.1). None: pass it on."""
    if version not in {"1.1", "1.0"}:
        return Refusal(505, f"HTTP/{version} is not spoken here, use HTTP/1.1")
    if method in _METHODS_REFUSED:
        return Refusal(405, f"method {method.decode()} is not passed on")
    if not _TARGET.match(target) or (target == b"*" and method != b"OPTIONS"):
        return Refusal(400, "the request target must be a path, without fragment or control bytes")
    hosts = 0
    for name, value in headers:
        lower = name.lower()
        if lower == b"host":
            hosts += 1
        refusal = _check_header(lower, value, version)
        if refusal is not None:
            return refusal
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        return Refusal(400, f"one Host header is needed, not {hosts}")
    return None


def _check_header(name: bytes, value: bytes, version: str) -> Refusal | None:
    if name == b"host" and not _HOST.match(value.rstrip(b" \t")):
        return Refusal(400, "the Host header is not host[:port]")
    if name == b"transfer-encoding":
        if version == "1.0":
            return Refusal(400, "Transfer-Encoding has no meaning in HTTP/1.0")
        if value.strip().lower() != b"chunked":
            return Refusal(501, "the only transfer coding understood is chunked")
    if name == b"expect" and value.strip().lower() != b"100-continue":
        return Refusal(417, "the only expectation understood is 100-continue")
    if b"_" in name and name.replace(b"_", b"-") in _FRAMING_LOOKALIKES:
        return Refusal(400, "a header name imitates a framing header with an underscore")
    return None


def plan_request(
    method: bytes,
    target: bytes,
    version: str,
    headers: RawHeaders,
    *,
    upstream_host: bytes,
    redactor: Redactor,
) -> RequestPlan:
    """Decide how a checked request goes on. One pass over the header lines."""
    is_chunked = has_length = False
    connection = upgrade = host = b""
    secrets: list[bytes] = []
    forward = [method + b" " + target + b" HTTP/1.1"]
    record = [method + b" " + redactor.target(target, secrets) + b" HTTP/" + version.encode()]
    for name, value in headers:
        lower = name.lower()
        line = name + b": " + value
        if lower in REQUEST_CREDENTIALS:
            secret = redactor.header_secret(value)
            if secret:
                secrets.append(secret)
            record.append(name + b": " + redactor.mark(secret))
            if lower not in HOP_BY_HOP:
                forward.append(line)
            continue
        record.append(line)
        if lower == b"host":
            host = value
            forward.append(name + b": " + upstream_host)
        elif lower == b"connection":
            connection += b"," + value.lower()
        elif lower == b"transfer-encoding":
            is_chunked = True
            forward.append(b"Transfer-Encoding: chunked")
        elif lower == b"upgrade":
            upgrade = value.strip().lower()
        elif lower not in HOP_BY_HOP:
            forward.append(line)
            if lower == b"content-length":
                has_length = value != b"0"
    if not host:
        forward.insert(1, b"Host: " + upstream_host)
    words = _words(connection)
    if words - _CONNECTION_WORDS:
        forward = _without(forward, words - _CONNECTION_WORDS)
    wants_upgrade = (
        upgrade == b"websocket" and b"upgrade" in words and not is_chunked and not has_length
    )
    if wants_upgrade:
        forward += [b"Connection: Upgrade", b"Upgrade: websocket"]
    return RequestPlan(
        head=b"\r\n".join(forward) + b"\r\n\r\n",
        record=redactor.text(b"\r\n".join(record) + b"\r\n\r\n", secrets),
        host=host,
        is_chunked=is_chunked,
        has_body=is_chunked or has_length,
        keeps_alive=b"close" not in words and (version == "1.1" or b"keep-alive" in words),
        is_head=method == b"HEAD",
        wants_upgrade=wants_upgrade,
        secrets=secrets,
    )


def plan_response(
    status: int,
    reason: bytes,
    version: str,
    headers: RawHeaders,
    *,
    request: RequestPlan,
    client_version: str,
    upstream: Upstream,
    redactor: Redactor,
) -> ResponsePlan:
    """Decide how a response head goes back to the client, and how its body is framed."""
    is_chunked = has_length = is_stream = False
    connection = b""
    problem = ""
    secrets = request.secrets.copy()
    start = b"%d %s" % (status, reason)
    forward: list[bytes] = []
    record = [b"HTTP/" + version.encode() + b" " + start]
    for name, value in headers:
        lower = name.lower()
        line = name + b": " + value
        if lower in RESPONSE_CREDENTIALS:
            if value:
                secrets.append(value)
            record.append(name + b": " + redactor.mark(value))
            forward.append(
                name + b": " + rewritten_upload_url(lower, value, request.host, upstream)
            )
            continue
        record.append(line)
        if lower == b"connection":
            connection += b"," + value.lower()
        elif lower == b"transfer-encoding":
            is_chunked = value.lower().strip() == b"chunked"
            if not is_chunked:
                problem = "the response has a transfer coding other than chunked"
        elif lower not in HOP_BY_HOP:
            forward.append(line)
            if lower == b"content-length":
                has_length = True
            elif lower == b"content-type":
                is_stream = value.lower().startswith(b"text/event-stream")
    words = _words(connection)
    if words - _CONNECTION_WORDS:
        forward = _without(forward, words - _CONNECTION_WORDS)
    bodiless = request.is_head or status in {204, 304} or status < 200
    ends_with_connection = not (bodiless or is_chunked or has_length)
    upstream_stays = b"close" not in words and (version == "1.1" or b"keep-alive" in words)
    to_chunks = is_chunked and client_version == "1.1"
    keeps_alive = (
        request.keeps_alive
        and upstream_stays
        and not request.is_head
        and not ends_with_connection
        and (to_chunks or not is_chunked)
    )
    if is_chunked and to_chunks:
        forward.append(b"Transfer-Encoding: chunked")
    if not keeps_alive:
        forward.append(b"Connection: close")
    elif client_version == "1.0":
        forward.append(b"Connection: keep-alive")
    return ResponsePlan(
        head=b"HTTP/1.1 "
        + start
        + b"\r\n"
        + b"".join(line + b"\r\n" for line in forward)
        + b"\r\n",
        record=redactor.text(b"\r\n".join(record) + b"\r\n\r\n", secrets),
        is_chunked=to_chunks and not bodiless,
        ends_with_connection=ends_with_connection,
        keeps_alive=keeps_alive,
        is_stream=is_stream,
        is_open_ended=ends_with_connection or (is_chunked and not to_chunks),
        problem=problem,
    )


def plan_interim(
    status: int, reason: bytes, headers: RawHeaders, *, request: RequestPlan, redactor: Redactor
) -> ResponsePlan:
    """A 1xx. A 101 is passed on as it is, Connection and Upgrade included; the others without them."""
    is_switch = status == 101
    start = b"HTTP/1.1 %d %s\r\n" % (status, reason)
    lines = [
        name + b": " + value + b"\r\n"
        for name, value in headers
        if is_switch or name.lower() not in HOP_BY_HOP
    ]
    return ResponsePlan(
        head=start + b"".join(lines) + b"\r\n",
        record=start + redactor.lines(headers, request.secrets) + b"\r\n",
        is_chunked=False,
        ends_with_connection=is_switch,
        keeps_alive=not is_switch,
        is_stream=False,
        is_open_ended=is_switch,
    )


def rewritten_upload_url(name: bytes, value: bytes, host: bytes, upstream: Upstream) -> bytes:
    """An upload URL of the upstream host, made to point at the proxy; any other value unchanged."""
    if name != b"x-goog-upload-url" or not host:
        return value
    origin = upstream.origin
    if not value.lower().startswith(origin.lower()) or value[len(origin) :][:1] not in {
        b"/",
        b"?",
        b"",
    }:
        return value
    return b"http://" + host + value[len(origin) :]


def chunk(piece: bytes) -> bytes:
    """One chunk of the chunked transfer coding. An empty piece must not be framed: it would end the body."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


LAST_CHUNK: Final = b"0\r\n\r\n"


def _words(connection: bytes) -> frozenset[bytes]:
    if not connection:
        return frozenset()
    return frozenset(word.strip() for word in connection.split(b","))


def _without(lines: list[bytes], names: frozenset[bytes]) -> list[bytes]:
    """Without the headers that Connection names; never Host or framing, whatever it says."""
    names -= _FRAMING_LOOKALIKES
    kept = [line for line in lines[1:] if line.partition(b":")[0].lower() not in names]
    return lines[:1] + kept
