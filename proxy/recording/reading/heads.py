"""Request and response heads: lines in, the few fields that facts are made of out. Pure.

Header values reach clear facts through these fields only; each is bounded and from a small alphabet.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from proxy.recording.secrecy.names import ODD, is_like_credential
from proxy.values import plain_value

HEADERS_MAX: Final = 256
"""Wanted lines read of one head. The gateway accepts 128 lines; one of each kind is normal."""
REMEMBERED_MAX: Final = 256
"""User agents and content types remembered: one client sends the same ones all day."""
_FINGERPRINT: Final = re.compile(rb"fp:([0-9a-f]{16})")
_SDK: Final = re.compile(rb"google-genai-sdk/[0-9A-Za-z.+-]{1,40}")
_LANGUAGE: Final = re.compile(rb"gl-[a-z]{1,20}/[0-9A-Za-z.+-]{1,40}")
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,80}")
_METHOD: Final = re.compile(r"[A-Z]{1,20}")
_REVISION: Final = re.compile(r"[0-9A-Za-z._-]{1,40}")
_TRACE: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
"""W3C Trace Context: version, trace id, parent id, flags; later versions may go on behind a dash."""
_SAMPLED: Final = 0x01
_DATE: Final = re.compile(
    r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
"""IMF-fixdate, RFC 9110 5.6.7: the only form that a sender may use."""
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_CREDENTIALS: Final = (
    (b"x-goog-api-key", "api_key"),
    (b"authorization", "bearer"),
    (b"proxy-authorization", "other"),
    (b"cookie", "other"),
)


def _wanted(*names: bytes) -> tuple[bytes, ...]:
    return tuple(b"\r\n%b:" % name for name in names)


_WANTED_OF_REQUEST: Final = _wanted(
    b"content-type",
    b"content-encoding",
    b"user-agent",
    b"x-goog-api-client",
    b"api-revision",
    b"traceparent",
    *(name for name, _ in _CREDENTIALS),
)
_WANTED_OF_RESPONSE: Final = _wanted(
    b"content-type", b"content-encoding", b"date", b"retry-after", b"retry-after-ms"
)


class Trace(NamedTuple):
    """What a traceparent says."""

    trace_id: str | None
    """32 hexadecimal digits."""
    parent_span_id: str | None
    """16 hexadecimal digits."""
    is_sampled: bool | None


NO_TRACE: Final = Trace(None, None, None)


@plain_value(frozen=True, slots=True)
class RequestHead:
    """Of a request."""

    method: str
    """Upper-case letters, or "(odd)"."""
    target: str
    media_type: str | None
    codings: tuple[str, ...]
    """Content codings in the order they were applied."""
    sdk: str | None
    language: str | None
    client: str | None
    credential_kind: str | None
    api_revision: str | None = None
    trace: Trace = NO_TRACE


@plain_value(frozen=True, slots=True)
class ResponseHead:
    """Of a response."""

    status: int | None
    media_type: str | None
    codings: tuple[str, ...]
    retry_after_s: int | None = None
    """Whole seconds, rounded up."""
    date_ns: int | None = None
    """Upstream's clock."""


NO_RESPONSE: Final = ResponseHead(None, None, ())


def request_head(head: bytes) -> RequestHead | None:
    """A request head; None when its first line is not a request line."""
    parts = head.partition(b"\r\n")[0].split(b" ")
    if len(parts) != 3 or not parts[2].startswith(b"HTTP/"):
        return None
    headers = _headers(head, _WANTED_OF_REQUEST)
    agents = tuple(
        [value for name, value in headers if name in {b"user-agent", b"x-goog-api-client"}]
    )
    sdk, language = _software(agents)
    client, kind = _credential(headers)
    method = parts[0].decode("latin-1")
    return RequestHead(
        method if _METHOD.fullmatch(method) else ODD,
        parts[1].decode("latin-1"),
        _media_type(headers),
        _codings(headers),
        sdk,
        language,
        client,
        kind,
        _revision(headers),
        _trace(headers),
    )


def response_head(head: bytes) -> ResponseHead | None:
    """A response head; None when its first line is not a status line."""
    code = head[9:12]
    if not head.startswith(b"HTTP/") or len(code) != 3 or not code.isdigit():
        return None
    headers = _headers(head, _WANTED_OF_RESPONSE)
    date_s = _date_s(_only(headers, b"date"))
    return ResponseHead(
        int(code),
        _media_type(headers),
        _codings(headers),
        _retry_after_s(headers, date_s),
        None if date_s is None else date_s * 1_000_000_000,
    )


def clear_media_type(text: str) -> str | None:
    """A media type without its parameters, in lower case; "(odd)" if it does not look like one."""
    kind = text.partition(";")[0].strip().lower()
    if not kind:
        return None
    return kind if _MEDIA_TYPE.fullmatch(kind) and not is_like_credential(kind) else ODD


def _headers(lines: bytes, wanted: tuple[bytes, ...]) -> list[tuple[bytes, bytes]]:
    """Name and value of the wanted lines. Looking for seven names costs a third of cutting lines."""
    lowered = lines.lower()
    found: list[tuple[bytes, bytes]] = []
    for name in wanted:
        start = lowered.find(name)
        while start >= 0 and len(found) < HEADERS_MAX:
            start += len(name)
            end = lines.find(b"\r\n", start)
            found.append((name[2:-1], lines[start : end if end >= 0 else None].strip()))
            start = lowered.find(name, start)
    return found


def _media_type(headers: list[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"content-type":
            return _media_type_of(value)
    return None


@lru_cache(maxsize=REMEMBERED_MAX)
def _media_type_of(value: bytes) -> str | None:
    return clear_media_type(value.decode("latin-1"))


def _codings(headers: list[tuple[bytes, bytes]]) -> tuple[str, ...]:
    names: list[str] = []
    for name, value in headers:
        if name == b"content-encoding":
            parts = value.decode("latin-1").lower().split(",", 10)
            names.extend(part.strip() for part in parts if part.strip() not in {"", "identity"})
    return tuple(names)


@lru_cache(maxsize=REMEMBERED_MAX)
def _software(agents: tuple[bytes, ...]) -> tuple[str | None, str | None]:
    """SDK and language, each the first one named."""
    return _first(_SDK, agents), _first(_LANGUAGE, agents)


def _first(pattern: re.Pattern[bytes], values: tuple[bytes, ...]) -> str | None:
    for value in values:
        match = pattern.search(value)
        if match:
            name = match.group().decode("ascii")
            return None if is_like_credential(name) else name
    return None


def _credential(headers: list[tuple[bytes, bytes]]) -> tuple[str | None, str | None]:
    for wanted, kind in _CREDENTIALS:
        for name, value in headers:
            if name == wanted:
                match = _FINGERPRINT.search(value)
                if match:
                    return match.group(1).decode("ascii"), kind
    return None, None


def _only(headers: list[tuple[bytes, bytes]], wanted: bytes) -> str:
    """The value of a field that may stand there once; empty where it is missing, or comes again."""
    values = [value for name, value in headers if name == wanted]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def _revision(headers: list[tuple[bytes, bytes]]) -> str | None:
    value = _only(headers, b"api-revision")
    if not value:
        return None
    return value if _REVISION.fullmatch(value) and not is_like_credential(value) else ODD


def _trace(headers: list[tuple[bytes, bytes]]) -> Trace:
    """Strictly as the standard has it: what is not a traceparent ties nothing to nothing."""
    found = _TRACE.fullmatch(_only(headers, b"traceparent"))
    if found is None:
        return NO_TRACE
    version, trace_id, parent_id, flags, more = found.groups()
    is_valid = trace_id.strip("0") and parent_id.strip("0") and version != "ff"
    if not is_valid or (version == "00" and more is not None):
        return NO_TRACE
    return Trace(trace_id, parent_id, bool(int(flags, 16) & _SAMPLED))


def _retry_after_s(headers: list[tuple[bytes, bytes]], date_s: int | None) -> int | None:
    """Seconds to wait: of Retry-After, a date there counted from the answer's own; else of retry-after-ms."""
    value = _only(headers, b"retry-after")
    if _SECONDS.fullmatch(value):
        return int(value)
    until_s = _date_s(value)
    if until_s is not None and date_s is not None:
        return max(0, until_s - date_s)
    milliseconds = _only(headers, b"retry-after-ms")
    return -(-int(milliseconds) // 1000) if _SECONDS.fullmatch(milliseconds) else None


def _date_s(value: str) -> int | None:
    """Unix seconds of an HTTP date."""
    found = _DATE.fullmatch(value)
    if found is None or found[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(found[place]) for place in (1, 3, 4, 5, 6))
    month = _MONTHS.index(found[2]) + 1
    try:
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    return int(at.timestamp())
