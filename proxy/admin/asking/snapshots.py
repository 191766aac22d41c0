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
"""A statement sees what was recorded up to so long ago. A copy pauses the writer, and costs the disk."""
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

    def clear(self) -> None:
        """Remove all, also what a killed recorder left."""
        for path in self._folder.glob("audit-*.duckdb*"):
            path.unlink(missing_ok=True)
        self._newest = None
        self._asked.clear()

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
        try:
            async with asyncio.timeout(MADE_WITHIN_S):
                await asyncio.wrap_future(self._copy(target))
        except TimeoutError as error:
            raise StoreError(f"no copy of the tables within {MADE_WITHIN_S:g} s") from error
        self._made_ns = made_ns
        return target

    def _remove_unasked(self) -> None:
        for path in [path for path, count in self._asked.items() if count == 0]:
            if path == self._newest:
                continue
            del self._asked[path]
            for each in (path, path.with_name(path.name + ".wal")):
                each.unlink(missing_ok=True)
