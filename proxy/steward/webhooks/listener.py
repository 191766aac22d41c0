"""Where webhooks arrive: verified, kept durably, and only then acknowledged."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from proxy.steward.asking import NotAnswered, Recorder
from proxy.steward.webhooks.keys import PublishedKeys
from proxy.steward.webhooks.notice import act_of
from proxy.steward.webhooks.signature import (
    Delivery,
    Why,
    check_shared,
    check_token,
    delivery_of,
    key_id,
)

BODY_BYTES_MAX: Final = 64 * 1024
"""A notice has some hundred bytes; `user_metadata` comes back in it."""
BODY_S: Final = 5.0
"""To read one; the sender itself waits a few seconds for its answer."""
AT_ONCE_MAX: Final = 32
"""Deliveries under way; beyond it 503, which has it sent again."""
REMEMBERED_MAX: Final = 10_000
"""Deliveries known without asking the records: those of the last minutes, when repetitions come."""
COUNTS_S: Final = 60.0
"""How often refusals are told to the records, as one act: whoever sends them cannot make many."""
ENDS_S: Final = 1.0
_QUIET: Final = logging.getLogger("steward.webhooks.http")
_LOG: Final = logging.getLogger("steward")


class Webhooks:
    """Takes deliveries at one listening socket."""

    def __init__(
        self,
        recorder: Recorder,
        keys: PublishedKeys,
        *,
        secrets: tuple[bytes, ...],
        audience: str,
        now_s: Callable[[], float],
        notified: Callable[[], None],
    ) -> None:
        """`notified` is called when a new notice is on record."""
        self._recorder = recorder
        self._keys = keys
        self._secrets = secrets
        self._audience = audience
        self._now_s = now_s
        self._notified = notified
        self._known: OrderedDict[str, None] = OrderedDict()
        self._at_once = 0
        self._taking = asyncio.Lock()
        self.refused: Counter[str] = Counter()
        """By Why, since it was last told."""

    async def run(self, listener: socket.socket) -> None:
        """Serve until cancelled."""
        async with self._served(listener):
            while True:
                await asyncio.sleep(COUNTS_S)
                await self.tell_refused()

    async def tell_refused(self) -> None:
        """Put on record how many were refused since the last time, if any were."""
        counts, self.refused = self.refused, Counter()
        if not counts:
            return
        detail = f"{counts.total()} webhooks were refused"
        _LOG.warning("%s: %s", detail, dict(counts))
        act = {"kind": "webhook", "actor": "steward", "detail": detail, "data": {"refused": counts}}
        try:
            await self._recorder.tell([act])
        except NotAnswered:
            self.refused.update(counts)

    async def handle(self, request: web.Request) -> web.Response:
        """One delivery: 200 when it is on record, 401 when it is nobody's, 503 to have it sent again."""
        if self._at_once >= AT_ONCE_MAX:
            return web.Response(status=503)
        self._at_once += 1
        try:
            return await self._handle(request)
        except (NotAnswered, TimeoutError):
            return web.Response(status=503)
        finally:
            self._at_once -= 1

    async def _handle(self, request: web.Request) -> web.Response:
        if request.method != "POST":
            return web.Response(status=405)
        try:
            async with asyncio.timeout(BODY_S):
                body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return self._refuse(Why.TOO_LARGE, 413)
        delivery = delivery_of(request.headers, body)
        if delivery is None:
            return self._refuse(Why.UNSIGNED)
        why = await self._check(delivery)
        if why is not None:
            return self._refuse(why)
        act = act_of(delivery)
        if act is None:
            return self._refuse(Why.NO_NOTICE, 400)
        async with self._taking:  # the same delivery twice at once is one
            if not await self._is_known(act["act"]):
                await self._recorder.tell([act])
                self._remember(act["act"])
                self._notified()
        return web.Response()

    async def _check(self, delivery: Delivery) -> Why | None:
        if not delivery.is_token:
            return check_shared(delivery, self._secrets, self._now_s())
        kid = key_id(delivery)
        if kid is None:
            return Why.MISMATCH
        keys = await self._keys.having(kid)
        return check_token(delivery, keys, self._audience, self._now_s())

    async def _is_known(self, act: str) -> bool:
        if act in self._known:
            return True
        (row,) = await self._recorder.query("act_known", act=act)
        if row["is_known"]:
            self._remember(act)
        return bool(row["is_known"])

    def _remember(self, act: str) -> None:
        self._known[act] = None
        while len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)

    def _refuse(self, why: Why, status: int = 401) -> web.Response:
        self.refused[why] += 1
        return web.Response(status=status)

    @asynccontextmanager
    async def _served(self, listener: socket.socket) -> AsyncIterator[None]:
        application = web.Application(client_max_size=BODY_BYTES_MAX)
        application.router.add_route("*", "/{tail:.*}", self.handle)
        # aiohttp's own log repeats what a malformed request says.
        _QUIET.propagate = False
        runner = web.AppRunner(application, access_log=None, logger=_QUIET, shutdown_timeout=ENDS_S)
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            yield
        finally:
            await runner.cleanup()
