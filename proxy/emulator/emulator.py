"""The emulator itself: takes a request, has the right room answer it, keeps the ledger."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
from aiohttp import web

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.compose import compose
from proxy.emulator.asked.faults import GZIP_HEADER, HEADER, WHOLE, Fault, fault_of
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.asked.routes import route
from proxy.emulator.call import Call
from proxy.emulator.events import legacy
from proxy.emulator.interactions import Interactions
from proxy.emulator.ledger import Answered, Ledger, Received, without_secrets
from proxy.emulator.neighbours.desk import Neighbour, Neighbours
from proxy.emulator.state.clock import NS
from proxy.emulator.state.store import USUAL_PACE, Pace, Store
from proxy.emulator.wire.fault_rules import FaultRules
from proxy.emulator.wire.outlet import ConnectionBroken, Outlet

EVENT_GAP_S: Final = 0.15
"""Time between two events of a stream at speed 1; the service sends some words at a time."""

REPEATS_MAX: Final = 10_000
"""Different failing bodies remembered for the fault `times`; the oldest are forgotten."""

_OPEN_TO_ALL: Final = "files.upload"
"""Upload sessions carry no credential: their address is one (reference, section 16.3)."""


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
    pace: Pace = USUAL_PACE
    now_ns: Callable[[], int] = time.time_ns
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep


class Emulator:
    """One emulator: its memory and its handler. Not shared between event loops."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self.ledger = ledger
        self._settings = settings
        self._seed = settings.seed if settings.seed is not None else secrets.randbits(64)
        self._interactions = Interactions(
            store=Store(settings.now_ns, settings.pace),
            compose=compose,
            is_strict=settings.is_strict,
            serves_legacy=settings.legacy == "serve",
        )
        self._neighbours = Neighbours()
        self.rules = FaultRules()
        self._requests = 0
        self._failed: dict[str, int] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request. Every one that arrives whole leaves two lines in the ledger."""
        self._requests += 1
        number = self._requests
        target = request.raw_path
        found = route(request.method, target.partition("?")[0])
        try:
            body, is_whole = await _body(request)
        except asyncio.CancelledError:
            # The client left before its body was whole: such a request has no second line.
            self.ledger.add(self._received(number, request, b"", is_whole=False))
            raise
        self.ledger.add(self._received(number, request, body, is_whole=is_whole))
        call = Call(
            route=found,
            request=request,
            body=body,
            chance=Chance(self._seed, number),
            outlet=self._outlet(request, WHOLE),
            is_legacy=legacy.is_asked_for(
                request.headers.getall("User-Agent", ()), request.headers.get("Api-Revision")
            ),
        )
        try:
            await self._answer(call, is_whole=is_whole)
        except Refusal as refusal:
            await call.outlet.refuse(refusal)
        except (ConnectionBroken, ConnectionError):
            pass  # The account in the outlet says how far it came.
        finally:
            self.ledger.add(self._answered(number, call))
        return call.outlet.response or web.Response()

    async def _answer(self, call: Call, *, is_whole: bool) -> None:
        if not is_whole:
            raise Refusal(413, "The request body is too large or was cut.")
        call.parsed = _parsed(call.body)
        call.fault = self._fault(call)
        call.outlet = self._outlet(call.request, call.fault)
        if not _has_credential(call.request) and call.route.operation != _OPEN_TO_ALL:
            raise Refusal(401, "Request is missing a valid API key or access token.")
        if call.fault.status is not None:
            shape = call.fault.shape or ("html" if call.fault.status == 502 else "api")
            fault = call.fault
            raise Refusal(call.fault.status, fault.message, code=fault.code, shape=shape)
        if call.route.operation in ("create", "get", "cancel", "delete"):
            await self._interactions.answer(call)
        else:
            await self._neighbour(call)

    async def _neighbour(self, call: Call) -> None:
        request = call.request
        answer = self._neighbours.answer(
            Neighbour(
                route=call.route,
                query=request.query,
                headers=request.headers,
                origin=f"{request.scheme}://{request.host}",
                body=call.body,
                chance=call.chance,
                now_s=self._settings.now_ns() // NS,
            )
        )
        if answer.blocks is not None:
            await call.outlet.stream((block, True) for block in answer.blocks)
        else:
            await call.outlet.send(answer.body, headers=answer.headers)

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

    def _outlet(self, request: web.Request, fault: Fault) -> Outlet:
        speed = self._settings.speed
        gap_s = EVENT_GAP_S / speed if speed else 0.0
        return Outlet(request, fault, pause=self._settings.pause, gap_s=gap_s)

    def _received(
        self, number: int, request: web.Request, body: bytes, *, is_whole: bool
    ) -> Received:
        return Received(
            n=number,
            at_ns=self._settings.now_ns(),
            method=request.method,
            target=without_secrets(request.raw_path),
            header_names=tuple(name.decode("latin-1") for name, _ in request.raw_headers),
            has_credential=_has_credential(request),
            tag=request.headers.get("x-request-tag"),
            body_sha256=hashlib.sha256(body).hexdigest(),
            body_bytes=len(body),
            body_is_whole=is_whole,
        )

    def _answered(self, number: int, call: Call) -> Answered:
        outlet, made = call.outlet, call.interaction
        composition = made.composition if made and not made.is_running else None
        usage = composition.usage if composition and made and made.status != "cancelled" else {}
        return Answered(
            n=number,
            at_ns=self._settings.now_ns(),
            status=outlet.status,
            body_sha256=outlet.body_sha256,
            body_bytes=outlet.body_bytes,
            finished=outlet.finished,
            operation=call.route.operation,
            is_streaming=call.is_streaming,
            events=outlet.events,
            interaction_id=made.id if made else None,
            interaction_status=made.status if made else None,
            name=made.request.name if made else None,
            previous_interaction_id=made.request.previous_id if made else None,
            usage={name: count for name, count in usage.items() if name.startswith("total_")},
            step_types=tuple(step["type"] for step in composition.steps) if composition else (),
        )


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


def _has_credential(request: web.Request) -> bool:
    """Any key or token counts; the emulator knows no wrong ones."""
    bearer = request.headers.get("Authorization", "")
    return bool(
        request.headers.get("x-goog-api-key")
        or (bearer.startswith("Bearer ") and bearer != "Bearer ")
        or request.query.get("key")
    )
