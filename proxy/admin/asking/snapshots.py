"""Copies of the tables for statements of other people: one for all who ask within a minute."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from proxy.errors import StoreError

AGE_NS: Final = 60 * 1_000_000_000
"""A statement sees what was recorded up to so long ago. A copy pauses the writer, and costs the disk: so long after
it was made it goes, unless somebody still asks it."""
MADE_WITHIN_S: Final = 60.0
"""A checkpoint and a copy of 4.6 GB take some 10 s."""

Copy = Callable[[Path], Future[Any]]


class Snapshots:
    """Used in one event loop. A copy stays as long as somebody asks it."""

    def __init__(self, folder: Path, copy: Copy, mono_ns: Callable[[], int]) -> None:
        """`copy`: TablesFollower.reach with a target."""
        self._folder = folder
        self._copy = copy
        self._mono_ns = mono_ns
        self._turn = asyncio.Lock()
        self._newest: Path | None = None
        self._made_ns = 0
        self._number = 0
        self._asked: Counter[Path] = Counter()
        self._forgetting: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def newest(self) -> AsyncIterator[Path]:
        """A copy not older than AGE_NS, for as long as it is asked.

        Raises:
            StoreError: it cannot be made.
        """
        path = await self._newest_path()
        self._asked[path] += 1
        try:
            yield path
        finally:
            self._asked[path] -= 1
            self._remove_unasked()
            self._forget_if_old()

    def clear(self) -> None:
        """Remove all, also what a killed recorder left."""
        for path in self._folder.glob("audit-*.duckdb*"):
            path.unlink(missing_ok=True)
        self._newest = None
        self._asked.clear()
        if self._forgetting is not None:
            self._forgetting.cancel()
            self._forgetting = None

    async def _newest_path(self) -> Path:
        async with self._turn:
            newest = self._newest
            is_old = self._mono_ns() - self._made_ns >= AGE_NS
            if newest is None or is_old or not newest.exists():  # an erasure sweeps copies away
                newest = await self._make()
                if self._newest is not None:
                    self._asked[self._newest] += 0  # it goes once nobody asks it
                self._newest = newest
                self._remove_unasked()
            return newest

    async def _make(self) -> Path:
        self._number += 1
        made_ns = self._mono_ns()
        target = self._folder / f"audit-{self._number}.duckdb"
        copying = self._copy(target)
        try:
            async with asyncio.timeout(MADE_WITHIN_S):
                await asyncio.wrap_future(copying)
        except TimeoutError as error:
            copying.add_done_callback(lambda _: _remove(target))  # it may be under way
            raise StoreError(f"no copy of the tables within {MADE_WITHIN_S:g} s") from error
        self._made_ns = made_ns
        return target

    def _forget_if_old(self) -> None:
        """Remove the newest copy once it is old and unasked; who leaves it later comes here, too."""
        newest = self._newest
        if newest is None or self._asked[newest] or self._forgetting is not None:
            return
        left_ns = self._made_ns + AGE_NS - self._mono_ns()
        if left_ns > 0:
            loop = asyncio.get_running_loop()
            self._forgetting = loop.call_later(left_ns / 1e9, self._forget)
            return
        self._newest = None
        self._asked[newest] += 0
        self._remove_unasked()

    def _forget(self) -> None:
        self._forgetting = None
        self._forget_if_old()

    def _remove_unasked(self) -> None:
        for path in [path for path, count in self._asked.items() if count == 0]:
            if path == self._newest:
                continue
            del self._asked[path]
            _remove(path)


def _remove(copy: Path) -> None:
    for each in (copy, copy.with_name(copy.name + ".wal")):
        each.unlink(missing_ok=True)
