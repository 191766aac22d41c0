"""The emulator as an aiohttp server: reads a request, has it answered, keeps the ledger.

Composition of the room: `build_app` makes the application, `serving` listens, `run` is the process.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import orjson
from aiohttp import web

from proxy.emulator.answers.chance import Chance
from proxy.emulator.asked.faults import GZIP_HEADER, HEADER, WHOLE, Fault, fault_of
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.asked.routes import route
from proxy.emulator.interactions import Call, Interactions
from proxy.emulator.ledger import Answered, Ledger, Received, without_secrets
from proxy.emulator.lifecycle import NS, USUAL_PACE, Pace, Store, stepping_clock
from proxy.emulator.neighbours import Neighbour, Neighbours
from proxy.emulator.outlet import ConnectionBroken, Outlet
from proxy.emulator.two_user_agents import accept_two_user_agents
from proxy.errors import StartRefused

BODY_BYTES_MAX: Final = 512 * 1024 * 1024
"""Largest request body: far above the documented limit of inline media, so that tests can pass it."""

LINE_BYTES_MAX: Final = 64 * 1024
"""Longest request line and header field; Google's own limits are not known to be lower."""

SHUTDOWN_S: Final = 1.0
"""Answers under way get this long when the process is told to end."""

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
            is_strict=settings.is_strict,
            serves_legacy=settings.legacy == "serve",
        )
        self._neighbours = Neighbours()
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
        model = call.parsed.get("model") if isinstance(call.parsed, dict) else None
        fault = fault_of(headers.get(HEADER), headers.get(GZIP_HEADER), model)
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


def build_app(settings: Settings | None = None, ledger: Ledger | None = None) -> web.Application:
    """An application that answers every path. `accept_two_user_agents` is done for this process."""
    accept_two_user_agents()
    emulator = Emulator(settings or Settings(), ledger or Ledger())
    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app.router.add_route("*", "/{path:.*}", emulator.handle)
    return app


@asynccontextmanager
async def serving(
    settings: Settings | None = None,
    ledger: Ledger | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[str]:
    """Listen while the context lasts; gives the base URL. Port 0 takes a free one.

    Raises:
        StartRefused: it cannot listen there.
    """
    runner = web.AppRunner(
        build_app(settings, ledger),
        access_log=None,
        handler_cancellation=True,
        max_line_size=LINE_BYTES_MAX,
        max_field_size=LINE_BYTES_MAX,
        auto_decompress=False,
        shutdown_timeout=SHUTDOWN_S,
    )
    await runner.setup()
    try:
        await _listen(runner, host, port)
        bound = runner.addresses[0][1]
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{bound}"
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise StartRefused(
            f"the emulator cannot listen on {host} port {port} ({why}): "
            "choose another port with --port; 0 takes a free one"
        ) from error


def announce_to_programs(url: str) -> None:
    """One line of JSON on standard output: it serves, and where."""
    sys.stdout.buffer.write(orjson.dumps({"ready": True, "url": url}) + b"\n")
    sys.stdout.buffer.flush()


def run(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ledger: Path | str | None = None,
    seed: int | None = None,
    pace: float = 0.0,
    settings: Settings | None = None,
    announce: Callable[[str], None] = announce_to_programs,
) -> None:
    """Serve until SIGTERM or SIGINT; `announce` is told the URL when ready.

    `pace` is the speed of streams (see `Settings.speed`). `settings` replaces `seed` and `pace`.

    Raises:
        StartRefused: it cannot listen there.
    """
    chosen = settings or Settings(seed=seed, speed=pace)
    asyncio.run(_until_told(host, port, Path(ledger) if ledger else None, chosen, announce))


async def _until_told(
    host: str, port: int, path: Path | None, settings: Settings, announce: Callable[[str], None]
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    ledger = Ledger(path)
    try:
        async with serving(settings, ledger, host=host, port=port) as url:
            announce(url)
            await ended.wait()
    finally:
        ledger.close()


def deterministic(seed: int, start_s: int = 1_795_600_800) -> Settings:
    """Settings under which the same calls in the same order give the same bytes."""
    return Settings(seed=seed, now_ns=stepping_clock(start_s))


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
