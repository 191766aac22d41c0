"""Three times as many requests as fit: what is too much is refused before it is sent on, and every sum is right.

The emulator takes a moment for each answer and the proxy so many connections: that is the capacity.
OVERLOAD_S says for how long.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from proxy.journal.page import PageReading, PageView
from tests.end_to_end.evidence import Evidence, evidence
from tests.end_to_end.programs import look_until
from tests.end_to_end.stage import Row, Stage
from tests.end_to_end.stage import ask as rows_of
from tests.end_to_end.wire.sockets import Answer, ask, later, post

SECONDS: Final = float(os.environ.get("OVERLOAD_S", "12"))
CONNECTIONS: Final = 40
DELAY_S: Final = 0.4
CAPACITY: Final = CONNECTIONS / DELAY_S
"""Requests per second."""
TIMES: Final = 3
RECOVERS_WITHIN_S: Final = 10.0
POLITE: Final = 50
"""Requests, one after the other, of which none may be refused: then it has recovered."""
EACH_WITHIN_S: Final = 60.0


def request(tag: str, delay_s: float) -> bytes:
    body = {"model": f"fault:delay={delay_s}", "input": "x", "store": False}
    headers = ("x-goog-api-key: overload-key-0123", "Connection: close")
    return post(tag, json.dumps(body).encode(), *headers)


@dataclass(slots=True)
class Aftermath:
    """What is left when the crowd has gone and everything has stopped."""

    answers: dict[str, Answer]
    recovered_s: float
    """From the last request of the crowd to the first of POLITE in a row that were served."""
    ledger: list[dict[str, Any]]
    recorded: list[Evidence]
    gaps: list[Row]
    page: PageReading

    def by_status(self) -> Counter[int]:
        return Counter(answer.status for answer in self.answers.values())


async def _crowd(address: tuple[str, int], answers: dict[str, Answer]) -> None:
    """So many a second, whatever becomes of them."""
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def one(tag: str) -> None:
        async with asyncio.timeout(EACH_WITHIN_S):
            answers[tag] = await ask(address, request(tag, DELAY_S))

    async with asyncio.TaskGroup() as group:
        for number in range(int(SECONDS * CAPACITY * TIMES)):
            await later(max(0.0, begun + number / (CAPACITY * TIMES) - loop.time()))
            group.create_task(one(f"crowd {number}"))


async def _recover(address: tuple[str, int], answers: dict[str, Answer]) -> float:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    row_began, row, number = begun, 0, 0
    while row < POLITE and loop.time() - begun < EACH_WITHIN_S:
        tag = f"polite {number}"
        answers[tag] = await ask(address, request(tag, 0))
        number += 1
        row = row + 1 if answers[tag].status == 200 else 0
        row_began = loop.time() if row == 0 else row_began
    return row_began - begun if row else EACH_WITHIN_S


def page_at_rest(data: Path) -> PageReading | None:
    """What the worker counts, once it shows that nobody is connected."""
    (path,) = (data / "run").glob("*.page")
    page = PageView.open(path)
    assert page is not None, path
    reading = page.reading()
    page.close()
    return None if reading.connections or reading.in_flight else reading


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    stage = Stage.set_up(
        tmp_path_factory.mktemp("overload"),
        gateway__connections_max=CONNECTIONS,
        journal__intent_deadline_ms=250,
    )
    answers: dict[str, Answer] = {}
    try:
        asyncio.run(_crowd(stage.proxy.address, answers))
        recovered_s = asyncio.run(_recover(stage.proxy.address, answers))
        stage.proxy.flush()
        page = look_until(lambda: page_at_rest(stage.proxy.data), "a page of a worker at rest")
    finally:
        stage.stop()
        print(stage.logs())
    data = stage.proxy.data
    gaps = rows_of(data / "facts.duckdb", "FROM gaps")
    recorded = evidence(data, [])
    return Aftermath(answers, recovered_s, stage.emulator.ledger("received"), recorded, gaps, page)


def test_it_was_too_much(aftermath: Aftermath) -> None:
    """Guards the other tests: about a third fits."""
    by_status = aftermath.by_status()
    print(by_status, f"recovered after {aftermath.recovered_s:.2f} s")

    served = by_status[200] - POLITE
    assert served <= 1.2 * CAPACITY * (SECONDS + 1)
    assert by_status[503] >= CAPACITY * SECONDS


def test_who_does_not_fit_is_told_to_come_later(aftermath: Aftermath) -> None:
    refused = [one for one in aftermath.answers.values() if one.status != 200]

    assert aftermath.by_status().keys() <= {200, 503, 0}
    assert [one for one in refused if one.raw and b"\r\nRetry-After: 1\r\n" not in one.raw] == []
    assert aftermath.by_status()[0] <= len(refused) // 20, "cut off without a word"


def test_nothing_that_was_refused_was_sent_on(aftermath: Aftermath) -> None:
    received = Counter(line["tag"] for line in aftermath.ledger)
    refused = {tag for tag, answer in aftermath.answers.items() if answer.status != 200}

    assert {tag: count for tag, count in received.items() if count != 1} == {}
    assert received.keys() & refused == set()
    assert received.keys() == aftermath.answers.keys() - refused


def test_upstreams_count_is_the_count_of_the_records(aftermath: Aftermath) -> None:
    recorded = Counter(one.tag for one in aftermath.recorded if one.outcome != "refused")

    assert recorded == Counter(line["tag"] for line in aftermath.ledger)
    assert {one.outcome for one in aftermath.recorded} <= {"complete", "refused"}
    assert aftermath.gaps == []


def test_all_that_came_was_recorded_or_shed(aftermath: Aftermath) -> None:
    page = aftermath.page

    assert page.seen == page.recorded == len(aftermath.recorded)
    assert page.seen + page.shed == len(aftermath.answers)


def test_it_recovers(aftermath: Aftermath) -> None:
    assert aftermath.recovered_s <= RECOVERS_WITHIN_S
