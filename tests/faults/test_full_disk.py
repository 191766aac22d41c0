"""A data folder whose disk has little room, or none: refused before it is sent, counted, and over by itself.

Short writes happen here for real, at the edge of the full disk.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from proxy.journal.page import PageView, pages
from proxy.journal.segments.space import Space
from tests.end_to_end.load import Attempt
from tests.end_to_end.programs import look_until
from tests.end_to_end.stage import Stage
from tests.faults.account import Account
from tests.faults.asking import LARGE, SMALL, asked
from tests.faults.disks import MIB, Disk, small_disk

SOFT: Final = 96 * MIB
HARD: Final = 48 * MIB
SEGMENT: Final = 4 * MIB
NOTICED_WITHIN_S: Final = 5.0
RECOVERED_WITHIN_S: Final = 5.0
"""The promise. Looks are a second apart."""
REFUSED: Final = 12


@dataclass(slots=True)
class Play:
    """A stage on a small disk, and all that was asked on it."""

    stage: Stage
    disk: Disk
    crew: ThreadPoolExecutor
    attempts: list[Attempt] = field(default_factory=list)
    streams: list[Future[Attempt]] = field(default_factory=list)

    def ask(self, size: int = SMALL) -> int:
        tag = f"{len(self.attempts)} {size}"
        self.attempts.append(asked(self.stage.proxy.address, tag, size=size))
        return self.attempts[-1].status

    def begin_streams(self) -> None:
        """Four streams of some 4 s, which have begun when this returns."""
        address = self.stage.proxy.address
        for number in range(4):
            tag = f"stream {number}"
            self.streams.append(self.crew.submit(asked, address, tag, gap_s=0.2))
        look_until(self._streams_began, "the beginning of all streams")

    def _streams_began(self) -> bool | None:
        received = [line["tag"] for line in self.stage.emulator.ledger("received")]
        return True if sum(tag.startswith("stream") for tag in received) == 4 else None

    def asked_until(self, status: int, within_s: float) -> float:
        """Ask until this is answered; how long that took."""
        began = time.monotonic()
        look_until(lambda: True if self.ask() == status else None, f"an answer {status}")
        took = time.monotonic() - began
        assert took < within_s, f"{took:.1f} s until {status}"
        return took

    def room(self) -> Space:
        """What the gateway's page says."""
        ((_, _, path),) = pages(self.disk.folder / "run")
        view = PageView.open(path)
        assert view is not None
        try:
            return Space(view.reading().space)
        finally:
            view.close()

    def account(self) -> Account:
        """Flush, stop, and see."""
        self.attempts += [stream.result() for stream in self.streams]
        self.stage.proxy.flush()
        self.stage.stop()
        return Account.of(self.stage, self.attempts)


class SetTheStage:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack

    def __call__(self, kind: str, **settings: object) -> Play:
        disk = self._stack.enter_context(small_disk(self._folder / "data", kind))
        given = {
            "journal__soft_bytes": SOFT,
            "journal__hard_bytes": HARD,
            "journal__segment_bytes": SEGMENT,
        }
        stage = Stage.set_up(self._folder, **(given | settings))
        self._stack.callback(lambda: print(stage.logs()))
        self._stack.callback(stage.stop)
        crew = self._stack.enter_context(ThreadPoolExecutor(8))
        return Play(stage, disk, crew)


@pytest.fixture
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SetTheStage]:
    with ExitStack() as stack:
        yield SetTheStage(tmp_path_factory.mktemp("disk"), stack)


def test_below_the_soft_threshold_everything_goes_on_and_is_said(play: SetTheStage) -> None:
    scene = play("tmpfs")
    assert scene.ask() == 200

    scene.disk.fill((SOFT + HARD) // 2)
    look_until(lambda: True if scene.room() is Space.LOW else None, "the alarm")
    served = [scene.ask() for _ in range(5)]
    scene.disk.free_up()
    look_until(lambda: True if scene.room() is Space.AMPLE else None, "its end")

    account = scene.account()
    account.check()
    assert served == [200] * 5
    assert account.declared() == 0
    said = [detail for (detail,) in account.sql("SELECT detail FROM acts WHERE kind = 'mode'")]
    assert any("room is low" in detail for detail in said), said
    assert any("room is ample" in detail for detail in said), said


@pytest.mark.parametrize(
    ("kind", "leave_bytes"),
    [("tmpfs", HARD // 2), ("tmpfs", 0), ("ext4", 0)],
    ids=["tmpfs-hard", "tmpfs-full", "ext4-full"],
)
def test_without_room_strict_refuses_before_forwarding_and_recovers_by_itself(
    play: SetTheStage, kind: str, leave_bytes: int
) -> None:
    scene = play(kind)
    assert scene.ask(LARGE) == 200
    scene.begin_streams()

    scene.disk.fill(leave_bytes)
    noticed_s = scene.asked_until(503, NOTICED_WITHIN_S)
    refused = [scene.ask() for _ in range(REFUSED)]
    streams = [stream.result(60) for stream in scene.streams]
    scene.disk.free_up()
    recovered_s = scene.asked_until(200, RECOVERED_WITHIN_S)

    account = scene.account()
    print(f"noticed after {noticed_s:.1f} s, recovered after {recovered_s:.1f} s")
    print(f"streams that saw their end: {sum(stream.saw_end for stream in streams)} of 4")
    account.check()
    assert refused == [503] * REFUSED
    assert account.declared() == account.rejected()
    assert account.sql("FROM acts WHERE kind = 'damage'") == []
    account.check_rebuilt()


def test_without_room_available_goes_on_and_counts_what_it_cannot_record(
    play: SetTheStage,
) -> None:
    scene = play("tmpfs", journal__mode="available")
    assert scene.ask() == 200
    scene.begin_streams()

    scene.disk.fill(0)
    look_until(lambda: True if scene.room() >= Space.SHORT else None, "the want of room")
    statuses = [scene.ask(LARGE) for _ in range(10)]
    for stream in scene.streams:
        stream.result(60)
    scene.disk.free_up()
    look_until(lambda: True if scene.room() is Space.AMPLE else None, "room")
    statuses.append(scene.ask())

    account = scene.account()
    assert statuses == [200] * 11
    assert sum(account.received.values()) == len(account.recorded) + account.declared()
    assert account.declared() > 0


def test_on_a_full_disk_the_vault_still_takes_from_the_journal_what_fits_into_the_reserve(
    play: SetTheStage,
) -> None:
    """Without one the recorder could not begin, and the journal's segments would stay where they are."""
    scene = play("ext4")
    (recorder,) = scene.stage.proxy.recorders()
    os.kill(recorder, signal.SIGSTOP)
    for _ in range(14):
        assert scene.ask(LARGE) == 200
    scene.disk.fill(0)
    before = segments(scene.disk)

    os.kill(recorder, signal.SIGCONT)
    look_until(lambda: True if segments(scene.disk) < before else None, "the end of a segment")
    reserve = scene.disk.folder / "reserve"
    was_given_up = not reserve.exists()
    scene.disk.free_up()
    scene.asked_until(200, RECOVERED_WITHIN_S)
    look_until(lambda: True if reserve.exists() else None, "a new reserve")

    account = scene.account()
    account.check()
    assert was_given_up
    assert account.declared() == account.rejected()


def segments(disk: Disk) -> int:
    return len(list(disk.folder.glob("journal/w*/*.seg")))
