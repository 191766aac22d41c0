"""Bytes: media of steps, and exchanges as they were sent and received.

GET /v1/media?ref=...           a media object, for who may open content; Audit-Reason needed
GET /v1/exchanges/{id}/raw      heads, bodies and their timing, not redacted; role admin, Audit-Reason needed
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import orjson
from aiohttp import web

from proxy.admin.asking.questions import later
from proxy.admin.desk import Busy, Desk
from proxy.admin.guard import needs, reason_of, refused
from proxy.admin.tokens import Right
from proxy.admin.trail import Told
from proxy.errors import FormatError, KeyDestroyed, StoreError
from proxy.interactions.problems import Notes
from proxy.recording.exchange import Body, Exchange
from proxy.recording.reading.decode import decode_body
from proxy.recording.reading.heads import request_head, response_head
from proxy.store import queries
from proxy.store.vault.reader import VaultReader

BODY_SHOWN_MAX: Final = 1024 * 1024
"""Bytes of each body in one answer."""
CUTS_SHOWN_MAX: Final = 2000
"""Chunks whose times are told."""
GONE: Final = "it was erased, is damaged, or was never here"


class Raw:
    """The handlers."""

    def __init__(self, desk: Desk, open_reader: Callable[[], VaultReader]) -> None:
        self._desk = desk
        self._open_reader = open_reader

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/media", self.media),
            web.get("/v1/exchanges/{id}/raw", self.exchange),
        ]

    async def media(self, request: web.Request) -> web.Response:
        """As a file of no type: what it is stands in the facts, and browsers run none of it."""
        reader = needs(request, Right.CONTENT)
        ref = request.query.get("ref", "")
        told = Told("media", reason=reason_of(request), content_count=1, content_refs=[ref])
        try:
            data = await self._desk.in_thread(partial(self._object, ref, told))
            if data is None:
                return refused(404, f"no such media: {GONE}")
            await self._desk.trail.content_shown(reader, told)
        except (Busy, StoreError) as error:
            return later(error)
        headers = {"Content-Disposition": 'attachment; filename="media.bin"'}
        return web.Response(body=data, content_type="application/octet-stream", headers=headers)

    async def exchange(self, request: web.Request) -> web.Response:
        """One exchange as it passed; credentials are fingerprints there, too."""
        reader = needs(request, Right.RAW)
        told = Told("raw", reason=reason_of(request), content_count=1)
        try:
            shown = await self._desk.in_thread(
                partial(self._exchange, request.match_info["id"], told)
            )
            if shown is None:
                return refused(404, f"no such exchange: {GONE}")
            await self._desk.trail.content_shown(reader, told)
        except (Busy, StoreError) as error:
            return later(error)
        return web.Response(body=orjson.dumps(shown), content_type="application/json")

    def _object(self, ref: str, told: Told) -> bytes | None:
        with self._desk.tables.lend() as cursor:
            found = queries.dicts(cursor, "console_media", ref=ref)[1]
        if not found:
            return None
        told.interaction = found[0]["interaction"]
        vault = self._open_reader()
        try:
            return vault.content(ref)
        except (KeyDestroyed, FormatError):
            return None
        finally:
            vault.close()

    def _exchange(self, name: str, told: Told) -> dict[str, Any] | None:
        with self._desk.tables.lend() as cursor:
            found = queries.dicts(cursor, "console_exchange", exchange=name)[1]
        if not found:
            return None
        told.interaction = found[0]["interaction"]
        told.content_refs = [found[0]["raw_ref"]]
        vault = self._open_reader()
        try:
            return shown_exchange(vault.exchange(found[0]["raw_ref"]))
        except (KeyDestroyed, FormatError):
            return None
        finally:
            vault.close()


def shown_exchange(exchange: Exchange) -> dict[str, Any]:
    """Heads and bodies as JSON takes them; a body that is no text goes as base64."""
    asked = request_head(exchange.intent.head)
    answered = response_head(exchange.response_head)
    start_ns = exchange.started_mono_ns
    return {
        "exchange": str(exchange.id),
        "outcome": exchange.outcome.name.lower(),
        "detail": exchange.detail,
        "is_own_answer": exchange.is_own_answer,
        "request": _side(
            exchange.intent.head, exchange.request, asked.codings if asked else (), start_ns
        ),
        "response": _side(
            exchange.response_head,
            exchange.response,
            answered.codings if answered else (),
            start_ns,
        ),
    }


def _side(head: bytes, body: Body, codings: tuple[str, ...], start_ns: int) -> dict[str, Any]:
    decoded = decode_body(body, codings, Notes(), "body")
    data = (decoded.data if decoded.data or not codings else body.data)[:BODY_SHOWN_MAX]
    try:
        text, packed = data.decode("utf-8"), None
    except UnicodeDecodeError:
        text, packed = None, base64.b64encode(data).decode()
    return {
        "head": head.decode("latin-1"),
        "text": text,
        "base64": packed,
        "body_bytes": body.size,
        "shown_bytes": len(data),
        "chunks": [
            {"since_ns": cut.mono_ns - start_ns, "size": cut.size}
            for cut in body.cuts[:CUTS_SHOWN_MAX]
        ],
    }
