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

ROUNDS: Final = int(os.environ.get("CRASH_ROUNDS", "8"))
SEED: Final = int(os.environ.get("CRASH_SEED", SystemRandom().getrandbits(32)))
CLIENTS: Final = 32
WORKERS: Final = 4
"""So that one of them is always steady, and kills need not wait for it."""

ROLES: Final = {"gateway": 12, "recorder": 7, "supervisor": 1}
"""Who is killed, and how often. After a supervisor everything starts anew, which takes seconds."""
READS_BETWEEN: Final = (1, 500)
"""Reads of the clients between two kills: from the middle of one answer to a hundred answers."""
EARLY: Final = 0.2
"""Part of the kills that hit a process in its first moments, while it replays."""
STEADY_S: Final = 2.5
"""The other victims have served for 2 s: the supervisor then starts them again without delay."""

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
        load = Load(self._proxy.address, clients=CLIENTS, seed=SEED)
        async with asyncio.TaskGroup() as group:
            group.create_task(load.run(), name="load")
            for _ in range(rounds):
                (role,) = self._random.choices(list(ROLES), list(ROLES.values()))
                # Held while nothing can happen: the load is there when the kill comes, and not before.
                load.hold()
                kill = await asyncio.to_thread(self._aim, role)
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

    def _aim(self, role: str) -> Callable[[], None]:
        """Find whom to kill; the call that does it."""
        if role == "supervisor":
            return self._kill_supervisor
        least_s = 0.0 if self._random.random() < EARLY else STEADY_S

        def look() -> int | None:
            pids = self._proxy.gateways() if role == "gateway" else self._proxy.recorders()
            return next((pid for pid in pids if self._is_victim(pid, least_s)), None)

        pid = look_until(look, f"a {role} of {least_s:g} s")
        return lambda: self._kill(pid, role)

    def _kill(self, pid: int, role: str) -> None:
        self._look_at_pages()
        os.kill(pid, signal.SIGKILL)
        self._killed.append(pid)
        look_until(lambda: None if runs(pid, f"proxy.{role}") else True, "its end")

    def _is_victim(self, pid: int, least_s: float) -> bool:
        """One that was killed may be seen for a moment longer."""
        return pid not in self._killed and age_s(pid) >= least_s

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
