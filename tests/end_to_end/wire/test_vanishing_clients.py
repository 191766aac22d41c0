"""Clients that vanish at any place of an exchange: upstream is released, the record is closed, nothing stays open.

VANISHING says how many. A far end that never finishes by itself is the witness.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.end_to_end.evidence import Evidence, closings, evidence, holes
from tests.end_to_end.programs import look_until
from tests.end_to_end.stage import Proxy
from tests.end_to_end.wire.scripts import CHUNKED, event, in_chunk, text, with_length
from tests.end_to_end.wire.sockets import (
    Room,
    connect,
    gone,
    later,
    post,
    read_request,
    reset,
    room_of,
)

CLIENTS: Final = int(os.environ.get("VANISHING", "200"))
WARM: Final = 100
"""Clients before the first measurement: buffers and caches are made once."""
ABREAST: Final = 16
RELEASED_WITHIN_S: Final = 1.0
GIVEN_UP_S: Final = 10.0
GROWTH_BYTES: Final = 16 * 1024 * 1024
SPARE_DESCRIPTORS: Final = 4

PLACES: Final = (
    *("in the head", "in the body", "before the answer", "in the answer"),
    *("in a stream", "in a silent stream", "behind its next request", "never having read"),
)
STREAMS: Final = frozenset(PLACES[4:])
UNREAD_EACH: Final = 40
"""One of so many never reads: the kernel takes some megabytes for it, and each of them is recorded."""
WAYS: Final = ("close", "reset", "half-close")


def tag_of(number: int) -> str:
    if number % UNREAD_EACH == 0:
        return f"{PLACES[-1]} {number}"
    return f"{PLACES[number % (len(PLACES) - 1)]} {number}"


def answer_to(tag: str) -> bytes:
    return text(Random(tag))


@dataclass(slots=True)
class Witness:
    """An upstream that answers as the tag's place asks for, and says when it was let go."""

    finishes: bool
    """Answers that are no streams come to their end, whoever is still there."""
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    requests: Counter[str] = field(default_factory=Counter)
    surplus: list[bytes] = field(default_factory=list)
    released: dict[str, float] = field(default_factory=dict)
    """Loop time at which the connection of a tag ended."""

    @asynccontextmanager
    async def playing(self) -> AsyncIterator[str]:
        self.listener.settimeout(0)
        async with asyncio.TaskGroup() as group:
            accepting = group.create_task(self._accept(group), name="accept")
            yield f"http://127.0.0.1:{self.listener.getsockname()[1]}"
            accepting.cancel()
        self.listener.close()

    async def _accept(self, group: asyncio.TaskGroup) -> None:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(self.listener)
            group.create_task(self._play(connection), name="play")

    async def _play(self, connection: socket.socket) -> None:
        with connection:
            tag, got = await read_request(connection)
            if not got:
                return  # opened ahead, and the client left before its request was durable
            self.requests[tag] += 1
            async with asyncio.TaskGroup() as group:
                speaking = group.create_task(self._speak(connection, tag), name="speak")
                surplus = await gone(connection)
                self.released[tag] = asyncio.get_running_loop().time()
                speaking.cancel()
            if surplus and "in the body" not in tag:
                self.surplus.append(surplus)

    async def _speak(self, connection: socket.socket, tag: str) -> None:
        """Until cancelled, but for answers that finish."""
        loop = asyncio.get_running_loop()
        random = Random(tag)
        with suppress(ConnectionError):
            match tag.rpartition(" ")[0]:
                case "before the answer" if self.finishes:
                    await later(0.05)
                    await loop.sock_sendall(connection, with_length(answer_to(tag)))
                case "in the answer":
                    whole = with_length(answer_to(tag))
                    await loop.sock_sendall(connection, whole[:-10])
                    if self.finishes:
                        await later(0.05)
                        await loop.sock_sendall(connection, whole[-10:])
                case "in a stream":
                    await loop.sock_sendall(connection, CHUNKED)
                    while True:
                        await loop.sock_sendall(connection, in_chunk(event(random)))
                        await later(0.02)
                case "in a silent stream" | "behind its next request":
                    await loop.sock_sendall(connection, CHUNKED + in_chunk(event(random)))
                case "never having read":
                    await loop.sock_sendall(connection, CHUNKED)
                    while True:
                        await loop.sock_sendall(connection, in_chunk(event(random) * 500))


async def vanish(address: tuple[str, int], tag: str, left: dict[str, float]) -> None:
    """Ask, and leave at the tag's place, in a way of its own. Everything follows from the tag."""
    loop = asyncio.get_running_loop()
    random = Random(f"client {tag}")
    place = tag.rpartition(" ")[0]
    request = post(tag, random.randbytes(random.randint(10, 3000)))
    head_bytes = request.index(b"\r\n\r\n") + 4
    match place:
        case "in the head":
            request = request[: random.randint(1, head_bytes - 1)]
        case "in the body":
            request = request[: random.randint(head_bytes, len(request) - 1)]
        case "behind its next request":
            request += post("the next one", b"")
    options = {"SO_RCVBUF": 4096} if place == "never having read" else {}
    connection = await connect(address, **options)
    with connection:
        await loop.sock_sendall(connection, request)
        if place in {
            "in the answer",
            "in a stream",
            "in a silent stream",
            "behind its next request",
        }:
            assert await loop.sock_recv(connection, 65536)
        await later(random.random() * (0.2 if place == "never having read" else 0.03))
        way = random.choice(WAYS)
        left[tag] = loop.time()
        if way == "half-close":
            connection.shutdown(socket.SHUT_WR)
            # Whoever does not read is to be let go all the same.
            await (later(0.5) if place == "never having read" else gone(connection))
        elif way == "reset":
            reset(connection)


@dataclass(slots=True)
class Aftermath:
    """What is left when all clients are gone and the proxy has stopped."""

    finishes: bool
    data: Path
    left: dict[str, float]
    witness: Witness
    recorded: dict[str, list[Evidence]]
    before: Room
    after: Room


async def _crowd(address: tuple[str, int], tags: list[str], left: dict[str, float]) -> None:
    waiting = iter(tags)

    async def one_after_the_other() -> None:
        for tag in waiting:
            async with asyncio.timeout(GIVEN_UP_S):
                await vanish(address, tag, left)

    async with asyncio.TaskGroup() as group:
        for _ in range(ABREAST):
            group.create_task(one_after_the_other())


def settled(proxy: Proxy, pid: int, most: int) -> Room:
    """What the gateway holds once it is down to so many descriptors; whatever it is when it never is."""

    def look() -> Room | None:
        room = room_of(pid)
        return room if room.descriptors <= most else None

    try:
        return look_until(look, f"at most {most} descriptors")
    except AssertionError:
        print(proxy.status())
        return room_of(pid)


async def _play(folder: Path, count: int, *, finishes: bool) -> Aftermath:
    left: dict[str, float] = {}
    witness = Witness(finishes)
    finish = "on" if finishes else "off"
    async with witness.playing() as url:
        proxy = await asyncio.to_thread(lambda: Proxy(folder, url, gateway__finish=finish))
        try:
            (pid,) = proxy.gateways()
            tags = [tag_of(number) for number in range(WARM + count)]
            idle = room_of(pid).descriptors + SPARE_DESCRIPTORS
            await _crowd(proxy.address, tags[:WARM], left)
            before = await asyncio.to_thread(settled, proxy, pid, idle)
            await _crowd(proxy.address, tags[WARM:], left)
            after = await asyncio.to_thread(settled, proxy, pid, idle)
            await asyncio.to_thread(proxy.flush)
        finally:
            await asyncio.to_thread(proxy.stop)
            print(proxy.program.log_tail())
    recorded: dict[str, list[Evidence]] = {}
    for one in evidence(proxy.data, []):
        recorded.setdefault(one.tag, []).append(one)
    return Aftermath(finishes, proxy.data, left, witness, recorded, before, after)


@pytest.fixture(scope="module", params=["off", "on"])
def aftermath(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Aftermath:
    """All of them with gateway.finish=off, a quarter more with it on."""
    finishes = request.param == "on"
    count = CLIENTS // 4 if finishes else CLIENTS
    return asyncio.run(_play(tmp_path_factory.mktemp("vanish"), count, finishes=finishes))


def is_to_be_released(aftermath: Aftermath, tag: str) -> bool:
    place = tag.rpartition(" ")[0]
    return not aftermath.finishes or place in STREAMS or place == "in the body"


def test_upstream_is_released_within_a_second(aftermath: Aftermath) -> None:
    witness, left = aftermath.witness, aftermath.left
    waited = {
        tag: ended - left[tag]
        for tag, ended in witness.released.items()
        if is_to_be_released(aftermath, tag)
    }
    print(f"{len(waited)} released, at the latest after {max(waited.values()):.3f} s")

    assert {tag: s for tag, s in waited.items() if s > RELEASED_WITHIN_S} == {}
    assert witness.released.keys() == witness.requests.keys()


def test_every_request_that_upstream_saw_is_recorded_once(aftermath: Aftermath) -> None:
    seen = aftermath.witness.requests

    assert {tag: count for tag, count in seen.items() if count != 1} == {}
    assert [tag for tag in seen if len(aftermath.recorded.get(tag, ())) != 1] == []
    assert len({tag.rpartition(" ")[0] for tag in seen}) == len(PLACES) - 1, "no place was missed"
    assert aftermath.witness.surplus == []


def test_every_record_says_that_the_client_left(aftermath: Aftermath) -> None:
    ends = Counter(one.outcome for ends in aftermath.recorded.values() for one in ends)
    late = {"complete"} if aftermath.finishes else set[str]()

    assert ends.keys() - late == {"client_gone"}, ends
    assert ends["complete"] <= ends.total() // 4, "more than the answers that may have come just so"


def test_an_answer_that_finishes_is_recorded_whole(aftermath: Aftermath) -> None:
    finished = [
        (one.response_bytes, len(answer_to(tag)))
        for tag in aftermath.witness.requests
        for one in aftermath.recorded[tag]
        if aftermath.finishes and not is_to_be_released(aftermath, tag)
    ]

    assert [one for one in finished if one[0] != one[1]] == []
    assert bool(finished) is aftermath.finishes


def test_every_intent_is_closed_exactly_once(aftermath: Aftermath) -> None:
    closed = closings(aftermath.data)

    assert {str(id_): count for id_, count in closed.items() if count != 1} == {}
    assert holes(list(closed)) == []


def test_the_gateway_holds_no_more_than_before(aftermath: Aftermath) -> None:
    before, after = aftermath.before, aftermath.after
    print(before, after)

    assert after.descriptors <= before.descriptors + SPARE_DESCRIPTORS
    assert after.resident_bytes <= before.resident_bytes + GROWTH_BYTES
