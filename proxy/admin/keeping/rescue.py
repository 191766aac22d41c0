"""A conversation as one request that goes on without anything Google has stored, over HTTP.

POST /v1/interactions/{id}/rescue   {"say", "model"}, both optional: {"body", "notes", "is_whole", "turn_count"}

For who may open content; Audit-Reason needed. The body is shown once the vault has the access.
"""

from __future__ import annotations

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
from proxy.audit.rescue.body import rescued
from proxy.audit.rescue.history import history
from proxy.errors import FormatError, StoreError
from proxy.recording.exchange import Exchange
from proxy.recording.secrecy.names import clear_id
from proxy.store import queries
from proxy.store.vault.reader import VaultReader

RAW_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of one recorded body, in the recorder's memory: what is larger is carried as far as that."""


class Rescues:
    """The handler."""

    def __init__(self, desk: Desk, open_reader: Callable[[], VaultReader]) -> None:
        self._desk = desk
        self._open_reader = open_reader

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/interactions/{id}/rescue", self.rescue)]

    async def rescue(self, request: web.Request) -> web.Response:
        """The body of a create, and what is not in it."""
        reader = needs(request, Right.CONTENT)
        told = Told(
            "rescue",
            interaction=request.match_info["id"],
            reason=reason_of(request),
            content_count=1,
        )
        say, model = _wish(await request.read())
        try:
            found = await self._desk.in_thread(partial(self._rescued, told, say, model))
            await self._desk.trail.content_shown(reader, told)
        except FormatError as error:
            told.interaction, told.outcome = clear_id(told.interaction or ""), "refused"
            told.content_count, told.content_refs = 0, []
            self._desk.trail.asked(reader, told)
            return refused(404, str(error))
        except (Busy, StoreError) as error:
            return later(error)
        return web.Response(body=orjson.dumps(found), content_type="application/json")

    def _rescued(self, told: Told, say: str | None, model: str | None) -> dict[str, Any]:
        refs: list[str] = []
        vault = self._open_reader()

        def opened(ref: str) -> Exchange:
            exchange = vault.exchange(ref, RAW_BYTES_MAX)
            refs.append(ref)
            return exchange

        def rows_of(name: str) -> list[dict[str, Any]]:
            with self._desk.tables.lend() as cursor:
                return queries.dicts(cursor, "exchanges_of", interaction=name)[1]

        try:
            turns = history(told.interaction or "", rows_of, opened)
        finally:
            vault.close()
        rescue = rescued(turns, self._desk.now_ns(), say, model)
        told.content_refs, told.content_count, told.row_count = refs, len(refs), len(turns)
        return {
            "body": rescue.body,
            "notes": rescue.notes,
            "is_whole": rescue.is_whole,
            "turn_count": len(turns),
        }


def _wish(body: bytes) -> tuple[str | None, str | None]:
    """Raises web.HTTPBadRequest: it is no such object."""
    try:
        told = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        told = None
    is_object = isinstance(told, dict) and told.keys() <= {"say", "model"}
    if not is_object or not all(isinstance(value, str) for value in told.values()):
        raise web.HTTPBadRequest(reason="send a JSON object of say, model, each a text")
    return told.get("say"), told.get("model")
