"""How a request goes on and how its response goes back: heads planned in one pass over their lines. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proxy.gateway.http.lines import (
    CHECK,
    CLOSES,
    HOST,
    KEEPS,
    LENGTH,
    MAX_FORWARDS,
    NOTHING,
    SECRET,
    STREAM,
    TRANSFER_CODING,
    UPGRADE,
    UPGRADES,
    UPLOAD_URL,
    Lines,
)
from proxy.gateway.http.wire import HOP_BY_HOP, RequestHead, ResponseHead, Upstream

READS: Final = frozenset({b"GET", b"HEAD", b"OPTIONS"})
"""Methods that change nothing upstream (RFC 9110, section 9.2.1)."""
_HOPS_DIGITS_MAX: Final = 9
"""Of a Max-Forwards that is counted down. Nothing has a billion hops, and Python reads no number of 5,000."""


@dataclass(slots=True)
class RequestPlan:
    """How one request goes on: what upstream gets, what the record gets, how the body is framed."""

    head: bytes
    """For upstream, with the blank line."""
    record: bytes
    """Redacted head as the client sent it, with the blank line."""
    host: bytes
    version: str
    is_chunked: bool
    keeps_alive: bool
    is_head: bool
    is_read: bool
    """Its method changes nothing upstream."""
    wants_upgrade: bool
    """A WebSocket upgrade that upstream may accept."""
    is_plain: bool
    """One good Host, and no line that check_headers would have to look at."""
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


def plan_request(head: RequestHead, *, upstream_host: bytes, lines: Lines) -> RequestPlan:
    """Decide how a request goes on, supposed that the checks find nothing."""
    known = lines.request
    get = known.get  # what a subclass of dict does by [] takes Python 900 instructions more
    redactor = lines.redactor
    flags = hosts = 0
    upgrade = host = b""
    removed = NOTHING
    secrets: list[bytes] = []
    method, version = head.method, head.version
    forward = [method + b" " + head.target + b" HTTP/1.1"]
    target = redactor.target(head.target, secrets)
    record = [method + b" " + target + b" HTTP/" + version.encode()]
    for header in head.headers:
        line = get(header) or known[header]
        record.append(line.record)
        if not line.flags:
            if line.forward:
                forward.append(line.forward)
            continue
        flags |= line.flags
        if line.flags & HOST:
            hosts += 1
            host = line.value
            forward.append(header[0] + b": " + upstream_host)
        elif line.removes:
            removed |= line.removes
        elif line.flags & TRANSFER_CODING:
            forward.append(b"Transfer-Encoding: chunked")
        elif line.flags & MAX_FORWARDS and method == b"OPTIONS":
            forward.append(header[0] + b": " + _one_hop_less(line.value))
        elif line.flags & UPGRADE:
            upgrade = line.value.strip().lower()
        else:
            if line.flags & SECRET:
                secrets.append(line.value)
            if line.forward:
                forward.append(line.forward)
    if not host:
        forward.insert(1, b"Host: " + upstream_host)
    forward = _without(forward, removed) if removed else forward
    wants_upgrade = upgrade == b"websocket" and flags & (UPGRADES | _BODY) == UPGRADES
    if wants_upgrade:
        forward += [b"Connection: Upgrade", b"Upgrade: websocket"]
    if lines.via:
        forward.append(b"Via: %b %b" % (version.encode(), lines.via))
    return RequestPlan(
        head=b"\r\n".join(forward) + b"\r\n\r\n",
        record=redactor.text(b"\r\n".join(record) + b"\r\n\r\n", secrets),
        host=host,
        version=version,
        is_chunked=bool(flags & TRANSFER_CODING),
        keeps_alive=not flags & CLOSES and (version == "1.1" or bool(flags & KEEPS)),
        is_head=method == b"HEAD",
        is_read=method in READS,
        wants_upgrade=wants_upgrade,
        is_plain=hosts == 1 and not flags & CHECK,
        secrets=secrets,
    )


_BODY: Final = TRANSFER_CODING | LENGTH


def plan_response(
    head: ResponseHead, *, request: RequestPlan, upstream: Upstream, lines: Lines, scheme: bytes
) -> ResponsePlan:
    """Decide how a final response goes back to a client that came by `scheme`, and its body's framing."""
    known = lines.response
    get = known.get
    flags = 0
    coding = b""
    removed = NOTHING
    secrets = request.secrets.copy()
    start = b"%d %b" % (head.status, head.reason)
    forward, record = [b"HTTP/1.1 " + start], [b"HTTP/" + head.version.encode() + b" " + start]
    for header in head.headers:
        line = get(header) or known[header]
        record.append(line.record)
        if not line.flags:
            if line.forward:
                forward.append(line.forward)
            continue
        flags |= line.flags
        if line.flags & SECRET:
            secrets.append(line.value)
        if line.removes:
            removed |= line.removes
        elif line.flags & TRANSFER_CODING:
            coding += b"," + line.value.lower().strip()
        elif line.flags & UPLOAD_URL:
            url = rewritten_upload_url(line.value, scheme, request.host, upstream)
            forward.append(header[0] + b": " + url)
        elif line.forward:
            forward.append(line.forward)
    forward = _without(forward, removed) if removed else forward
    is_chunked = coding == b",chunked"
    to_chunks = is_chunked and request.version == "1.1"
    bodiless = request.is_head or head.status in {204, 304}
    ends_with_connection = not (bodiless or is_chunked or flags & LENGTH)
    upstream_stays = not flags & CLOSES and (head.version == "1.1" or bool(flags & KEEPS))
    keeps_alive = (
        request.keeps_alive
        and upstream_stays
        and not request.is_head
        and not ends_with_connection
        and to_chunks == is_chunked
    )
    if to_chunks:
        forward.append(b"Transfer-Encoding: chunked")
    if not keeps_alive:
        forward.append(b"Connection: close")
    elif request.version == "1.0":
        forward.append(b"Connection: keep-alive")
    return ResponsePlan(
        head=b"\r\n".join(forward) + b"\r\n\r\n",
        record=lines.redactor.text(b"\r\n".join(record) + b"\r\n\r\n", secrets),
        is_chunked=to_chunks and not bodiless,
        ends_with_connection=ends_with_connection,
        keeps_alive=keeps_alive,
        is_stream=bool(flags & STREAM),
        is_open_ended=ends_with_connection or is_chunked != to_chunks,
        problem="" if is_chunked or not coding else _FOREIGN_CODING,
    )


_FOREIGN_CODING: Final = "the response has a transfer coding other than chunked"


def plan_interim(head: ResponseHead, *, request: RequestPlan, lines: Lines) -> ResponsePlan:
    """A 1xx. A 101 is passed on as it is, Connection and Upgrade included; the others without them."""
    is_switch = head.status == 101
    start = b"HTTP/1.1 %d %b\r\n" % (head.status, head.reason)
    kept = [
        name + b": " + value + b"\r\n"
        for name, value in head.headers
        if is_switch or name.lower() not in HOP_BY_HOP
    ]
    return ResponsePlan(
        head=start + b"".join(kept) + b"\r\n",
        record=start + lines.redactor.lines(head.headers, request.secrets) + b"\r\n",
        is_chunked=False,
        ends_with_connection=is_switch,
        keeps_alive=not is_switch,
        is_stream=False,
        is_open_ended=is_switch,
    )


def rewritten_upload_url(value: bytes, scheme: bytes, host: bytes, upstream: Upstream) -> bytes:
    """An upload URL of the upstream host, made to point at the proxy; any other value unchanged."""
    origin = upstream.origin
    rest = value[len(origin) :]
    if (
        not host
        or not value.lower().startswith(origin.lower())
        or rest[:1] not in {b"/", b"?", b""}
    ):
        return value
    return scheme + b"://" + host + rest


def _one_hop_less(value: bytes) -> bytes:
    """A Max-Forwards value after this hop (RFC 9110, section 7.6.2); what is no number of hops stays."""
    is_number = len(value) <= _HOPS_DIGITS_MAX and value.strip().isdigit()
    return b"%d" % max(0, int(value) - 1) if is_number else value


def _without(lines: list[bytes], names: frozenset[bytes]) -> list[bytes]:
    """Without the headers that Connection names."""
    kept = [line for line in lines[1:] if line.partition(b":")[0].lower() not in names]
    return lines[:1] + kept
