"""Request smuggling: whatever bytes a client sends, a back end sees the requests that were recorded, and no other.

Each back end judges by a parser of its own and tells in its own log what it saw.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.journal.format import Outcome
from tests.faults.wire.back_ends import NAMES, BackEnd
from tests.faults.wire.smuggling import Payload, payloads
from tests.gateway.stage import Recorded, Stage

ABREAST = 16
SILENCE_S = 0.3
"""Nothing more comes: back ends and worker answer within milliseconds, if they answer."""


@pytest.fixture(params=NAMES)
def back_end(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BackEnd]:
    started = BackEnd.start(request.param, tmp_path / "back_end")
    yield started
    started.stop()


def in_pieces(data: bytes, count: int) -> list[bytes]:
    size = -(-len(data) // count)
    return [data[start : start + size] for start in range(0, len(data), size)]


async def attack(stage: Stage, payload: Payload, pieces: int) -> None:
    client = await stage.client()
    try:
        for piece in in_pieces(payload.data, pieces):
            await client.send(piece)
        while True:
            async with asyncio.timeout(SILENCE_S):
                if not await client._more():
                    break
    except (OSError, TimeoutError):
        pass  # refused, or nothing more to say
    client.close()


async def attack_all(stage: Stage, wanted: list[Payload], pieces: int) -> None:
    gate = asyncio.Semaphore(ABREAST)

    async def one(payload: Payload) -> None:
        async with gate:
            await attack(stage, payload, pieces)

    async with asyncio.TaskGroup() as group:
        for payload in wanted:
            group.create_task(one(payload))


def target(recorded: Recorded) -> str:
    words = recorded.intent.head.split(b"\r\n", 1)[0].split(b" ")
    return words[1].decode("latin-1") if len(words) > 2 else ""


def is_served(recorded: Recorded) -> bool:
    """Answered to the end, and not with a refusal of the back end, which logs none."""
    return recorded.outcome is Outcome.COMPLETE and b" 200 " in recorded.head[:13]


@pytest.mark.parametrize("pieces", [1, 7])
async def test_a_back_end_sees_what_was_recorded_and_nothing_else(
    tmp_path: Path, back_end: BackEnd, pieces: int
) -> None:
    wanted = payloads()
    url = f"http://127.0.0.1:{back_end.port}"

    async with Stage(tmp_path / "stage", upstream_url=url) as stage:
        await attack_all(stage, wanted, pieces)
        recorded = await stage.recorded()
        forwarded = Counter(target(one) for one in recorded if one.outcome is not Outcome.REFUSED)
        served = Counter(target(one) for one in recorded if is_served(one))
        await stage.until(lambda: not served - back_end.seen())

    seen = back_end.seen()
    assert not seen - forwarded, "more requests arrived than were recorded as passed on"
    assert seen.total() + back_end.refused_count() <= forwarded.total()
    assert not served - seen, "answered, and yet the back end saw no request"
    assert seen.total() > len(wanted) / 4
    assert len(recorded) >= len(wanted)


def test_there_are_many_payloads_and_each_has_a_name_of_its_own() -> None:
    made = payloads()

    assert len(made) > 400
    assert len({one.name for one in made}) == len({one.data for one in made}) == len(made)
