"""Who disposes of whose copies on this data folder: for each client one process at a time.

Two desks that care for the same copy would each send its DELETE. Whoever disposes says for which clients in a file that
it keeps locked; the kernel unlocks it when that process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

FOLDER: Final = "disposers"
"""In the run folder: a file for each process that disposes, and one that is locked while they are looked through."""
_GATE: Final = "gate.lock"
_OWNER_ONLY: Final = 0o700


class Claim:
    """One process's clients. Taken when nobody else has one of them; let go with `close`, or by the end of the process."""

    def __init__(self, run_folder: Path, scope: Iterable[str]) -> None:
        """`scope`: fingerprints of credentials."""
        self._folder = run_folder / FOLDER
        self._scope = sorted(scope)
        self._path = self._folder / f"{secrets.token_hex(8)}.json"
        self._file: BinaryIO | None = None

    def take(self) -> bool:
        """Whether it is ours now. Raises OSError."""
        if self._file is not None:
            return True
        self._folder.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        with (self._folder / _GATE).open("ab") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            if any(not taken.isdisjoint(self._scope) for taken in _living(self._folder)):
                return False
            self._file = self._path.open("wb", buffering=0)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._file.write(json.dumps(self._scope).encode())
            except OSError:  # a full disk: without its words it would claim nothing
                self.close()
                raise
        return True

    def close(self) -> None:
        """Let go; it may be taken again."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self._file.close()
            self._file = None


def _living(folder: Path) -> Iterator[frozenset[str]]:
    """What others claim; the files of those who have ended are removed."""
    for path in sorted(folder.glob("*.json")):
        with suppress(FileNotFoundError), path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield frozenset(json.loads(file.read()))
            else:
                path.unlink(missing_ok=True)
