"""kill -9 of any process of a proxy, again and again, under load."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import Final

from proxy.journal.page import PageView
from tests.end_to_end.load import Attempt, Load
from tests.end_to_end.programs import age_s, look_until, runs
from tests.end_to_end.stage import Proxy

ROUNDS: Final = int(os.environ.get("CRASH_ROUNDS", "5"))
SEED: Final = int(os.environ.get("CRASH_SEED", SystemRandom().getrandbits(32)))
CLIENTS: Final = 32
SEGMENT_BYTES: Final = 4 * 1024 * 1024
"""Of the journals: each killed worker leaves two, and a recorder that is killed as often leaves many for later."""
WORKERS: Final = 4
"""So that one of them is always steady, and kills need not wait for it."""

SHARES: Final = {"recorder": 0.25, "supervisor": 0.05}
"""Of the kills, one at least of each; the rest hits gateways. After a supervisor everything starts anew, which
takes seconds."""
AHEAD: Final = 6
"""So many turns are looked through for one whose victim is there; the others wait for theirs."""
READS_BETWEEN: Final = (1, 500)
"""Reads of the clients between two kills: from the middle of one answer to a hundred answers."""
EARLY: Final = 0.2
"""Part of the kills that hit a process in its first moments, while it replays."""
STEADY_S: Final = 2.5
"""The other victims have served for 2 s: the supervisor then starts them again without delay."""

Aim = tuple[str, Callable[[], None]]
"""A role, and the call that kills one who has it."""

_PAGE: Final = re.compile(r"w(\d+)-([0-9a-f]{16})\.page")


@dataclass(slots=True)
class Killed:
    """What was done, and what the dead had counted."""

    attempts: list[Attempt] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    seen: dict[tuple[int, str], int] = field(default_factory=dict)
    """By worker and boot: exchanges that it began, as its page said when it was dead."""


class Killing:
    """One run; everything but the moments follows from the seed."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._random = Random(SEED)
        self._killed: list[int] = []
        self._views: dict[tuple[int, str], PageView] = {}
        self.found = Killed()

    async def run(self, rounds: int) -> Killed:
        print(f"CRASH_SEED={SEED} CRASH_ROUNDS={rounds}")
        turns = _turns(rounds, self._random)
        load = Load(self._proxy.address, clients=CLIENTS, seed=SEED)
        async with asyncio.TaskGroup() as group:
            group.create_task(load.run(), name="load")
            while turns:
                # Held while nothing can happen: the load is there when the kill comes, and not before.
                load.hold()
                role, kill = await asyncio.to_thread(self._aim, turns)
                load.go_on()
                await load.progress(self._random.randint(*READS_BETWEEN))
                if role == "supervisor":
                    load.hold()
                await asyncio.to_thread(kill)
                self.found.kills[role] += 1
            load.go_on()
            await load.progress(READS_BETWEEN[1])
            load.stop()
        self._look_at_pages()
        self.found.attempts = load.attempts
        print(f"{len(load.attempts)} attempts, kills {dict(self.found.kills)}")
        return self.found

    def count(self) -> None:
        """Note what the pages say. Call it once nothing is under way."""
        for id_, view in self._views.items():
            self.found.seen[id_] = view.reading().seen
            view.close()
        self._views.clear()

    def _aim(self, turns: list[str]) -> Aim:
        """Find the next turn whose victim is there, and take it off the list."""
        is_early = self._random.random() < EARLY

        def look() -> tuple[int, int] | None:
            for place, role in enumerate(turns[:AHEAD]):
                pid = 0 if role == "supervisor" else self._victim(role, is_early=is_early)
                if pid is not None:
                    return place, pid
            return None

        place, pid = look_until(look, f"somebody to kill of {turns[:AHEAD]}")
        role = turns.pop(place)
        return role, (lambda: self._kill(pid, role)) if pid else self._kill_supervisor

    def _victim(self, role: str, *, is_early: bool) -> int | None:
        """Any that has long been there; early: the youngest. Who was killed may be seen a moment longer."""
        there = self._proxy.gateways() if role == "gateway" else self._proxy.recorders()
        living = [pid for pid in there if pid not in self._killed]
        if is_early:
            return min(living, key=age_s, default=None)
        steady = [pid for pid in living if age_s(pid) >= STEADY_S]
        return self._random.choice(steady) if steady else None

    def _kill(self, pid: int, role: str) -> None:
        self._look_at_pages()
        os.kill(pid, signal.SIGKILL)
        self._killed.append(pid)
        look_until(lambda: None if runs(pid, f"proxy.{role}") else True, "its end")

    def _kill_supervisor(self) -> None:
        self._look_at_pages()
        self._proxy.kill()
        self._proxy.start_again()

    def _look_at_pages(self) -> None:
        """Keep hold of every page: what it says outlives its worker and its name."""
        for path in (self._proxy.data / "run").glob("w*.page"):
            name = _PAGE.fullmatch(path.name)
            id_ = (int(name[1]), name[2]) if name else None
            if id_ and id_ not in self._views and (view := PageView.open(path)):
                self._views[id_] = view


def _turns(rounds: int, random: Random) -> list[str]:
    """Who is killed, in order."""
    turns = [role for role, share in SHARES.items() for _ in range(max(1, round(rounds * share)))]
    turns += ["gateway"] * (rounds - len(turns))
    random.shuffle(turns)
    return turns
