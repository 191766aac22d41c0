"""An upstream that fails in twelve ways: its client gets what it said and how it went, and so does the record.

The far end and the clients are the witnesses. FAULT_ROUNDS says how often each fault is played.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.evidence import Evidence, closings, evidence, holes
from tests.end_to_end.load import Attempt
from tests.end_to_end.stage import Proxy
from tests.end_to_end.stage import ask as rows_of
from tests.end_to_end.wire.scripts import CONNECT_S, FAULTS, IDLE_S, Script, Sees, script
from tests.end_to_end.wire.sockets import Answer, ScriptedEnd, ask, post

ROUNDS: Final = int(os.environ.get("FAULT_ROUNDS", "20"))
ABREAST: Final = 64
"""Clients at once: deadlines then wait together."""
EACH_WITHIN_S: Final = 60.0
BEFORE_PLAY: Final = ("refuses", "does not accept in time")
"""Faults of a far end that does not listen yet."""


@dataclass(slots=True)
class Played:
    """One request of a fault: what was to come of it, and what did."""

    script: Script
    answer: Answer
    requests: int
    """That the far end got."""
    recorded: list[Evidence]
    details: list[str]


@dataclass(slots=True)
class Laboratory:
    """What is left when all is played and the proxy has stopped."""

    data: Path
    played: dict[str, list[Played]]
    surplus: list[bytes]


async def _ask_all(address: tuple[str, int], faults: list[str], answers: dict[str, Answer]) -> None:
    """Each fault ROUNDS times, ABREAST at once, taking turns."""
    tags = iter([f"{fault} {number}" for number in range(ROUNDS) for fault in faults])

    async def client() -> None:
        for tag in tags:
            async with asyncio.timeout(EACH_WITHIN_S):
                answers[tag] = await ask(address, post(tag, b"{}", "Connection: close"))

    async with asyncio.TaskGroup() as group:
        for _ in range(ABREAST):
            group.create_task(client())


async def _play(folder: Path) -> tuple[Proxy, ScriptedEnd, dict[str, Answer]]:
    far_end = ScriptedEnd.make()
    proxy = await asyncio.to_thread(
        lambda: Proxy(
            folder,
            far_end.url,
            upstream__connect_timeout_s=CONNECT_S,
            upstream__idle_timeout_s=IDLE_S,
        )
    )
    answers: dict[str, Answer] = {}
    try:
        await _ask_all(proxy.address, ["refuses"], answers)
        far_end.ignore()
        await _ask_all(proxy.address, ["does not accept in time"], answers)
        async with far_end.playing():
            others = [fault for fault in FAULTS if fault not in BEFORE_PLAY]
            await _ask_all(proxy.address, others, answers)
        await asyncio.to_thread(proxy.flush)
    finally:
        await asyncio.to_thread(proxy.stop)
        far_end.listener.close()
        print(proxy.program.log_tail())
    return proxy, far_end, answers


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    proxy, far_end, answers = asyncio.run(_play(tmp_path_factory.mktemp("upstream")))
    recorded: dict[str, list[Evidence]] = {}
    seen = [_attempt(tag, answer) for tag, answer in answers.items()]
    for one in evidence(proxy.data, seen):
        recorded.setdefault(one.tag, []).append(one)
    file = proxy.data / "facts.duckdb"
    details: dict[str, str] = dict(rows_of(file, "SELECT exchange, detail FROM exchanges"))
    played: dict[str, list[Played]] = {fault: [] for fault in FAULTS}
    for tag, answer in answers.items():
        fault, _, number = tag.rpartition(" ")
        ends = recorded.get(tag, [])
        played[fault].append(
            Played(
                script=script(fault, int(number)),
                answer=answer,
                requests=far_end.requests[tag],
                recorded=ends,
                details=[details[str(one.exchange)] for one in ends],
            )
        )
    return Laboratory(proxy.data, played, far_end.surplus)


def _attempt(tag: str, answer: Answer) -> Attempt:
    attempt = Attempt(tag, "fault")
    attempt.on_body(answer.body()[0])
    return attempt


all_faults = pytest.mark.parametrize("fault", FAULTS)


@all_faults
def test_each_was_played_as_often_as_asked(laboratory: Laboratory, fault: str) -> None:
    """Guards the other tests: they look at what was played."""
    assert len(laboratory.played[fault]) == ROUNDS


@all_faults
def test_the_client_gets_what_upstream_said_up_to_the_fault(
    laboratory: Laboratory, fault: str
) -> None:
    def is_right(one: Played) -> bool:
        body, is_whole = one.answer.body()
        told = (one.answer.status, is_whole) == (one.script.status, one.script.is_whole)
        return told and (one.script.status not in {0, 200} or body == one.script.body)

    assert [one for one in laboratory.played[fault] if not is_right(one)] == []


@all_faults
def test_the_head_is_upstreams_own(laboratory: Laboratory, fault: str) -> None:
    """But for the word that this connection ends."""

    def head(raw: bytes) -> bytes:
        return raw.partition(b"\r\n\r\n")[0].replace(b"\r\nConnection: close", b"")

    passed_on = [one for one in laboratory.played[fault] if one.script.status == 200]

    assert [
        one for one in passed_on if head(one.answer.raw) != head(b"".join(one.script.pieces))
    ] == []


@all_faults
def test_the_clients_connection_ends_as_upstreams_did(laboratory: Laboratory, fault: str) -> None:
    assert [
        one
        for one in laboratory.played[fault]
        if one.answer.was_reset is not (one.script.sees is Sees.RESET)
    ] == []


@all_faults
def test_the_record_says_what_happened(laboratory: Laboratory, fault: str) -> None:
    def is_right(one: Played) -> bool:
        (recorded,), (detail,) = one.recorded, one.details
        return recorded.outcome == one.script.outcome and (
            detail.startswith(one.script.detail) if one.script.detail else not detail
        )

    assert [one for one in laboratory.played[fault] if not is_right(one)] == []


@all_faults
def test_the_record_holds_the_bytes_that_the_client_got(laboratory: Laboratory, fault: str) -> None:
    def is_right(one: Played) -> bool:
        (recorded,) = one.recorded
        attempt = _attempt(recorded.tag, one.answer)
        return (recorded.response_bytes, recorded.seen_digest, recorded.status or 0) == (
            attempt.seen_bytes,
            attempt.digest.digest(),
            one.answer.status,
        )

    assert [one for one in laboratory.played[fault] if not is_right(one)] == []


@all_faults
def test_nothing_is_sent_twice(laboratory: Laboratory, fault: str) -> None:
    assert [one for one in laboratory.played[fault] if one.requests != one.script.requests] == []
    assert laboratory.surplus == []


def test_every_intent_is_closed_exactly_once(laboratory: Laboratory) -> None:
    closed = closings(laboratory.data)

    assert Counter(closed.values()) == {1: ROUNDS * len(FAULTS)}
    assert holes(list(closed)) == []
