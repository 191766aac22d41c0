"""The resumable upload protocol: a session is started, fed in pieces, asked, finished or given up.

Source: the protocol reference, section 16.3. What becomes of the content is the matter of the room it is for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from proxy.emulator.asked.request import Json
from proxy.emulator.asked.routes import Route
from proxy.emulator.neighbours.contents import Contents
from proxy.emulator.neighbours.shelf import Shelf
from proxy.emulator.neighbours.visit import Reply, Visit, field_of, said

SESSIONS_MAX: Final = 1_000
"""Sessions open at once; the oldest go first. Nobody finishes a thousand uploads at a time."""

STATUS: Final = "X-Goog-Upload-Status"
RECEIVED: Final = "X-Goog-Upload-Size-Received"
GRANULARITY: Final = {"X-Goog-Upload-Chunk-Granularity": str(8 * 1024 * 1024)}
"""The size of pieces that the service asks for; others are taken too."""


@dataclass(slots=True)
class Upload:
    """What is known of a content under way, and of one that arrived."""

    start: Route
    query: Mapping[str, str]
    """Of the request that started it."""
    described: Json
    """The body that started it."""
    mime_type: str
    declared: int | None
    """Size as the start said it; None if it did not."""
    received: int = 0
    digest: Any = field(default_factory=hashlib.sha256)
    content: bytes | None = None
    """Set when it is finished; None if it was more than is kept."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A room that takes uploads."""

    check: Callable[[Visit], None]
    """Refuses a start that cannot succeed."""
    finish: Callable[[Visit, Upload], Json]
    """Takes what arrived; gives the body of the last answer."""


class Uploads:
    """Sessions of all kinds of upload. Mutable."""

    def __init__(self, contents: Contents, receivers: Mapping[str, Receiver]) -> None:
        """`receivers` by operation."""
        self._contents = contents
        self._receivers = receivers
        self._sessions: Shelf[Upload] = Shelf("files", "The upload session", SESSIONS_MAX)

    def answer(self, visit: Visit) -> Reply:
        """Answer one step.

        Raises:
            Refusal: 404 for an unknown session, 400 for a step that does not fit.
        """
        command = visit.headers.get("X-Goog-Upload-Command", "")
        commands = {word.strip() for word in command.split(",")}
        if "start" in commands:
            return self._start(visit)
        identity = visit.query.get("upload_id", "")
        upload = self._sessions.find(identity, visit.now_s)
        if upload is None:
            raise visit.refusal(404, "The upload session was not found.")
        if "cancel" in commands:
            self._end(identity, visit)
            return Reply(b"", {STATUS: "cancelled"})
        if "upload" in commands:
            self._take(visit, identity, upload)
        if "finalize" in commands:
            return self._finish(visit, identity, upload)
        return Reply(b"", {STATUS: "active", RECEIVED: str(upload.received)})

    def _start(self, visit: Visit) -> Reply:
        self._receivers[visit.route.operation].check(visit)
        identity = visit.chance.data(24).hex()
        declared = visit.headers.get("X-Goog-Upload-Header-Content-Length", "")
        upload = Upload(
            start=visit.route,
            query=dict(visit.query),
            described=visit.parsed(),
            mime_type=_mime_type(visit),
            declared=int(declared[:18]) if declared.isascii() and declared.isdecimal() else None,
        )
        self._sessions.put(identity, upload)
        address = f"{visit.origin}/upload/{visit.route.version}/files"
        headers = {
            STATUS: "active",
            "X-Goog-Upload-URL": f"{address}?upload_id={identity}&upload_protocol=resumable",
        }
        return Reply(b"", headers | GRANULARITY)

    def _take(self, visit: Visit, identity: str, upload: Upload) -> None:
        if visit.headers.get("X-Goog-Upload-Offset") != str(upload.received):
            raise visit.refusal(400, f"Expected offset {upload.received}.")
        upload.received += len(visit.body)
        upload.digest.update(visit.body)
        self._contents.add(identity, visit.body)

    def _finish(self, visit: Visit, identity: str, upload: Upload) -> Reply:
        if upload.declared is not None and upload.declared != upload.received:
            expected = f"Expected {upload.declared} bytes, received {upload.received}."
            raise visit.refusal(400, expected)
        upload.content = self._contents.whole(identity, upload.received)
        self._end(identity, visit)
        body = self._receivers[upload.start.operation].finish(visit, upload)
        return Reply(said(body).body, {STATUS: "final", RECEIVED: str(upload.received)})

    def _end(self, identity: str, visit: Visit) -> None:
        self._contents.drop(identity)
        self._sessions.take(identity, visit.now_s)


def _mime_type(visit: Visit) -> str:
    """As the header says, else the body, else unknown."""
    header = visit.headers.get("X-Goog-Upload-Header-Content-Type")
    body = visit.parsed()
    inner = body.get("file") if isinstance(body.get("file"), dict) else body
    assert isinstance(inner, dict)
    named = header or field_of(inner, "mimeType")
    return str(named or "application/octet-stream")
