"""What the proxy says in its own name: refusals, in the shape of the API's own errors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from proxy.gateway.limits import RETRY_AFTER_S

REASONS: Final = {
    204: "No Content",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    417: "Expectation Failed",
    424: "Failed Dependency",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
    508: "Loop Detected",
}

CODES: Final = {
    400: "invalid_request",
    403: "permission_denied",
    404: "not_found",
    405: "invalid_request",
    408: "deadline_exceeded",
    409: "aborted",
    413: "request_entity_too_large",
    417: "invalid_request",
    424: "outcome_unknown",
    431: "invalid_request",
    501: "unimplemented",
    502: "bad_gateway",
    503: "service_unavailable",
    505: "unimplemented",
    508: "loop_detected",
}
"""String codes as the Interactions API uses them (protocol reference, section 13.2), and two of ours."""

OUTCOME_UNKNOWN: Final = 424
"""After a request went out, an answer of ours must not make an SDK send it again: it may have created an
interaction. SDKs retry 408, 409, 429 and every 5xx; this one they do not (promises, fact 3)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not passed on. `message` goes to the client and into the closing record."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response of ours, as it goes on the wire. The connection closes after it."""

    head: bytes
    body: bytes

    @property
    def whole(self) -> bytes:
        return self.head + self.body


def answer_to(refusal: Refusal, *, without_body: bool = False) -> Answer:
    """The response that tells a client of a refusal. HEAD gets the head only, and so does a 204."""
    body = b""
    if refusal.status != 204:
        error = {"code": CODES[refusal.status], "message": f"interactions-proxy: {refusal.message}"}
        body = json.dumps({"error": error}).encode()
    return own_answer(refusal.status, body, without_body=without_body)


def own_answer(status: int, body: bytes, *, without_body: bool = False) -> Answer:
    """A response of ours with this status of REASONS and this JSON body, none for a 204."""
    lines = [f"HTTP/1.1 {status} {REASONS[status]}"]
    if status != 204:
        lines += ["Content-Type: application/json; charset=UTF-8", f"Content-Length: {len(body)}"]
    lines.append("Connection: close")
    if status in {204, 405}:
        lines.append("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
    if status == OUTCOME_UNKNOWN:
        lines.append("X-Interactions-Proxy-Outcome: unknown")
    if status == 503:
        lines.append(f"Retry-After: {RETRY_AFTER_S}")
    head = "\r\n".join([*lines, "", ""]).encode()
    return Answer(head, b"" if without_body else body)
