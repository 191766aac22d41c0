"""Erasing, holding and releasing on the recorder's socket.

POST /erase    {"id" | "ids" | "label" | "pointer" and "value", "reach", "quoted", "reason", "actor", "dry_run", "plan"} -> done
POST /hold     {"id", "conversation", "reason", "actor"} -> {"hold", "interaction", "warning", and what it is made of}
POST /release  {"hold", "reason", "actor"} -> {"hold", "erasures": [...]}
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from proxy.audit.erasure.plan import ErasurePlan
from proxy.audit.erasure.wish import actor_of, reason_of, wish_from_json
from proxy.errors import FormatError, StoreError
from proxy.recorder.erasing.eraser import Done, Eraser
from proxy.recorder.erasing.telling import ELSEWHERE
from proxy.recorder.keeping.outlook import UNKNOWN, warning
from proxy.store.erasing.copies import sweep
from proxy.store.erasing.rewriting import SMALL_BYTES, mark_of

REWRITTEN_WITHIN_S: Final = 5.0
"""How long an answer waits for a small tables' file to be written anew; for a larger one it does not, and says so."""
LOOK_EACH_S: Final = 0.02
AGAIN_AFTER_S: Final = 5.0
"""Before another attempt to finish what an earlier recorder began."""
LOOK_FOR_SLOTS_S: Final = 60.0
"""How often it is looked whether slots that were missing at an erasure have come back."""
NAMED_MAX: Final = 1000
"""Of each list of an answer: the counts are whole."""

_log = logging.getLogger(__name__)


class ErasingRoutes:
    """Answers each call; JSON."""

    def __init__(self, eraser: Eraser, data_folder: Path, tables_file: Path) -> None:
        self._eraser = eraser
        self._data_folder = data_folder
        self._tables_file = tables_file
        self.tell = eraser.tell
        self._is_left = asyncio.Event()

    def add_to(self, application: web.Application) -> None:
        application.router.add_post("/erase", self.answer)
        application.router.add_post("/hold", self.answer)
        application.router.add_post("/release", self.answer)

    async def resume(self) -> None:
        """Finish what an earlier recorder began; again until the tables can answer."""
        while True:
            try:
                await self._eraser.resume()
            except (StoreError, OSError) as error:  # a TimeoutError is one
                _log.warning("erasures wait, and are looked at again: %s", error)
                await asyncio.sleep(AGAIN_AFTER_S)
            else:
                return

    async def keep_resuming(self) -> None:
        """The same, and again whenever the disk refused in the middle of one. Until cancelled."""
        while True:
            await self.resume()
            while not await self._is_left_within(LOOK_FOR_SLOTS_S):
                await self._prove()
            self._is_left.clear()
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _is_left_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._is_left.wait()
        except TimeoutError:
            return False

    async def _prove(self) -> None:
        try:
            await self._eraser.prove()
        except (StoreError, OSError) as error:
            _log.warning("erasures wait, and are looked at again: %s", error)
            self._is_left.set()

    async def answer(self, request: web.Request) -> web.Response:
        """Each of the three over HTTP."""
        status, told = await self.ask(request.path, _given(await request.read()))
        return web.Response(body=orjson.dumps(told), status=status, content_type="application/json")

    async def ask(self, path: str, told: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """What POST `path` of `told` answers, for callers in this process, too: HTTP status and JSON."""
        act = {"/erase": self._erase, "/hold": self._hold, "/release": self._release}[path]
        try:
            return 200, await act(told)
        except FormatError as error:
            return 400, {"error": str(error)}
        except (StoreError, OSError) as error:  # a TimeoutError is one
            # What was begun is finished by `keep_resuming`, not by whoever asked.
            if isinstance(error, OSError):
                _log.warning("erasures wait, and are looked at again: %s", error)
            self._is_left.set()
            return 504, {"error": str(error) or "it took too long"}

    async def _erase(self, told: dict[str, Any]) -> dict[str, Any]:
        """The plan of an erasure, or the erasure."""
        wish = wish_from_json(told)
        if wish.is_dry:
            plan = await self._eraser.plan(wish)
            return {"plan": _told_plan(plan), "elsewhere": ELSEWHERE}
        return await self._told(await self._eraser.erase(wish))

    async def _hold(self, told: dict[str, Any]) -> dict[str, Any]:
        """Answered once nothing that is held can be erased any more."""
        named, is_conversation = _text_of(told, "id"), told.get("conversation") is True
        reason, actor = reason_of(told), actor_of(told)
        act = await self._eraser.hold(named, reason, actor, is_conversation=is_conversation)
        placed: dict[str, Any] = {"hold": act.act, "interaction": act.interaction}
        try:
            outlook = await self._eraser.outlook(str(act.act))
        except (StoreError, OSError) as error:  # it is placed all the same
            return placed | {"warning": f"{UNKNOWN}: {error}"}
        return placed | asdict(outlook) | {"warning": warning(outlook)}

    async def _release(self, told: dict[str, Any]) -> dict[str, Any]:
        """Ends a hold; what waited for it is erased before the answer."""
        hold, reason, actor = _text_of(told, "hold"), reason_of(told), actor_of(told)
        done = await self._eraser.release(hold, reason, actor)
        return {"hold": hold, "erasures": [await self._told(each) for each in done]}

    async def _told(self, done: Done) -> dict[str, Any]:
        mark = mark_of(self._tables_file)
        is_small = self._tables_file.stat().st_size <= SMALL_BYTES
        is_rewritten = await _within(lambda: not mark.exists(), REWRITTEN_WITHIN_S * is_small)
        swept = await asyncio.to_thread(sweep, self._data_folder)
        return {
            "erasure": done.erasure,
            "plan": _told_plan(done.plan),
            "deferred": done.deferred[:NAMED_MAX],
            "unproven": done.unproven[:NAMED_MAX],
            "unproven_count": len(done.unproven),
            "swept": swept,
            "are_tables_rewritten": is_rewritten,
            "elsewhere": ELSEWHERE,
        }


async def _within(is_so: Callable[[], bool], seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            while not is_so():  # noqa: ASYNC110  # another thread takes a file away; nobody could tell us
                await asyncio.sleep(LOOK_EACH_S)
    except TimeoutError:
        return False
    return True


def _told_plan(plan: ErasurePlan) -> dict[str, Any]:
    kept = list(plan.kept.items())[:NAMED_MAX]
    return {
        "interactions": plan.order[:NAMED_MAX],
        "exchanges": plan.exchanges[:NAMED_MAX],
        "kept": [{"interaction": turn, "holds": holds} for turn, holds in kept],
        "left": plan.left[:NAMED_MAX],
        "quoted": [asdict(each) for each in plan.quoted[:NAMED_MAX]],
        "spared": [asdict(each) for each in plan.spared[:NAMED_MAX]],
        "is_partial": plan.is_partial,
        "digest": plan.digest,
        "counts": {
            "interactions": len(plan.order),
            "exchanges": len(plan.exchanges),
            "kept": len(plan.kept),
            "left": len(plan.left),
            "quoted": len(plan.quoted),
            "spared": len(plan.spared),
        },
    }


def _given(body: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _text_of(told: dict[str, Any], field: str) -> str:
    found = told.get(field)
    if not isinstance(found, str) or not found:
        raise FormatError(f"give {field}")
    return found
