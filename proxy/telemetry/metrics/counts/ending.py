"""Interactions on their way: begun here, their end not seen yet. So each end is counted once.

Bounded, and saved with the counts: a restart of the recorder forgets none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

OPEN_MAX: Final = 10_000
"""Interactions whose end is waited for, 300 bytes each. Beyond it the oldest counts as unseen."""
OPEN_NS: Final = 24 * 3600 * 1_000_000_000
"""How long an end is waited for: an agent runs an hour at most, the free tier keeps answers a day."""


@dataclass(slots=True)
class Open:
    """One of them. Mutable."""

    began_at: int
    """Wall clock, ns."""
    model: str | None
    agent: str | None
    mode: str
    status: str
    steps_seen: int
    """Output steps that are counted already."""


class OpenRuns:
    """By hash of the id, the oldest first."""

    def __init__(self) -> None:
        self._runs: dict[int, Open] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Open]:
        return iter(self._runs.values())

    def begin(self, id_hash: int, run: Open) -> None:
        self._runs[id_hash] = run

    def find(self, id_hash: int) -> Open | None:
        return self._runs.get(id_hash)

    def end(self, id_hash: int) -> Open | None:
        return self._runs.pop(id_hash, None)

    def overdue(self, now_ns: int) -> list[Open]:
        """Take out those nobody will see the end of; `now_ns` is the time of the facts, not ours."""
        found: list[tuple[int, Open]] = []
        for id_hash, run in self._runs.items():
            is_over = len(self._runs) - len(found) > OPEN_MAX or now_ns - run.began_at > OPEN_NS
            if not is_over:
                break
            found.append((id_hash, run))
        for id_hash, _ in found:
            del self._runs[id_hash]
        return [run for _, run in found]

    def to_json(self) -> list[Any]:
        return [[str(id_hash), asdict(run)] for id_hash, run in self._runs.items()]

    def restore(self, saved: list[Any]) -> None:
        """Raises ValueError or TypeError: not what to_json gives."""
        self._runs = {int(id_hash): Open(**run) for id_hash, run in saved}
