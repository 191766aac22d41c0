from __future__ import annotations

import asyncio
from typing import Any

import pytest

from proxy.audit.policing.knowledge import Knowledge
from proxy.door import following as following_module
from proxy.door.following import Following
from proxy.steward.asking import NotAnswered


class Records:
    """What a recorder would say."""

    def __init__(self) -> None:
        self.created: list[dict[str, Any]] = []
        self.held: list[dict[str, Any]] = []
        self.leaving: list[dict[str, Any]] = []
        self.acts = 0
        self.asked: list[str] = []
        self.is_away = False

    async def flush(self) -> None:
        self.asked.append("flush")

    async def query(self, name: str, **given: Any) -> list[dict[str, Any]]:
        if self.is_away:
            raise NotAnswered("away")
        self.asked.append(name)
        if name == "door_news":
            return [{"acts": self.acts, "last_us": self.acts}]
        if name == "door_created":
            rows = [row for row in self.created if row["at_us"] >= given["since_us"]]
        else:
            rows = self.held if name == "door_held" else self.leaving
            rows = [row for row in rows if row["interaction"] > given["after"]]
        return rows[: given["limit"]]


def created(name: str, at_us: int, client: str = "ann") -> dict[str, Any]:
    return {"interaction": name, "client": client, "previous": None, "at_us": at_us}


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> Records:
    monkeypatch.setattr(following_module, "PAGE", 2)
    monkeypatch.setattr(following_module, "LOOK_S", 0.001)
    return Records()


def follows(records: Records) -> tuple[Following, Knowledge]:
    known = Knowledge()
    return Following(records, known, lambda: 10**13), known  # type: ignore[arg-type]


async def test_it_begins_with_all_that_is_durable_page_by_page(records: Records) -> None:
    records.created = [created(f"v1_{n}", n // 2) for n in range(7)]
    records.held = [{"interaction": f"v1_{n}", "is_conversation": n > 3} for n in range(5)]
    records.leaving = [{"interaction": "v1_x"}]
    following, known = follows(records)

    await following.load()

    assert records.asked[0] == "flush"
    assert len(known) == 7
    assert all(known.is_held(f"v1_{n}") for n in range(5))
    assert known.is_leaving("v1_x")


async def test_a_page_of_one_instant_does_not_stop_it(records: Records) -> None:
    records.created = [*(created(f"v1_{n}", 5) for n in range(2)), created("v1_z", 6)]
    following, known = follows(records)
    await following.load()
    assert known.maker("v1_z") == "ann"


async def test_news_is_taken_over_and_holds_are_asked_for_only_then(records: Records) -> None:
    following, known = follows(records)
    await following.load()
    records.asked.clear()
    records.created.append(created("v1_new", 9))
    await following.look()
    assert known.maker("v1_new") == "ann"
    assert records.asked == ["door_created", "door_news"]

    records.acts, records.held = 1, [{"interaction": "v1_new", "is_conversation": False}]
    await following.look()
    assert known.is_held("v1_new")


async def test_a_clock_that_is_set_back_hides_nothing(records: Records) -> None:
    known, now_us = Knowledge(), [7200 * 10**6]
    following = Following(records, known, lambda: now_us[0])  # type: ignore[arg-type]
    records.created = [created("v1_a", now_us[0])]
    await following.load()

    now_us[0] -= 3600 * 10**6
    records.created = [created("v1_b", now_us[0]), *records.created]
    await following.look()

    assert known.maker("v1_b") == "ann"


async def test_without_a_recorder_it_goes_by_what_it_knows(records: Records) -> None:
    following, known = follows(records)
    records.created = [created("v1_a", 1)]
    await following.load()
    records.is_away = True
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(following.run())
        async with asyncio.timeout(20):
            for _ in range(50):
                await asyncio.sleep(0)
        records.is_away = False
        records.created.append(created("v1_b", 2))
        async with asyncio.timeout(20):
            while known.maker("v1_b") is None:  # noqa: ASYNC110 - a second is a millisecond here
                await asyncio.sleep(0)
        running.cancel()
    assert known.maker("v1_a") == "ann"
