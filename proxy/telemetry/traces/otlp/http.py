"""OTLP over HTTP/1.1 with protobuf bodies: one connection, kept open."""

from __future__ import annotations

import gzip
import http.client
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from proxy.errors import StartRefused
from proxy.telemetry.traces.options import TraceOptions
from proxy.telemetry.traces.otlp.sending import Answer, rejected_of

ANSWER_BYTES_MAX: Final = 64 * 1024
"""Of an answer, which is empty or one sentence."""
_AGAIN: Final = frozenset({429, 502, 503, 504})
"""Of the specification."""
_GZIP_LEVEL: Final = 1
"""Spans repeat themselves: level 1 makes a tenth of them, higher ones little less for much more."""


class HttpSender:
    """Posts requests to one URL."""

    def __init__(self, options: TraceOptions) -> None:
        """Raises StartRefused: a certificate cannot be read."""
        parts = urlsplit(options.endpoint)
        assert parts.hostname is not None
        self._host = parts.hostname
        self._port = parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._is_gzipped = options.is_gzipped
        self._headers = {"Content-Type": "application/x-protobuf", **dict(options.headers)}
        if options.is_gzipped:
            self._headers["Content-Encoding"] = "gzip"
        self._tls = _tls(options) if parts.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None

    def send(self, body: bytes, within_s: float) -> Answer:
        """One attempt; an idle connection that the collector closed meanwhile is opened anew."""
        if self._is_gzipped:
            body = gzip.compress(body, _GZIP_LEVEL)
        is_fresh = self._connection is None
        try:
            return self._post(body, within_s)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
            self.close()
            if is_fresh:
                return _failed(error)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return _failed(error)
        try:
            return self._post(body, within_s)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return _failed(error)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, body: bytes, within_s: float) -> Answer:
        connection = self._connection or self._connect()
        self._connection = connection
        connection.timeout = within_s
        if connection.sock is not None:
            connection.sock.settimeout(within_s)
        connection.request("POST", self._target, body, self._headers)
        response = connection.getresponse()
        answer = response.read(ANSWER_BYTES_MAX)
        if response.will_close or not response.isclosed():
            self.close()  # the rest of an endless answer is not read
        if 200 <= response.status < 300:
            rejected = rejected_of(answer)
            problem = f"the collector rejected {rejected} spans" if rejected else None
            return Answer(is_taken=True, rejected=rejected, problem=problem)
        return Answer(
            is_taken=False,
            may_retry=response.status in _AGAIN,
            retry_after_s=_seconds(response.headers.get_all("Retry-After") or ()),
            problem=f"the collector answered {response.status}",
        )

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port)


def _failed(error: Exception) -> Answer:
    """The error's own words may quote the address: its name says enough."""
    problem = f"the collector cannot be reached ({type(error).__name__})"
    return Answer(is_taken=False, may_retry=True, problem=problem)


def _seconds(said: Sequence[str]) -> float | None:
    return float(said[0]) if said and said[0].isascii() and said[0].isdecimal() else None


def _tls(options: TraceOptions) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(
            cafile=None if options.certificate is None else str(options.certificate)
        )
        if options.client_certificate is not None:
            context.load_cert_chain(options.client_certificate, options.client_key)
    except OSError as error:  # ssl.SSLError is one
        raise StartRefused(
            f"a certificate of OTEL_EXPORTER_OTLP_* cannot be used ({_place(options)}): {error}"
        ) from error
    return context


def _place(options: TraceOptions) -> str:
    named: list[Path | None] = [
        options.certificate,
        options.client_certificate,
        options.client_key,
    ]
    return ", ".join(str(one) for one in named if one is not None)
