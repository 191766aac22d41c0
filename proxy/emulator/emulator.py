"""The emulator itself: takes a request, has the right room answer it, keeps the ledger."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson
from aiohttp import web

from proxy.emulator.account import answered, has_credential, received
from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.compose import compose
from proxy.emulator.asked.faults import GZIP_HEADER, HEADER, WHOLE, Fault, fault_of, refusal_of
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.asked.routes import route
from proxy.emulator.call import Call
from proxy.emulator.control import Control
from proxy.emulator.deliveries.room import Deliveries
from proxy.emulator.events import legacy
from proxy.emulator.interactions import Interactions
from proxy.emulator.ledger import Ledger
from proxy.emulator.neighbours.desk import UPLOADS, Neighbours
from proxy.emulator.neighbours.live import Live
from proxy.emulator.neighbours.visit import Visit
from proxy.emulator.scenarios.play import Play
from proxy.emulator.scenarios.script import Scenario
from proxy.emulator.state.clock import NS, Clock
from proxy.emulator.state.retention import Tier, retention_s
from proxy.emulator.state.runs import USUAL_PACE, Pace
from proxy.emulator.state.store import Store
from proxy.emulator.wire.fault_rules import FaultRules
from proxy.emulator.wire.outlet import ConnectionBroken, Outlet

_LOG: Final = logging.getLogger("emulator")

EVENT_GAP_S: Final = 0.15
"""Time between two events of a stream at speed 1; the service sends some words at a time."""

REPEATS_MAX: Final = 10_000
"""Different failing bodies remembered for the fault `times`; the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How an emulator behaves. The defaults suit a demonstration; tests give a seed and a clock."""

    seed: int | None = None
    """Answers, ids and signatures follow from it; None takes one by chance."""
    speed: float = 0.0
    """Streams as fast as the service at 1, twice as fast at 2, without any waiting at 0."""
    legacy: Literal["serve", "refuse"] = "serve"
    """Whether SDKs of the old schema are served or told to upgrade, as the service does today."""
    is_strict: bool = False
    """Refuse unknown top-level fields."""
    scenario: Scenario | None = None
    """A script to play instead of making answers up; its seed counts where none is given here."""
    pace: Pace = USUAL_PACE
    tier: Tier = "paid"
    """Which retention applies: `free` keeps interactions for one day."""
    retention_days: int | None = None
    """7, 14, 28 or 55 days on the paid tier; None takes the tier's longest."""
    delivers_anywhere: bool = False
    """Whether webhooks on other machines are told too; without it only loopback addresses are."""
    clock: Clock = field(default_factory=Clock)
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep


class Emulator:
    """One emulator: its memory and its handler. Not shared between event loops."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self.ledger = ledger
        self._settings = settings
        play = Play(settings.scenario, compose, settings.speed) if settings.scenario else None
        given = (settings.seed, play.scenario.seed if play else None, secrets.randbits(64))
        self._seed = next(seed for seed in given if seed is not None)
        self._interactions = Interactions(
            store=Store(
                settings.clock,
                settings.pace,
                retention_s=retention_s(settings.tier, settings.retention_days),
            ),
            compose=compose,
            is_strict=settings.is_strict,
            serves_legacy=settings.legacy == "serve",
            play=play,
        )
        self._live = Live()
        self.rules = FaultRules()
        self.deliveries = Deliveries(
            self._interactions.store, self._seed, delivers_anywhere=settings.delivers_anywhere
        )
        self._control = Control(
            settings.clock,
            self._interactions.store,
            self.deliveries,
            self.rules,
            self._begin_again,
        )
        self._interactions.tick = self.deliveries.outbox.tick
        self._requests = 0
        self._failed: dict[str, int] = {}
        self._begin_again()

    def _begin_again(self) -> None:
        """New neighbours, the scenario from its first turn, and no request failed before."""
        self._failed.clear()
        self._neighbours = Neighbours()
        if self._interactions.play is not None:
            self._interactions.play.rewind()
        self._interactions.custom_agent = self._neighbours.agent

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request. Every one that arrives whole leaves two lines in the ledger."""
        target = request.raw_path
        found = route(request.method, target.partition("?")[0])
        if found.operation == "control":
            return await self._control.handle(request, found.identity)
        self._requests += 1
        number = self._requests
        try:
            body, is_whole = await _body(request)
        except asyncio.CancelledError:
            # The client left before its body was whole: such a request has no second line.
            self.ledger.add(received(number, self._now_ns(), request, b"", is_whole=False))
            raise
        self.ledger.add(received(number, self._now_ns(), request, body, is_whole=is_whole))
        call = Call(
            route=found,
            request=request,
            body=body,
            chance=Chance(self._seed, number),
            outlet=self._outlet(request),
            is_legacy=legacy.is_asked_for(
                request.headers.getall("User-Agent", ()), request.headers.get("Api-Revision")
            ),
        )
        try:
            await self._answered_or_refused(call, is_whole=is_whole)
        except (ConnectionBroken, ConnectionError):
            pass  # The account in the outlet says how far it came.
        finally:
            self.ledger.add(answered(number, self._now_ns(), call))
        return call.outlet.response or web.Response()

    async def _answered_or_refused(self, call: Call, *, is_whole: bool) -> None:
        try:
            await self._answer(call, is_whole=is_whole)
        except Refusal as refusal:
            await call.outlet.refuse(refusal)
        except (ConnectionBroken, ConnectionError):
            raise
        except Exception:
            # A bug of ours: told as what it is, so that nobody takes it for a broken connection.
            _LOG.exception("the emulator failed")
            if call.outlet.response is not None:
                raise
            await call.outlet.refuse(Refusal(500, "The emulator failed: its log says where."))

    async def _answer(self, call: Call, *, is_whole: bool) -> None:
        if not is_whole:
            raise Refusal(413, "The request body is too large or was cut.")
        call.parsed = _parsed(call.body)
        call.fault = self._fault(call)
        if call.fault is not WHOLE:
            self._let_happen(call)
        if not has_credential(call.request) and not _is_open_to_all(call):
            raise Refusal(401, "Request is missing a valid API key or access token.")
        if call.fault.status is not None and not call.fault.carried_out:
            raise refusal_of(call.fault)
        if call.route.operation in ("create", "get", "cancel", "delete"):
            await self._interactions.answer(call)
        elif call.route.operation == "jwks" or call.route.operation.startswith("webhooks."):
            await self.deliveries.answer(call)
        elif call.route.operation == "live":
            await self._talk(call)
        else:
            await self._neighbour(call)

    async def _neighbour(self, call: Call) -> None:
        request = call.request
        answer = self._neighbours.answer(
            Visit(
                route=call.route,
                query=request.query,
                headers=request.headers,
                origin=f"{request.scheme}://{request.host}",
                body=call.body,
                chance=call.chance,
                now_s=self._settings.clock.now_ns() // NS,
            )
        )
        if answer.blocks is not None:
            await call.outlet.stream((block, True) for block in answer.blocks)
        else:
            await call.outlet.send(
                answer.body, headers=answer.headers, content_type=answer.content_type
            )

    async def _talk(self, call: Call) -> None:
        def opened(response: web.StreamResponse) -> None:
            call.outlet.response, call.outlet.status = response, 101

        await self._live.converse(call.request, opened)
        call.outlet.finished = True

    def _fault(self, call: Call) -> Fault:
        headers = call.request.headers
        asked = call.parsed if isinstance(call.parsed, dict) else {}
        model, operation = asked.get("model"), call.route.operation
        fault = fault_of(headers.get(HEADER), headers.get(GZIP_HEADER), model)
        if fault is WHOLE:
            return self.rules.take(operation, model or asked.get("agent"))
        if not fault.is_meant_for(operation):
            return WHOLE
        if fault.times is None:
            return fault
        key = hashlib.sha256(f"{fault}{call.request.raw_path}".encode() + call.body).hexdigest()
        count = self._failed.pop(key, 0) + 1
        while len(self._failed) >= REPEATS_MAX:
            del self._failed[next(iter(self._failed))]
        self._failed[key] = count
        return fault if count <= fault.times else WHOLE

    def _let_happen(self, call: Call) -> None:
        """Have the fault take its course on the way out, and in what is asked."""
        call.outlet.suffer(call.fault)
        if call.fault.answer is not None and isinstance(call.parsed, dict):
            call.parsed = call.parsed | {"stream": call.fault.answer == "stream"}

    def _outlet(self, request: web.Request) -> Outlet:
        settings = self._settings
        gap_s = EVENT_GAP_S / settings.speed if settings.speed else 0.0
        return Outlet(
            request, WHOLE, pause=settings.pause, now_ns=settings.clock.peek_ns, gap_s=gap_s
        )

    def _now_ns(self) -> int:
        return self._settings.clock.now_ns()


async def _body(request: web.Request) -> tuple[bytes, bool]:
    """The request's body, and whether it is all of it."""
    try:
        return await request.read(), True
    except (web.HTTPRequestEntityTooLarge, web.RequestPayloadError, ConnectionError):
        return b"", False


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return None


def _is_open_to_all(call: Call) -> bool:
    """Public keys; and upload sessions, whose address is a credential (reference, section 16.3)."""
    if call.route.operation == "jwks":
        return True
    return call.route.operation in UPLOADS and "upload_id" in call.request.query
