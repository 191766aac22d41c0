"""One interaction whole, and its conversation, over HTTP.

GET /v1/interactions/{id}/sheet                 facts: steps with times, usage, costs, exchanges, problems, clocks, acts
GET /v1/interactions/{id}/sheet?content=true    and what the steps say, redacted; Audit-Reason needed
GET /v1/interactions/{id}/tree                  its conversation as a tree
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from proxy.admin.asking.questions import later
from proxy.admin.desk import Busy, Desk
from proxy.admin.guard import needs, reason_of, refused
from proxy.admin.links import Links
from proxy.admin.seeing.clocks import Ask, Period, clocks_of
from proxy.admin.tokens import Reader, Right
from proxy.admin.trail import Told
from proxy.audit.lineage.forest import forest_of
from proxy.audit.lineage.told import told_tree
from proxy.audit.lineage.turn import Turn
from proxy.errors import FormatError, KeyDestroyed, StoreError
from proxy.recording.secrecy.names import clear_id
from proxy.store import queries
from proxy.store.asking.forms import json_value
from proxy.store.asking.one import about_one, may_be_a_hop, steps_of
from proxy.store.vault.reader import VaultReader

CONTENTS_MAX: Final = 5000
"""Steps of one interaction whose content one answer shows."""
TURNS_MAX: Final = 2000
"""Turns beside the conversation's own that are looked at for ties that ids do not tell."""
ACTS_MAX: Final = 200
_PARTS: Final = {
    "media": "media_of",
    "usage": "usage_of",
    "costs": "cost_lines_of",
    "exchanges": "exchanges_of",
    "problems": "problems_of",
}
_DIGESTED_MAX: Final = 100
"""Exchanges whose manifests are looked up for the trail."""


class Sheets:
    """The handlers."""

    def __init__(
        self,
        desk: Desk,
        open_reader: Callable[[], VaultReader],
        trail_folder: Path,
        period: Period,
        links: Links,
    ) -> None:
        self._desk = desk
        self._open_reader = open_reader
        self._trail_folder = trail_folder
        self._period = period
        self._links = links

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/interactions/{id}/sheet", self.sheet),
            web.get("/v1/interactions/{id}/tree", self.tree),
        ]

    async def sheet(self, request: web.Request) -> web.Response:
        """Everything that is known of one interaction."""
        reader = needs(request, Right.FACTS)
        told = Told("interaction", interaction=request.match_info["id"])
        if request.query.get("content") == "true":
            needs(request, Right.CONTENT)
            told.reason = reason_of(request)
        try:
            sheet = await self._desk.in_thread(partial(self._gather, told))
            if sheet is None:
                return self._nothing(reader, told)
            if told.reason is not None:
                await self._desk.trail.content_shown(reader, told)
            else:
                self._desk.trail.asked(reader, told)
        except (Busy, StoreError) as error:
            return later(error)
        return _json(sheet)

    async def tree(self, request: web.Request) -> web.Response:
        """The conversation it belongs to."""
        reader = needs(request, Right.FACTS)
        told = Told("tree", interaction=request.match_info["id"])
        try:
            tree = await self._desk.in_thread(partial(self._tree, told.interaction or ""))
        except (Busy, StoreError) as error:
            return later(error)
        if tree is None:
            return self._nothing(reader, told)
        self._desk.trail.asked(reader, told)
        return _json(tree)

    def _nothing(self, reader: Reader, told: Told) -> web.Response:
        """What was asked for may be anything: a key, or what somebody said."""
        told.interaction, told.outcome = clear_id(told.interaction or ""), "not_found"
        self._desk.trail.asked(reader, told)
        return refused(404, "nothing is known of this interaction")

    def _tree(self, interaction: str) -> dict[str, Any] | None:
        with self._desk.tables.lend() as cursor:
            turns = queries.rows(cursor, "turns", Turn, interaction=interaction, limit=TURNS_MAX)
        forest = forest_of(turns)
        named = [node for node in forest.nodes if node.turn.interaction == interaction]
        return told_tree(forest, named[0].root) if named else None

    def _gather(self, told: Told) -> dict[str, Any] | None:
        name = told.interaction or ""
        with self._desk.tables.lend() as cursor:

            def ask(query: str, **parameters: object) -> list[dict[str, Any]]:
                return queries.dicts(cursor, query, **parameters)[1]

            about = about_one(ask, name)
            if about is None:
                return None
            sheet = {"interaction": about} | _facts(ask, name, about)
            sheet["clocks"] = clocks_of(ask, name, self._period)
            sheet["trace_url"] = self._trace_of(ask, about, sheet["exchanges"])
        told.row_count = len(sheet["timeline"])
        vault = self._open_reader()
        try:
            sheet["trail"] = self._trail(vault, sheet["exchanges"])
            if told.reason is not None:
                _open(vault, sheet, told)
        finally:
            vault.close()
        plain: dict[str, Any] = json_value(sheet)
        return plain

    def _trace_of(
        self, ask: Ask, about: dict[str, Any], exchanges: Sequence[dict[str, Any]]
    ) -> str | None:
        """Of the exchange that created it, or else the first that showed it; None: no link is set."""
        first = about["create_exchange"] or (exchanges[0]["exchange"] if exchanges else None)
        told = ask("console_exchange", exchange=first) if first else []
        return self._links.trace(first, told[0]["trace_id"]) if first and told else None

    def _trail(self, vault: VaultReader, exchanges: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The newest signed checkpoint, and by which digest each exchange stands in the log."""
        checkpoint = None
        with suppress(OSError):
            checkpoint = (self._trail_folder / "checkpoint").read_text("utf-8")
        leaves = []
        for row in exchanges[:_DIGESTED_MAX]:
            with suppress(FormatError, KeyDestroyed):
                digest = hashlib.sha256(vault.payload(row["raw_ref"])).digest()
                told = base64.b64encode(digest).decode()
                leaves.append({"exchange": row["exchange"], "manifest": told})
        return {"checkpoint": checkpoint, "leaves": leaves}


def _open(vault: VaultReader, sheet: dict[str, Any], told: Told) -> None:
    """Put content beside its references, and count it."""
    steps = [step for step in sheet["timeline"][:CONTENTS_MAX] if step["content_ref"] is not None]
    refs: list[str] = []
    for step, (ref, content) in zip(
        steps, vault.steps(step["content_ref"] for step in steps), strict=True
    ):
        step["content"] = _parsed(content)
        step["is_erased"] = content is None
        if content is not None:
            refs.append(ref)
    about = sheet["interaction"]
    for name, ref in (("asked", about["about_ref"]), ("answered", about["answer_ref"])):
        for opened, content in vault.steps([ref] if ref else []):
            sheet[name] = _parsed(content)
            refs.append(opened)
    told.content_refs, told.content_count = refs, len(refs)


def _parsed(content: bytes | None) -> Any:
    try:
        return None if content is None else orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def _facts(ask: Ask, name: str, about: dict[str, Any]) -> dict[str, Any]:
    """What the tables say beside the interaction's own row."""
    gap = "gap_of" if about["interaction_id"] else "orphan_gap_of"
    return {part: ask(query, interaction=name) for part, query in _PARTS.items()} | {
        "timeline": steps_of(ask, about),
        "hops": ask("hops_of", interaction=name) if may_be_a_hop(about) else [],
        "next": ask("console_next", interaction=name, limit=ACTS_MAX),
        "acts": ask("console_acts", interaction=name, limit=ACTS_MAX),
        "divergences": ask("divergences_of", interaction=name, id_hash=about["id_hash"]),
        "attempts": _attempts(ask, about["create_exchange"]),
        "gap": None if about["is_terminal"] else next(iter(ask(gap, interaction=name)), None),
    }


def _attempts(ask: Ask, create: str | None) -> list[dict[str, Any]]:
    """The attempts of a create that was sent again; none of one that was sent once."""
    if create is None or ask("twins_of", exchange=create)[0]["count"] < 2:
        return []
    return ask("attempts_of", exchange=create)


def _json(told: object) -> web.Response:
    return web.Response(body=orjson.dumps(told), content_type="application/json")
