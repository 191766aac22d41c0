"""The emulator's own interface, under `/emulator/`: its clock, its faults, its deliveries, what it remembers.

No call of it needs a credential, is answered with a fault, moves a stepping clock or stands in the ledger.

    GET, POST    /emulator/clock        {"advance_s": 86400} or {"set": "2026-12-24T00:00:00Z"} -> {"now": …}
    GET, DELETE  /emulator/state        how many of what; forget all of it (faults too, the clock stays)
    GET, POST, DELETE  /emulator/faults       [{"operation": "delete", "fault": "status=501", "times": 2}]
    GET          /emulator/deliveries   attempts to reach webhooks, the oldest first
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

import orjson
from aiohttp import web

from proxy.emulator.answers.resource import timestamp
from proxy.emulator.asked.refusals import JSON_TYPE, Refusal, invalid
from proxy.emulator.deliveries.room import Deliveries
from proxy.emulator.state.clock import NS, Clock
from proxy.emulator.state.retention import DAY_S
from proxy.emulator.state.store import Store
from proxy.emulator.wire.fault_rules import FaultRules

Json: TypeAlias = dict[str, Any]

BODY_BYTES_MAX: Final = 1024 * 1024
"""Largest body; a thousand rules take a tenth of it."""

_CLOCK_USE: Final = 'emulator: give {"advance_s": seconds} or {"set": "2026-12-24T00:00:00Z"}'


@dataclass(slots=True)
class Control:
    """Answers calls of the emulator's own interface."""

    clock: Clock
    store: Store
    deliveries: Deliveries
    rules: FaultRules
    forget: Callable[[], None] = lambda: None
    """Is called besides, when all is to be forgotten."""

    async def handle(self, request: web.Request, path: str) -> web.Response:
        """Answer one call; `path` is what follows `/emulator/`."""
        try:
            shown = self.answer(request.method, path, await _body(request))
        except Refusal as refusal:
            text, content_type = refusal.body()
            headers = {"Content-Type": content_type}
            return web.Response(body=text, status=refusal.status, headers=headers)
        return web.Response(body=orjson.dumps(shown), headers={"Content-Type": JSON_TYPE})

    def answer(self, method: str, path: str, body: bytes = b"") -> Json:
        """What one call is answered.

        Raises:
            Refusal: 404 or 405, there is no such call; 400, its body cannot be meant.
        """
        calls = self._calls().get(path.strip("/"))
        if calls is None:
            raise Refusal(404, f"emulator: no {path!r}; there is {', '.join(self._calls())}.")
        if method not in calls:
            raise Refusal(405, f"emulator: {path} takes {', '.join(calls)}.", code="api_error")
        return calls[method](_parsed(body))

    def _calls(self) -> Mapping[str, Mapping[str, Callable[[Any], Json]]]:
        return {
            "clock": {"GET": lambda _given: self._now(), "POST": self._move},
            "state": {"GET": lambda _given: self._counts(), "DELETE": self._forget},
            "faults": {
                "GET": lambda _given: self._faults(),
                "POST": self._add_faults,
                "DELETE": self._clear_faults,
            },
            "deliveries": {"GET": lambda _given: self._log()},
        }

    def _now(self) -> Json:
        return {"now": timestamp(self.clock.peek_ns() // NS)}

    def _move(self, given: Any) -> Json:
        match given:
            case {"advance_s": int() | float() as seconds, **rest} if not (
                rest or isinstance(seconds, bool)
            ):
                self.clock.advance(seconds)
            case {"set": str() as text, **rest} if not rest:
                self.clock.set(_second(text))
            case _:
                raise invalid(_CLOCK_USE)
        return self._now()

    def _counts(self) -> Json:
        return {
            "interactions": self.store.count(),
            "running": self.store.runs,
            "continuation_tokens": len(self.store.tokens),
            "webhooks": len(self.deliveries.registry),
            "deliveries_waiting": self.deliveries.outbox.waiting(),
            "deliveries_dropped": self.deliveries.outbox.dropped,
            "fault_rules": len(self.rules.shown()),
            "retention_days": self.store.retention_s // DAY_S,
        }

    def _forget(self, _given: Any) -> Json:
        self.store.clear()
        self.deliveries.clear()
        self.rules.clear()
        self.forget()
        return {}

    def _faults(self) -> Json:
        return {"rules": self.rules.shown()}

    def _add_faults(self, given: Any) -> Json:
        self.rules.extend(given)
        return self._faults()

    def _clear_faults(self, _given: Any) -> Json:
        self.rules.clear()
        return self._faults()

    def _log(self) -> Json:
        outbox = self.deliveries.outbox
        outbox.tick()
        return {"deliveries": list(outbox.log), "waiting": outbox.waiting()}


async def _body(request: web.Request) -> bytes:
    """The whole body.

    Raises:
        Refusal: 413, it is too long or does not say how long it is.
    """
    length = request.content_length if request.can_read_body else 0
    if length is None or length > BODY_BYTES_MAX:
        message = f"emulator: send at most {BODY_BYTES_MAX} bytes, with a Content-Length."
        raise Refusal(413, message)
    return await request.read()


def _parsed(body: bytes) -> Any:
    """The body as JSON; None if there is none.

    Raises:
        Refusal: 400, it is no JSON.
    """
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError as error:
        raise invalid(f"emulator: the body is no JSON: {error}") from None


def _second(text: str) -> float:
    """The Unix second of a date with its zone.

    Raises:
        Refusal: 400, it is no such date.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(_CLOCK_USE) from None
    if moment.tzinfo is None:
        raise invalid("emulator: the date needs a zone, such as Z.")
    return moment.timestamp()
