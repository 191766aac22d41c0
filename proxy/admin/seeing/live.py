"""What passes now, over HTTP.

GET /v1/live?after=N&seen=S    {"at": N, "seen": S, "open": [...], "ended": [...]}

With `seen` of the last answer it waits until something changed, 20 s at most. Facts only: which
steps there are and how they grow, not what they say.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import orjson
from aiohttp import web

from proxy.admin.asking.questions import later
from proxy.admin.desk import Busy, Desk
from proxy.admin.guard import needs, refused
from proxy.admin.tokens import Right
from proxy.admin.trail import Told
from proxy.recording.facts import ObservationFact, Recording, StepFact

LOOK_EACH_S: Final = 0.2
"""Between looks at a counter while waiting: faster than people see."""
LOOKS_MAX: Final = 100
"""So a question waits for news 20 s at most: below the idle limits of what stands between."""
WAITING_MAX: Final = 32
"""Pages that watch at once; beyond it 503, and they come again."""
STEPS_MAX: Final = 200
"""Of one exchange in the feed, the last ones; the interaction's own page has all."""


@dataclass(frozen=True, slots=True)
class Passed:
    """An exchange that ended."""

    number: int
    """From 1, in the order of commits since the recorder started."""
    recording: Recording
    """As much of it as is shown."""
    step_count: int
    """Of all its steps."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was to be seen."""

    at: int
    """Number of the last that ended."""
    under_way: list[Recording]
    """Provisional: how they end is not known."""
    ended: list[Passed]


class Board(Protocol):
    """Where live exchanges are seen: proxy.recorder.watching.live.LiveBoard."""

    def mark(self) -> tuple[int, int, int]: ...
    def look(self, after: int) -> Look: ...


class Live:
    """The handler."""

    def __init__(self, desk: Desk, board: Board) -> None:
        self._desk = desk
        self._board = board
        self._waiting = 0

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v1/live", self.watch)]

    async def watch(self, request: web.Request) -> web.Response:
        """One look, now or when there is news."""
        reader = needs(request, Right.FACTS)
        after, seen = request.query.get("after", ""), request.query.get("seen", "")
        if not (after.isdecimal() or not after) or len(after) > 15:
            return refused(400, "after takes the number `at` of the last answer")
        if self._waiting >= WAITING_MAX:
            return later(Busy(f"{WAITING_MAX} pages watch already"))
        self._waiting += 1
        try:
            await self._news(seen)
            mark = _mark(self._board)
            look = await self._desk.in_thread(partial(self._board.look, int(after or 0)))
        except Busy as error:
            return later(error)
        finally:
            self._waiting -= 1
        self._desk.trail.asked(reader, Told("live"))
        told = {
            "at": look.at,
            "seen": mark,
            "open": [live_row(each, is_open=True) for each in look.under_way],
            "ended": [
                live_row(each.recording, is_open=False)
                | {"number": each.number, "step_count": each.step_count}
                for each in look.ended
            ],
        }
        return web.Response(body=orjson.dumps(told), content_type="application/json")

    async def _news(self, seen: str) -> None:
        """Return when the board looks otherwise than `seen`, or time is up."""
        for _ in range(LOOKS_MAX if seen else 0):
            if _mark(self._board) != seen:
                return
            await asyncio.sleep(LOOK_EACH_S)


def live_row(told: Recording, *, is_open: bool) -> dict[str, Any]:
    """An exchange with what it showed of an interaction; instants as text, durations in ns."""
    exchange = told.exchange
    seen = told.observations[-1] if told.observations else None
    steps = [each for each in told.steps if each.interaction == exchange.interaction or seen]
    return {
        "exchange": exchange.exchange,
        "is_open": is_open,
        "started_at": instant(exchange.started_at),
        "last_at": instant(exchange.ended_at),
        "duration_ns": exchange.duration_ns,
        "operation": exchange.operation,
        "method": exchange.method,
        "route": exchange.route,
        "http_status": exchange.status,
        "outcome": None if is_open else exchange.outcome,
        "error_code": exchange.error_code,
        "is_streaming": exchange.is_streaming,
        "event_count": exchange.event_count,
        "request_bytes": exchange.request_bytes,
        "response_bytes": exchange.response_bytes,
        "client": exchange.client,
        "sdk": exchange.sdk,
        "purpose": exchange.purpose,
        "interaction": (seen and seen.interaction) or exchange.interaction,
        **_state(seen),
        "step_count": len(steps),
        "steps": [_step(each, exchange.started_at) for each in steps[-STEPS_MAX:]],
    }


def instant(wall_ns: int) -> str:
    """ISO 8601, UTC, microseconds."""
    at = dt.datetime.fromtimestamp(wall_ns // 1_000_000_000, tz=dt.UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{wall_ns % 1_000_000_000 // 1000:06}Z"


def _state(seen: ObservationFact | None) -> dict[str, Any]:
    names = (
        *("status", "is_terminal", "model", "agent", "previous_interaction_id"),
        *("is_background", "total_tokens", "output_tokens", "how"),
    )
    return {name: getattr(seen, name, None) for name in names}


def _step(step: StepFact, start_ns: int) -> dict[str, Any]:
    return {
        "side": step.side,
        "type": step.type,
        "name": step.name,
        "since_ns": None if step.started_at is None else step.started_at - start_ns,
        "duration_ns": step.duration_ns,
        "text_bytes": step.text_bytes,
        "delta_count": step.delta_count,
        "media_count": step.media_count,
        "is_error": step.is_error,
    }


def _mark(board: Board) -> str:
    return ".".join(map(str, board.mark()))
