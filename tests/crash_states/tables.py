"""DuckDB beside a traced run. It writes past `os`, so its files are copied after each of its commits."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random
from typing import Final

from proxy.store.database import Database
from proxy.store.position import FactBatch

FILE: Final = "facts.duckdb"
WAL: Final = "facts.duckdb.wal"


class Tables:
    """One database in `folder`, and what it looked like after each commit."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._database = Database.open(folder / FILE)
        self._count = len(list(folder.glob("after-*")))

    def take(self, batch: FactBatch) -> int:
        """Returns the number of the copy."""
        self._database.ingest(batch)
        self._count += 1
        copy = self._folder / f"after-{self._count}"
        copy.mkdir()
        for name in (FILE, WAL):
            if (self._folder / name).exists():
                shutil.copyfile(self._folder / name, copy / name)
        return self._count

    def close(self) -> None:
        self._database.close()


def lay_out(folder: Path, number: int, target: Path, random: Random) -> None:
    """The database as after its commit `number`, perhaps with a piece of the next one's WAL."""
    if number == 0:
        return
    now, later = folder / f"after-{number}", folder / f"after-{number + 1}"
    for path in now.iterdir():
        shutil.copyfile(path, target / path.name)
    if not (later / WAL).exists() or not (now / WAL).exists():
        return
    before, after = (now / WAL).read_bytes(), (later / WAL).read_bytes()
    is_same_file = (now / FILE).read_bytes() == (later / FILE).read_bytes()
    if is_same_file and after.startswith(before):
        (target / WAL).write_bytes(after[: random.randint(len(before), len(after))])
