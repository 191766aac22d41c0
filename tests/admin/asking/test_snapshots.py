from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from proxy.admin.asking import snapshots
from proxy.admin.asking.snapshots import AGE_NS, Snapshots
from proxy.errors import StoreError
from tests.end_to_end.programs import look_until


class Clock:
    now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def copied(target: Path) -> Future[Any]:
    target.touch()
    done: Future[Any] = Future()
    done.set_result(target)
    return done


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_all_who_ask_within_a_minute_share_one_copy(tmp_path: Path) -> None:
    clock = Clock()
    made = Snapshots(tmp_path, copied, clock)

    async with made.newest() as first:
        clock.now_ns = AGE_NS - 1
        async with made.newest() as second:
            assert second == first
        clock.now_ns = AGE_NS
        async with made.newest() as third:
            assert third != first


async def test_one_that_is_asked_stays_and_the_others_before_the_newest_go(tmp_path: Path) -> None:
    clock = Clock()
    made = Snapshots(tmp_path, copied, clock)
    async with made.newest() as asked:
        for minute in range(1, 5):
            clock.now_ns = minute * AGE_NS
            async with made.newest():
                assert asked.exists()

        assert names(tmp_path) == ["audit-1.duckdb", "audit-5.duckdb"]

    assert names(tmp_path) == ["audit-5.duckdb"]
    made.clear()
    assert names(tmp_path) == []


async def test_a_copy_that_does_not_come_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "MADE_WITHIN_S", 0.01)

    with pytest.raises(StoreError, match="no copy"):
        async with Snapshots(tmp_path, lambda _target: Future(), Clock()).newest():
            pass


async def test_a_copy_that_comes_too_late_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "MADE_WITHIN_S", 0.01)
    under_way: Future[Any] = Future()
    under_way.set_running_or_notify_cancel()

    with pytest.raises(StoreError, match="no copy"):
        async with Snapshots(tmp_path, lambda _target: under_way, Clock()).newest():
            pass
    (tmp_path / "audit-1.duckdb").touch()
    under_way.set_result(None)

    assert names(tmp_path) == []


async def test_one_that_nobody_asks_any_more_goes_when_it_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "AGE_NS", 20_000_000)
    made = Snapshots(tmp_path, copied, time.monotonic_ns)

    async with made.newest():
        pass

    await asyncio.to_thread(look_until, lambda: True if not names(tmp_path) else None, "its end")
    async with made.newest() as again:
        assert again.exists()
    made.clear()
