"""The wire: what differs on it, where it leads, how heads and chunks are spelled. Pure.

DIFFERENCES is the promise; the fidelity tests import it and allow nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from proxy.errors import ConfigError

RawHeaders = list[tuple[bytes, bytes]]
"""Names and values in the order they came, values without the white space in front."""

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
    ("max-forwards", "OPTIONS: Max-Forwards counts this hop; at 0 the proxy answers by itself"),
    ("via", "Via of requests names this hop, where gateway.via says how"),
    ("half-close", "a client that closes its sending side has left"),
)
"""(name, what it is). Nothing else differs; every test of fidelity goes by this table."""

FRAMING_NAMES: Final = frozenset({b"content-length", b"transfer-encoding", b"host"})
"""Headers that say where a message ends or whom it is for: nothing a client says may remove them."""


@dataclass(slots=True)
class RequestHead:
    """Request line and header lines as received."""

    method: bytes
    target: bytes
    version: str
    """1.1, 1.0, ..."""
    headers: RawHeaders
    head_bytes: int


@dataclass(slots=True)
class ResponseHead:
    """Status line and header lines as received."""

    status: int
    reason: bytes
    version: str
    headers: RawHeaders


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where everything goes. Nothing in a request can change it."""

    scheme: str
    host: str
    """ASCII: a name with other letters as IDNA spells it."""
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
            host = parts.hostname.encode("idna").decode("ascii")
        except ValueError as error:
            raise ConfigError(f"upstream.url has no usable host and port: {url!r}") from error
        return cls(parts.scheme, host, port)

    @property
    def authority(self) -> bytes:
        """For the Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_usual = self.port == (443 if self.scheme == "https" else 80)
        return (host if is_usual else f"{host}:{self.port}").encode()

    @property
    def origin(self) -> bytes:
        return self.scheme.encode() + b"://" + self.authority


CHUNK: Final = b"%x\r\n%b\r\n"
"""One chunk of the chunked transfer coding: `CHUNK % (len(piece), piece)`. Spelled out where bodies pass, which spares a
call for each piece. An empty piece must not be framed: it would end the body."""
LAST_CHUNK: Final = b"0\r\n\r\n"
