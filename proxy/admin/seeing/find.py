"""Looking for interactions, over HTTP. Filters are those of proxy.store.asking.finding.Wanted.

GET /v1/find?since=&until=&status=&...&sort=&limit=&offset=   {"rows": [...]}, the first page also "summary"
GET /v1/find/conversations?since=&until=&turns=&limit=&offset=   {"rows": [...], "count"}
GET /v1/find/facets?since=&until=                             {"status": [{"value", "count"}, ...], "model": ...}
GET /v1/find/text?text=...                                    those whose content has a text; Audit-Reason needed

`label` takes key=value. Labels are content: to look for one says who was labelled so, and takes the right to open it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from functools import partial
from itertools import takewhile, tee
from operator import itemgetter
from typing import Any, Final

import orjson
from aiohttp import web

from proxy.admin.asking.questions import later
from proxy.admin.desk import Busy, Desk
from proxy.admin.guard import needs, reason_of, refused
from proxy.admin.keeping.duties import MacOf
from proxy.admin.tokens import Right
from proxy.admin.trail import Told
from proxy.errors import StoreError
from proxy.store import queries
from proxy.store.asking.finding import (
    PAGE_MAX,
    SORTS,
    Wanted,
    facets_of,
    names_of,
    page_of,
    summary_of,
)
from proxy.store.asking.forms import json_value
from proxy.store.asking.shipped import Parameter, WrongParameter, instant_of
from proxy.store.vault.reader import VaultReader

SEARCHED_MAX: Final = 20_000
"""Interactions whose content one question opens, the latest of those that fit the other filters."""
SEARCHED_NS: Final = 8_000_000_000
"""And how long it may look."""
FOUND_MAX: Final = 200
TEXT_LEAST: Final = 3
TEXT_MOST: Final = 200
AROUND: Final = 60
"""Characters on both sides of what was found."""
_PORTION: Final = 2_000
"""Interactions whose steps are asked for together."""
_WRITTEN_OTHERWISE: Final = frozenset('"\\Σσς') | frozenset(map(chr, range(32)))
"""What JSON may write otherwise than it is said, and the one letter whose small form depends on those beside it."""
_OF_CONVERSATIONS: Final = frozenset({"since", "until", "turns", "limit", "offset"})
_OTHERS: Final = frozenset({"sort", "limit", "offset", "text"})
_KINDS: Final = {"tokens_min": int, "tokens_max": int}
_KINDS_OF_FLOAT: Final = frozenset({"cost_min", "cost_max", "slower_s"})


class Find:
    """The handlers."""

    def __init__(
        self, desk: Desk, open_reader: Callable[[], VaultReader], label_mac: MacOf
    ) -> None:
        self._desk = desk
        self._open_reader = open_reader
        self._label_mac = label_mac

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/find", self.page),
            web.get("/v1/find/conversations", self.conversations),
            web.get("/v1/find/facets", self.facets),
            web.get("/v1/find/text", self.text),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Rows from `offset` on."""
        reader = needs(request, Right.CONTENT if "label" in request.query else Right.FACTS)
        told = Told("find_label" if "label" in request.query else "find")

        def work() -> dict[str, Any]:
            wanted, (limit, offset) = self._wanted(request.query), _range(request.query)
            sort = request.query.get("sort", SORTS[0])
            if sort not in SORTS:
                raise WrongParameter(f"sort takes {', '.join(SORTS)}")
            with self._desk.tables.lend() as cursor:
                rows = page_of(cursor, wanted, sort, limit, offset)
                answer: dict[str, Any] = {"rows": rows}
                if not offset:
                    answer["summary"] = summary_of(cursor, wanted)
            answer["since"], answer["until"] = wanted.since, wanted.until
            told.row_count = len(rows)
            return answer

        response = await self._answered(work, told)
        self._desk.trail.asked(reader, told)
        return response

    async def conversations(self, request: web.Request) -> web.Response:
        """Conversations from `offset` on; how many there are in all."""
        reader = needs(request, Right.FACTS)
        told = Told("conversations")

        def work() -> dict[str, Any]:
            query = request.query
            if query.keys() - _OF_CONVERSATIONS:
                raise WrongParameter(
                    f"there is no filter but {', '.join(sorted(_OF_CONVERSATIONS))}"
                )
            span, (limit, offset) = self._span(query), _range(query)
            turns = query.get("turns", "1")
            if not (turns.isdecimal() and len(turns) < 7):
                raise WrongParameter("turns takes a whole number")
            page = {"turns": int(turns), "limit": limit, "offset": offset}
            with self._desk.tables.lend() as cursor:
                rows = queries.dicts(cursor, "console_conversations", **span, **page)[1]
            told.row_count = len(rows)
            count = rows[0]["found_count"] if rows else 0
            return {"rows": rows, "count": count} | span

        response = await self._answered(work, told)
        self._desk.trail.asked(reader, told)
        return response

    async def facets(self, request: web.Request) -> web.Response:
        """What can be filtered by."""
        reader = needs(request, Right.FACTS)
        told = Told("facets")

        def work() -> dict[str, Any]:
            wanted = self._wanted(request.query)
            with self._desk.tables.lend() as cursor:
                return dict(facets_of(cursor, wanted))

        response = await self._answered(work, told)
        self._desk.trail.asked(reader, told)
        return response

    async def text(self, request: web.Request) -> web.Response:
        """Those whose steps hold a text; what was opened for it is told first."""
        reader = needs(request, Right.CONTENT)
        told = Told("text", reason=reason_of(request))
        response = await self._answered(partial(self._search, request.query, told), told)
        try:
            if told.content_count:
                await self._desk.trail.content_shown(reader, told)
            else:
                self._desk.trail.asked(reader, told)
        except StoreError as error:
            return later(error)
        return response

    async def _answered(self, work: Callable[[], dict[str, Any]], told: Told) -> web.Response:
        began_ns = self._desk.mono_ns()
        try:
            answer = await self._desk.in_thread(work)
        except WrongParameter as error:
            told.outcome = "refused"
            return refused(400, str(error))
        except (Busy, StoreError) as error:
            told.outcome = "failed"
            return later(error)
        told.duration_ms = (self._desk.mono_ns() - began_ns) // 1_000_000
        return web.Response(body=orjson.dumps(json_value(answer)), content_type="application/json")

    def _wanted(self, query: Mapping[str, str]) -> Wanted:
        known = {each.name for each in fields(Wanted)}
        given: dict[str, Any] = {}
        for name, text in query.items():
            if name in known:
                given[name] = text
            elif name not in _OTHERS:
                raise WrongParameter(
                    f"there is no filter {name[:40]!r}: {', '.join(sorted(known))}"
                )
        given |= self._span(query)
        typed = {name: _typed(name, value) for name, value in given.items() if value != ""}
        if "label" in typed:
            typed["label"] = self._label_mac(typed["label"])
            if "=" not in given["label"] or typed["label"] is None:
                raise WrongParameter("label takes key=value, as callers label their interactions")
        return Wanted(**typed)

    def _span(self, query: Mapping[str, str]) -> dict[str, dt.datetime]:
        found = {}
        for name, default in (("since", "-30d"), ("until", "now")):
            parameter = Parameter(name, "instant", default, "")
            found[name] = instant_of(parameter, query.get(name) or default, self._desk.now_ns())
        return found

    def _search(self, query: Mapping[str, str], told: Told) -> dict[str, Any]:
        text = query.get("text", "").strip()
        if not TEXT_LEAST <= len(text) <= TEXT_MOST:
            raise WrongParameter(f"text takes {TEXT_LEAST} to {TEXT_MOST} characters")
        wanted, until_ns = self._wanted(query), self._desk.mono_ns() + SEARCHED_NS
        hits: dict[str, list[dict[str, Any]]] = {}
        rows: list[dict[str, Any]] = []
        refs: list[str] = []
        searched, is_cut = 0, False
        vault = self._open_reader()
        try:
            with self._desk.tables.lend() as cursor:
                names = names_of(cursor, wanted, SEARCHED_MAX + 1)
                while searched < min(len(names), SEARCHED_MAX) and len(hits) < FOUND_MAX:
                    portion = names[searched : min(searched + _PORTION, SEARCHED_MAX)]
                    steps = queries.dicts(cursor, "console_steps", interactions=portion)[1]
                    hits |= _hits(vault, self._until(_in_place(steps), until_ns), text, refs)
                    if is_cut := self._desk.mono_ns() >= until_ns:
                        break
                    searched += len(portion)
                if hits:
                    rows = page_of(cursor, wanted, SORTS[0], FOUND_MAX, 0, list(hits))
        finally:
            vault.close()
        told.row_count, told.content_count, told.content_refs = len(rows), len(refs), refs
        is_all = not is_cut and searched == len(names) and len(hits) <= FOUND_MAX
        found = [row | {"hits": hits[row["interaction"]]} for row in rows]
        return {"rows": found, "searched": searched, "is_all": is_all}

    def _until(self, steps: Iterable[dict[str, Any]], until_ns: int) -> Iterator[dict[str, Any]]:
        """Those that are reached in time: a few large ones may take seconds."""
        return takewhile(lambda _: self._desk.mono_ns() < until_ns, steps)


def excerpt(text: str, part: str) -> str | None:
    """What stands around the first occurrence of `part`, upper or lower case; None: it does not occur."""
    at = text.lower().find(part.lower())
    if at < 0:
        return None
    start, end = max(0, at - AROUND), at + len(part) + AROUND
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def texts_in(value: Any) -> Iterator[str]:
    """All texts in a JSON value but for opaque ones. Without recursion."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            waiting.extend(reversed(one))
        elif isinstance(one, dict):
            waiting.extend(
                inner for name, inner in reversed(one.items()) if name not in {"signature", "type"}
            )


def may_hold(content: bytes, text: str) -> bool:
    """False: no text in this JSON holds it. A tenth of the time of looking into each."""
    if not _WRITTEN_OTHERWISE.isdisjoint(text) or b"\\u" in content or b"\\/" in content:
        return True
    return text.lower() in content.decode("utf-8", "replace").lower()


def _in_place(steps: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """In the order in which they lie in the vault, which is read forwards."""

    def place(step: dict[str, Any]) -> tuple[str, int, str]:
        record, _, index = step["content_ref"].partition("#")
        file, _, offset = record.partition(":")
        return file, int(offset) if offset.isdecimal() else 0, index

    return sorted(steps, key=place)


def _hits(
    vault: VaultReader, steps: Iterable[dict[str, Any]], text: str, refs: list[str]
) -> dict[str, list[dict[str, Any]]]:
    """By interaction, in order of place. `refs` takes what was opened."""
    found: dict[str, list[dict[str, Any]]] = {}
    looked, asked = tee(steps)
    contents = vault.steps(step["content_ref"] for step in asked)
    for step, (ref, content) in zip(looked, contents, strict=True):
        if content is None:
            continue
        refs.append(ref)
        if not may_hold(content, text):
            continue
        try:
            told = orjson.loads(content)
        except orjson.JSONDecodeError:
            continue
        around = next(filter(None, (excerpt(each, text) for each in texts_in(told))), None)
        if around is not None:
            hit = {"place": step["place"], "type": step["type"], "side": step["side"]}
            found.setdefault(step["interaction"], []).append(hit | {"excerpt": around})
    for hits in found.values():
        hits.sort(key=itemgetter("place"))
    return found


def _typed(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        if name in _KINDS:
            return _KINDS[name](value)
        if name in _KINDS_OF_FLOAT:
            return float(value)
    except ValueError as error:
        raise WrongParameter(f"{name} takes a number") from error
    if len(value) > TEXT_MOST or "\0" in value:
        raise WrongParameter(f"{name} takes a text of at most {TEXT_MOST} characters")
    return value


def _range(query: Mapping[str, str]) -> tuple[int, int]:
    limit, offset = query.get("limit", "100"), query.get("offset", "0")
    if not (limit.isdecimal() and offset.isdecimal() and len(limit + offset) < 15):
        raise WrongParameter("limit and offset take whole numbers")
    return min(int(limit), PAGE_MAX), int(offset)
