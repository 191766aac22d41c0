"""Erasing among many interactions: from the wish to the tables, with its acts, marks and keys.

What the vault's commit of the acts costs, a millisecond, is not counted; what follows later and serves many erasures neither:
settling, and writing the file anew.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from proxy.audit.erasure.wish import Wish
from proxy.audit.retention.cascade import Reach
from proxy.journal.slots import SLOT_BYTES, Keystore, SlotFile, slot_offset, slots_path
from proxy.recorder.erasing.asking import Questions
from proxy.recorder.erasing.eraser import Done, Eraser, Means
from proxy.recorder.keeping.keepings import Keepings
from proxy.recorder.tables import TablesFollower
from proxy.recording.facts import ActFact
from proxy.recording.secrecy.equality import Equality
from proxy.store.database import Database
from proxy.store.erasing.tombstones import Tombstones
from proxy.store.position import VAULT_START, FactBatch, VaultPosition
from proxy.store.sandbox.functions import pandas_not_sought
from proxy.store.vault.reader import VaultReader
from tests.journal.written import MASTER
from tests.scale.many import COUNT, PLAY, SLOWER, name_in_copy

ONE_S: Final = 0.05
MANY_S: Final = 60.0
MANY: Final = max(5, COUNT // 100)
"""10,000 of a million."""
TIMES: Final = 5
TURN: Final = "v1_ChZ1WndEYTQ4LWI1UjRheXVXcUROM2533"
"""The fourth of a conversation of eight; its exchange is the fourth of its copy."""
EXCHANGES_OF_A_COPY: Final = 100
NOTHING: Final = Equality(None)


class NoVault(VaultReader):
    """All that was told is in the tables."""

    def __init__(self) -> None: ...

    def follow(self, *_: object) -> list[FactBatch]:  # type: ignore[override]
        return []

    def close(self) -> None: ...


class Told:
    """A vault that takes acts at once."""

    def __init__(self, follower: TablesFollower, begin: VaultPosition) -> None:
        self._follower = follower
        self._position = begin

    def tell(self, acts: Sequence[ActFact]) -> Future[VaultPosition]:
        self._position = VaultPosition(self._position.file, self._position.offset + 1)
        self._follower.offer(FactBatch((), (), tuple(acts), self._position))
        return self.flush()

    def flush(self) -> Future[VaultPosition]:
        done: Future[VaultPosition] = Future()
        done.set_result(self._position)
        return done


def keys_of(folder: Path, copies: Sequence[int]) -> Keystore:
    """Slots of the exchanges that are to go; all others are as if they had gone."""
    SlotFile.create(folder, MASTER, 0, 7).close()
    with slots_path(folder, 0, 7).open("r+b") as file:
        for copy in copies:
            file.seek(slot_offset(4 + copy * EXCHANGES_OF_A_COPY))
            file.write(os.urandom(SLOT_BYTES))
    return Keystore(folder, MASTER)


@asynccontextmanager
async def erasing(many: Database, folder: Path, copies: Sequence[int]) -> AsyncIterator[Eraser]:
    """On a copy of the tables, which nobody else has."""
    file = many.snapshot(folder / "facts.duckdb")
    follower = TablesFollower(
        lambda: Database.open(file),
        lambda: None,
        NoVault,
        batch_rows=1000,
        batch_ms=250,
        mono_ns=time.monotonic_ns,
    )
    told = Told(follower, VAULT_START)
    means = Means(
        keystore=keys_of(folder / "slots", copies),
        tombstones=Tombstones.open(folder),
        label_index=NOTHING,
        tell=told.tell,
        flush=told.flush,
        reach=follower.reach,
        open_reader=NoVault,
        now_ns=time.time_ns,
        keepings=Keepings(None, NOTHING, time.time_ns),
    )
    thread = threading.Thread(target=follower.run)
    thread.start()
    opened = follower.reach(VAULT_START)
    try:
        await asyncio.wrap_future(opened)
        with pandas_not_sought():  # as in the recorder
            yield Eraser(means, Questions(follower.reader))
    finally:
        follower.stop()
        thread.join()
        means.keystore.close()


async def gone(eraser: Eraser, *copies: int) -> Done:
    names = tuple(name_in_copy(TURN, copy) for copy in copies)
    wish = Wish(None, None, None, Reach.NODE, False, "asked", "ann", False, interactions=names)  # noqa: FBT003
    done = await eraser.erase(wish)
    assert done.plan.order == tuple(sorted(names))
    assert len(done.plan.exchanges) == len(names)
    assert not done.unproven
    return done


async def test_one_is_erased_among_many_in_a_twentieth_of_a_second(
    many: Database, tmp_path: Path
) -> None:
    middle = COUNT // PLAY // 2
    copies = [(middle + number * 17) % (COUNT // PLAY) for number in range(TIMES)]
    took: list[float] = []
    async with erasing(many, tmp_path, copies) as eraser:
        for copy in copies:
            began_s = time.process_time()
            await gone(eraser, copy)
            took.append(time.process_time() - began_s)

    middle_s = sorted(took)[TIMES // 2]
    print(
        f"one erasure: {middle_s * 1e3:.0f} CPU ms at {COUNT:,} ({[round(s * 1e3) for s in took]})"
    )
    assert middle_s < ONE_S * SLOWER


async def test_of_many_one_in_a_hundred_is_erased_within_a_minute(
    many: Database, tmp_path: Path
) -> None:
    copies = [number * (COUNT // PLAY) // MANY for number in range(MANY)]
    async with erasing(many, tmp_path, copies) as eraser:
        began_s = time.process_time()
        await gone(eraser, *copies)
        took_s = time.process_time() - began_s

    print(f"{MANY:,} erasures: {took_s:.2f} CPU s at {COUNT:,}")
    assert took_s < MANY_S
