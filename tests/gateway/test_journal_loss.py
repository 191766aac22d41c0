"""A worker whose journal has no room, fails, and comes back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from proxy.gateway import server
from proxy.journal.format import Gap, Kind, Mode, Outcome
from proxy.journal.page import SPACE
from proxy.journal.segments.space import Space, SpaceLimits
from tests.gateway.stage import GET, Stage, post, response
from tests.gateway.still import StillStage


async def test_without_room_strict_refuses_and_counts_and_what_is_in_flight_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [5000]
    monkeypatch.setattr("proxy.journal.segments.space.os.statvfs", lambda _: statvfs(free[0]))
    monkeypatch.setattr(server, "SWEEP_S", 3600.0)
    limits = SpaceLimits(hard_bytes=1000)
    async with Stage(tmp_path, space=limits, segment_bytes=16 << 20) as stage:
        page, writer = stage.worker._page, stage.worker._writer
        client, upstream = await begun(stage)
        free[0] = 10
        writer.look_at_disk()
        await stage.until(lambda: page.words[SPACE] == Space.SHORT)

        for _ in range(3):
            refused = await stage.client()
            await refused.send(post(b"{}"))
            assert b"HTTP/1.1 503 " in await refused.end()
        await upstream.send(b" and more")
        upstream.close()
        await client.until(b" and more")
        free[0] = 5000
        writer.look_at_disk()
        await stage.until(lambda: page.words[SPACE] == Space.AMPLE)
        third, _ = await stage.exchange()
        third.close()

        first, last = await stage.recorded()
        assert first.response_body == b"some and more"
        assert last.outcome is Outcome.COMPLETE
        said = [note[1:].decode() for note in stage.worker_notes(Kind.MODE)]
        assert said[1].startswith("room is short: 0 MiB free")
        assert said[2] == "room is ample: exchanges begin"
        (gap,) = map(Gap.decode, stage.worker_notes(Kind.GAP))
        assert gap.exchange_count == 3


def statvfs(free_bytes: int) -> os.statvfs_result:
    return os.statvfs_result((1, 1, 0, free_bytes, free_bytes, 0, 0, 0, 0, 255))


@pytest.mark.parametrize("mode", [Mode.STRICT, Mode.AVAILABLE])
async def test_when_even_the_reserve_is_needed_every_record_is_closed(
    tmp_path: Path, mode: Mode
) -> None:
    async with StillStage(tmp_path, mode=mode) as still:
        client = await still.client()
        await client.send(GET)
        still.journal.commit()
        await still.noted(Kind.INTENT)
        still.journal.commit()
        upstream = await still.accepted()
        await upstream.head()
        still.journal.is_full = True

        await upstream.send(response(b"ok"))

        if mode is Mode.STRICT:
            assert await client.is_reset()
        else:
            assert await client.message() == response(b"ok")
        assert still.journal.outcomes() == [Outcome.PROXY_ERROR]


async def begun(stage: Stage) -> tuple[Any, Any]:
    """An exchange in the middle of its answer."""
    client = await stage.client()
    await client.send(GET)
    upstream = await stage.accepted()
    await upstream.head()
    await upstream.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nsome")
    await client.until(b"some")
    return client, upstream


def break_journal(stage: Stage) -> None:
    """The folder that is written to is gone, and cannot be made again."""
    folder = stage.folder / "journal" / "w0"
    folder.rename(folder.with_name("away"))
    folder.touch()


def mend_journal(stage: Stage) -> None:
    folder = stage.folder / "journal" / "w0"
    folder.unlink()
    folder.with_name("away").rename(folder)


async def test_strict_breaks_what_is_in_flight_and_refuses_until_there_is_a_journal_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "REOPEN_S", -1.0)
    monkeypatch.setattr(server, "SWEEP_S", 3600.0)
    async with Stage(tmp_path) as stage:
        stage.may_miss_ends = True
        client, upstream = await begun(stage)
        break_journal(stage)
        await upstream.send(b"more")

        assert await client.is_reset(), "an open-ended body must not look whole"
        second = await stage.client()
        await second.send(GET)
        assert (await second.end()).startswith(b"HTTP/1.1 503 ")

        mend_journal(stage)
        await stage.worker._reopen_journal()
        assert not stage.worker._tap.failure
        third, _ = await stage.exchange()
        third.close()
        latest = max(await stage.recorded(), key=lambda one: one.entries[0].mono_ns)
        assert latest.outcome is Outcome.COMPLETE


async def test_available_goes_on_without_a_journal_and_records_again_with_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SWEEP_S", 3600.0)
    async with Stage(tmp_path, mode=Mode.AVAILABLE) as stage:
        stage.may_miss_ends = True
        client, upstream = await begun(stage)
        break_journal(stage)
        await upstream.send(b" more")
        await client.until(b" more")
        await stage.until(lambda: stage.worker._tap.failure)
        assert stage.worker._page.seen == 1

        other, _ = await stage.exchange()
        mend_journal(stage)
        await stage.worker._reopen_journal()
        await upstream.send(b" and more")
        await client.until(b" and more")
        upstream.close()
        await client.end()
        third, _ = await stage.exchange()

        other.close()
        third.close()
        recorded = await stage.recorded()
        assert [one.outcome for one in recorded] == [Outcome.COMPLETE]
        (gap,) = map(Gap.decode, stage.worker_notes(Kind.GAP))
        assert (stage.worker._page.seen, gap.exchange_count) == (2, 1)


async def test_a_journal_that_takes_no_more_is_a_failed_one(tmp_path: Path) -> None:
    """Its thread may hang in the disk: nobody but the tap notices, and what is held must end."""
    async with StillStage(tmp_path) as still:
        still.may_miss_ends = True
        client = await still.client()
        await client.send(post(b"x" * 10)[:-1])
        upstream = await still.accepted()
        await still.noted(Kind.REQUEST_CHUNK)
        still.journal.commit()
        await upstream.until(b"x" * 9)

        still.journal.refusal = "the disk is behind"
        await client.send(b"x")

        assert await client.is_reset()
        assert not await upstream.end()


async def test_a_refusal_that_waits_for_a_failed_journal_is_said_all_the_same(
    tmp_path: Path,
) -> None:
    async with StillStage(tmp_path) as still:
        client = await still.client()
        await client.send(b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n")
        await still.noted(Kind.END)

        still.worker._failed("the disk is gone")

        assert (await client.end()).startswith(b"HTTP/1.1 405 ")


async def test_late_words_of_an_earlier_journal_release_nothing(tmp_path: Path) -> None:
    async with StillStage(tmp_path) as still:
        client = await still.client()
        await client.send(GET)
        upstream = await still.accepted()
        await still.noted(Kind.REQUEST_END)
        worker = still.worker

        worker._committed(worker._journal_number - 1, 1 << 40)
        worker._writer_failed(worker._journal_number - 1, "late")

        assert worker._tap._held
        assert not worker._tap.failure
        client.close()
        await still.noted(Kind.END)
        upstream.close()


async def test_a_journal_that_cannot_be_opened_again_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SWEEP_S", 3600.0)
    async with Stage(tmp_path) as stage:
        pages = sorted((tmp_path / "run").iterdir())
        (tmp_path / "keys" / "slots").rename(tmp_path / "keys" / "away")
        (tmp_path / "keys" / "slots").write_text("not a folder")

        stage.worker._failed("for the test")
        await stage.worker._reopen_journal()

        assert stage.worker._tap.failure
        assert sorted((tmp_path / "run").iterdir()) == pages
        (tmp_path / "keys" / "slots").unlink()
        (tmp_path / "keys" / "away").rename(tmp_path / "keys" / "slots")
