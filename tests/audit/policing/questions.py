"""Requests as the gateway shows them to the door."""

from __future__ import annotations

import json

from proxy.audit.policing.asked import Asked, asked_from

ANN = "aaaaaaaaaaaaaaaa"
BOB = "bbbbbbbbbbbbbbbb"
CREATE = "/v1beta/interactions"


def head(method: str, target: str, *lines: str, client: str = ANN) -> bytes:
    written = [f"{method} {target} HTTP/1.1", "Host: a", f"x-goog-api-key: fp:{client}", *lines]
    return "\r\n".join([*written, "", ""]).encode()


def asked(method: str, target: str, *lines: str, client: str = ANN, body: bytes = b"") -> Asked:
    return asked_from(head(method, target, *lines, client=client), body)


def created(body: object, *lines: str, client: str = ANN) -> Asked:
    """A create; a body that is no bytes is written as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return asked("POST", CREATE, *lines, client=client, body=data)
