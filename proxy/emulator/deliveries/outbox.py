"""Deliveries on their way: sent over HTTP, tried again with growing waits, given up after a day, all of it logged.

An emulator must not become a tool to reach other machines with. So it sends to loopback addresses alone, follows
no redirect and uses no proxy of the environment, unless it was set up to deliver anywhere.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import aiohttp

from proxy.emulator.answers.resource import timestamp
from proxy.emulator.deliveries.notices import Notice
from proxy.emulator.deliveries.registry import Registry
from proxy.emulator.deliveries.retries import next_try_ns
from proxy.emulator.state.clock import NS, Clock

Json: TypeAlias = dict[str, Any]

ATTEMPT_S: Final = 5.0
"""A receiver has so many real seconds to answer; the service says a few."""

WAITING_MAX: Final = 10_000
"""Deliveries that wait; the newest is dropped beyond. A load run with a dead receiver reaches it."""

SENDING_MAX: Final = 8
"""Attempts at a time: enough that one slow receiver does not hold up the others."""

LOG_MAX: Final = 1000
"""Attempts remembered; the oldest are forgotten."""

WITHHELD: Final = "not a loopback address; start the emulator so that it delivers anywhere"

Sign = Callable[["Delivery", int], str]
"""The signature header of an attempt at that Unix second."""


@dataclass(slots=True, order=True)
class Delivery:
    """One event on its way to one receiver. Mutable: attempts are counted."""

    due_ns: int
    number: int
    id: str = field(compare=False)
    """The same at every attempt: receivers tell duplicates by it."""
    notice: Notice = field(compare=False)
    uri: str = field(compare=False)
    webhook_id: str | None = field(compare=False)
    """None for a receiver that the request named."""
    made_ns: int = field(compare=False)
    attempts: int = field(compare=False, default=0)


@dataclass(slots=True)
class Outbox:
    """The deliveries of one emulator. Everything about time is the emulator's clock but the receiver's seconds."""

    clock: Clock
    registry: Registry
    sign: Sign
    delivers_anywhere: bool = False
    before_look: Callable[[int], None] = lambda _now_ns: None
    """Is told the time whenever the outbox looks what is due: something may come of it."""
    next_look_ns: Callable[[], int | None] = lambda: None
    """When something may come of it next."""
    log: deque[Json] = field(default_factory=lambda: deque(maxlen=LOG_MAX))
    dropped: int = 0
    _waiting: list[Delivery] = field(default_factory=list)
    _numbers: int = 0
    _sending: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.clock.watch(lambda _before_ns, _after_ns: self._wake.set())

    def put(self, identity: str, notice: Notice, uri: str, webhook_id: str | None) -> None:
        """Have it delivered as soon as may be."""
        now_ns = self.clock.peek_ns()
        self._numbers += 1
        delivery = Delivery(now_ns, self._numbers, identity, notice, uri, webhook_id, now_ns)
        if len(self._waiting) >= WAITING_MAX:
            self.dropped += 1
            self._note(delivery, None, "dropped", f"{WAITING_MAX} deliveries wait already")
            return
        heapq.heappush(self._waiting, delivery)
        self._wake.set()

    def tick(self) -> None:
        """A good moment to look at the clock: the stepping kind moves only with requests."""
        due_ns = self._next_ns()
        if due_ns is not None and due_ns <= self.clock.peek_ns():
            self._wake.set()

    def waiting(self) -> int:
        """How many deliveries are still to be made."""
        return len(self._waiting) + self._sending

    def clear(self) -> None:
        """Forget all deliveries and the log."""
        self._waiting.clear()
        self.log.clear()
        self.dropped = 0

    async def run(self) -> None:
        """Deliver until cancelled."""
        timeout = aiohttp.ClientTimeout(total=ATTEMPT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http,
            asyncio.TaskGroup() as attempts,
        ):
            while True:
                self._wake.clear()
                now_ns = self.clock.peek_ns()
                self.before_look(now_ns)
                while self._waiting and self._waiting[0].due_ns <= now_ns:
                    if self._sending >= SENDING_MAX:
                        break
                    delivery = heapq.heappop(self._waiting)
                    self._sending += 1
                    name = f"webhook {delivery.id}"
                    attempts.create_task(self._attempt(http, delivery), name=name)
                await self._until_due()

    async def _until_due(self) -> None:
        """Wait for the next due time on the clock, or for a reason to look sooner."""
        due_ns = self._next_ns()
        wait_s = None if due_ns is None else self.clock.wait_s(due_ns)
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            pass  # something is due

    def _next_ns(self) -> int | None:
        """When there will be something to do; as long as too many are under way only their ends count."""
        times = [self.next_look_ns()]
        if self._waiting and self._sending < SENDING_MAX:
            times.append(self._waiting[0].due_ns)
        return min((due_ns for due_ns in times if due_ns is not None), default=None)

    async def _attempt(self, http: aiohttp.ClientSession, delivery: Delivery) -> None:
        try:
            await self._deliver(http, delivery)
        finally:
            self._sending -= 1
            self._wake.set()

    async def _deliver(self, http: aiohttp.ClientSession, delivery: Delivery) -> None:
        webhook = self.registry.find(delivery.webhook_id) if delivery.webhook_id else None
        if delivery.webhook_id and webhook is None:
            self._note(delivery, None, "dropped", "the webhook was deleted")
            return
        if not self.delivers_anywhere and not is_loopback(delivery.uri):
            self._note(delivery, None, "withheld", WITHHELD)
            return
        delivery.attempts += 1
        status, reason = await self._post(http, delivery)
        now_ns = self.clock.peek_ns()
        if status is not None and 200 <= status < 300:
            if webhook is not None:
                webhook.reached_ns = now_ns
            self._note(delivery, status, "delivered")
            return
        due_ns = next_try_ns(delivery.made_ns, now_ns, delivery.attempts)
        if due_ns is None:
            if webhook is not None and webhook.reached_ns < delivery.made_ns:
                webhook.state = "disabled_due_to_failed_deliveries"
            self._note(delivery, status, "given up", reason)
            return
        delivery.due_ns = due_ns
        heapq.heappush(self._waiting, delivery)
        self._note(delivery, status, "to be tried again", reason)

    async def _post(
        self, http: aiohttp.ClientSession, delivery: Delivery
    ) -> tuple[int | None, str]:
        """The answer's status, or why there was none."""
        now_s = self.clock.peek_ns() // NS
        signature = await asyncio.to_thread(self.sign, delivery, now_s)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "interactions-emulator",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(now_s),
            "webhook-signature": signature,
        }
        try:
            async with http.post(
                delivery.uri, data=delivery.notice.body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status, f"the receiver answered {answer.status}"
        except TimeoutError:
            return None, f"no answer within {ATTEMPT_S:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:  # the last for odd host names
            return None, type(error).__name__

    def _note(
        self, delivery: Delivery, status: int | None, outcome: str, reason: str | None = None
    ) -> None:
        entry: Json = {
            "at": timestamp(self.clock.peek_ns() // NS),
            "webhook-id": delivery.id,
            "type": delivery.notice.type,
            "about": delivery.notice.about,
            "uri": delivery.uri.partition("?")[0],  # what follows can be a token
            "webhook": delivery.webhook_id,
            "attempt": delivery.attempts,
            "status": status,
            "outcome": outcome,
        }
        if outcome == "to be tried again":
            entry["next"] = timestamp(delivery.due_ns // NS)
        if outcome != "delivered":
            entry["reason"] = reason
        self.log.append(entry)


def is_loopback(uri: str) -> bool:
    """Whether the URI names this machine: `localhost`, or a loopback address in digits."""
    host = urlsplit(uri).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
