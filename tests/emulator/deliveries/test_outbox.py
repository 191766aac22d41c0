"""Deliveries: made, tried again, given up, withheld."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from proxy.emulator.answers.chance import Chance
from proxy.emulator.deliveries import outbox as outbox_module
from proxy.emulator.deliveries.notices import ping_of
from proxy.emulator.deliveries.outbox import Outbox, is_loopback
from proxy.emulator.deliveries.registry import Registry
from proxy.emulator.deliveries.retries import ATTEMPTS_MAX
from proxy.emulator.state.clock import NS, Clock
from proxy.emulator.state.retention import DAY_S
from tests.emulator.deliveries.receiver import Receiver, receiving

START_S = 1_795_600_800
NOTICE = ping_of("wh_1", START_S)
CLOSED = "http://127.0.0.1:1/hook"
"""Nobody listens there."""


@dataclass(slots=True)
class Office:
    """An outbox at work, with a log that can be waited for."""

    outbox: Outbox
    clock: Clock
    registry: Registry
    written: asyncio.Event = field(default_factory=asyncio.Event)

    async def logged(self, count: int) -> list[str]:
        """The outcomes, once there are so many."""
        async with asyncio.timeout(30):
            while len(self.outbox.log) < count:
                self.written.clear()
                await self.written.wait()
        return [entry["outcome"] for entry in self.outbox.log]


@asynccontextmanager
async def working(step_ns: int = 0, **settings: Any) -> AsyncIterator[Office]:
    clock = Clock(START_S, step_ns=step_ns)
    registry = Registry(clock)
    outbox = Outbox(clock, registry, lambda _delivery, _now_s: "signed", **settings)
    office = Office(outbox, clock, registry)
    note = Outbox._note

    def watched(self: Outbox, *more: Any) -> None:
        note(self, *more)
        office.written.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Outbox, "_note", watched)
        async with asyncio.TaskGroup() as owned:
            task = owned.create_task(outbox.run())
            yield office
            task.cancel()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as there:
        yield there


async def test_a_delivery_carries_its_id_its_time_and_its_signature(receiver: Receiver) -> None:
    async with working() as office:
        office.outbox.put("msg_1", NOTICE, receiver.uri, None)
        taken = await receiver.next()

        assert await office.logged(1) == ["delivered"]
    assert taken.body == NOTICE.body
    assert taken.headers["content-type"] == "application/json"
    named = ("webhook-id", "webhook-timestamp", "webhook-signature")
    assert [taken.headers[name] for name in named] == ["msg_1", str(START_S), "signed"]


async def test_what_was_not_taken_is_tried_again_when_the_clock_says_so(receiver: Receiver) -> None:
    receiver.statuses = [500, 302]
    async with working() as office:
        office.outbox.put("msg_1", NOTICE, receiver.uri, None)
        await office.logged(1)
        office.clock.advance(5)
        await office.logged(2)
        office.clock.advance(10)
        outcomes = await office.logged(3)

        taken = [await receiver.next() for _ in range(3)]
    assert outcomes == ["to be tried again", "to be tried again", "delivered"]
    assert {(one.body, one.headers["webhook-id"]) for one in taken} == {(NOTICE.body, "msg_1")}
    times = [int(one.headers["webhook-timestamp"]) - START_S for one in taken]
    assert times == [0, 5, 15]


async def test_a_clock_that_moves_with_requests_is_looked_at_with_each(receiver: Receiver) -> None:
    receiver.statuses = [500]
    async with working(step_ns=5 * NS) as office:
        office.outbox.put("msg_1", NOTICE, receiver.uri, None)
        await office.logged(1)
        office.clock.now_ns()
        office.outbox.tick()

        assert await office.logged(2) == ["to be tried again", "delivered"]


async def test_after_a_day_a_delivery_is_given_up_and_its_webhook_disabled() -> None:
    async with working() as office:
        given = {"uri": CLOSED, "subscribed_events": ["interaction.completed"]}
        identity = office.registry.create(given, Chance(1, 1))["id"]
        office.outbox.put("msg_1", NOTICE, CLOSED, identity)
        for attempt in range(1, ATTEMPTS_MAX):
            await office.logged(attempt)
            office.clock.advance(5 * 2 ** (attempt - 1))
        outcomes = await office.logged(ATTEMPTS_MAX)

        assert outcomes == ["to be tried again"] * (ATTEMPTS_MAX - 1) + ["given up"]
        assert office.outbox.waiting() == 0
        assert office.registry.get(identity).state == "disabled_due_to_failed_deliveries"
        assert office.clock.peek_ns() < (START_S + DAY_S) * NS


async def test_nothing_leaves_this_machine() -> None:
    async with working() as office:
        office.outbox.put("msg_1", NOTICE, "https://example.com/hook?token=secret", None)

        assert await office.logged(1) == ["withheld"]
        assert office.outbox.log[0]["uri"] == "https://example.com/hook"


async def test_a_deleted_webhook_gets_nothing_more(receiver: Receiver) -> None:
    async with working() as office:
        office.outbox.put("msg_1", NOTICE, receiver.uri, "wh_gone")

        assert await office.logged(1) == ["dropped"]
    assert receiver.taken.empty()


async def test_a_slow_receiver_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "ATTEMPT_S", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connections wait, nobody accepts
        port = silent.getsockname()[1]
        async with working() as office:
            office.outbox.put("msg_1", NOTICE, f"http://127.0.0.1:{port}/", None)

            assert await office.logged(1) == ["to be tried again"]
            assert "no answer" in office.outbox.log[0]["reason"]


async def test_there_is_a_limit_to_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "WAITING_MAX", 1)
    clock = Clock(START_S, step_ns=0)
    outbox = Outbox(clock, Registry(clock), lambda _delivery, _now_s: "signed")

    for number in range(3):
        outbox.put(f"msg_{number}", NOTICE, CLOSED, None)

    assert (outbox.waiting(), outbox.dropped) == (1, 2)
    outbox.clear()
    assert (outbox.waiting(), outbox.dropped, len(outbox.log)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("uri", "is_here"),
    [
        ("http://127.0.0.1:80/", True),
        ("https://localhost/x", True),
        ("http://[::1]:8080/", True),
        ("http://127.8.9.1/", True),
        ("http://user@localhost/", True),
        ("http://localhost@example.com/", False),
        ("http://localhost.example.com/", False),
        ("http://127.0.0.1.example.com/", False),
        ("http://10.0.0.1/", False),
        ("http://169.254.169.254/", False),
        ("http://[::ffff:127.0.0.1]/", False),
        ("http://2130706433/", False),
        ("http://0.0.0.0/", False),
    ],
)
def test_this_machine_is_told_from_others(uri: str, is_here: bool) -> None:  # noqa: FBT001
    assert is_loopback(uri) is is_here
