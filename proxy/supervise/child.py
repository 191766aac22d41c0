"""One child process: started, waited for, started again when it ends, stopped at last."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from proxy.errors import StartRefused
from proxy.lifeline import READY, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patient the supervisor is. Tests take shorter ones."""

    ready_within_s: float = 30.0
    """A recorder may replay a journal before it is ready: 1 GiB at the measured 100 MB/s is 10 s."""
    steady_after_s: float = 2.0
    """A child that lived this long is started again at once; one that did not waits."""
    back_off_least_s: float = 0.05
    back_off_most_s: float = 5.0
    """Doubling from the least; so a child that cannot live costs one start each 5 s, for ever."""
    kill_within_s: float = 2.0
    """How long a child may take to end when the start was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildPlan:
    """What to start. `lifeline` becomes its stdin: end of file there says the supervisor is gone."""

    name: str
    command: tuple[str, ...]
    lifeline: int = DEVNULL
    descriptors: tuple[int, ...] = ()
    """Further file descriptors to inherit, under the same numbers."""
    passes_on: bool = False
    """Lines that it prints are lines of ours."""
    starts: Counter[str] = field(default_factory=Counter)
    """Counts each start under the first word of the name; shared by all that shall be counted together."""


_HELD_LINES: Final = 100
"""Of a child, until `speak`: it prints one each ten seconds. Later ones are dropped."""
_OUTPUT_BYTES: Final = 65536
"""One read of a child's stdout, where nothing but `ready` is expected."""


class Child:
    """Keeps one child alive from `keep` until `stop`."""

    def __init__(self, plan: ChildPlan, note: Callable[[str], None], pace: Pace) -> None:
        self.plan = plan
        self.first_ready = asyncio.Event()
        """Set when it served for the first time."""
        self._held: list[bytes] | None = []
        """None: lines are said at once."""
        self._note = note
        self._pace = pace
        self._process: Process | None = None
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._settled = asyncio.Event()
        """It served once, or it never will."""

    async def keep(self) -> None:
        """Run the child until `stop`, over and over.

        Raises:
            StartRefused: the very first start failed. A later one is tried again with back-off.
        """
        delay_s = 0.0
        try:
            while not self._stopping.is_set():
                lived_s, why = await self._run_once()
                if self._stopping.is_set():
                    break
                if not self.first_ready.is_set():
                    raise StartRefused(f"the {self.plan.name} did not start: {why}; see above")
                is_steady = lived_s >= self._pace.steady_after_s
                delay_s = 0.0 if is_steady else self._longer(delay_s)
                self._note(f"{self.plan.name} ended, {why}; starting again in {delay_s:g} s")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), delay_s)
        finally:
            self._ended.set()
            self._settled.set()

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    async def is_up(self) -> bool:
        """Wait until it serves for the first time; False: it ended before."""
        await self._settled.wait()
        return self.first_ready.is_set()

    def speak(self) -> None:
        """From now on what it prints is said at once; what it printed before, now."""
        held, self._held = self._held, None
        for line in held or ():
            say(line)

    def retire(self) -> None:
        """Ask the child to finish what it has, however long that takes, and then to end for good."""
        self._stopping.set()
        self._signal(signal.SIGHUP)

    def renew(self) -> None:
        """Ask the child to end in good order; it is started again."""
        self._signal(signal.SIGTERM)

    def reread(self) -> None:
        """Ask the child to read anew what it goes by, and to go on."""
        self._signal(signal.SIGHUP)

    async def stop(self, within_s: float) -> None:
        """Ask the child to end; after `within_s` seconds end it. Returns when it is gone."""
        self._stopping.set()
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._ended.wait(), within_s)
        except TimeoutError:
            self._note(f"{self.plan.name} did not end within {within_s:g} s: killed")
            self.kill()
            await self._ended.wait()

    def kill(self) -> None:
        """End the child at once and for good. What it promised is on disk already."""
        self._stopping.set()
        self._signal(signal.SIGKILL)

    def _longer(self, delay_s: float) -> float:
        return min(max(2 * delay_s, self._pace.back_off_least_s), self._pace.back_off_most_s)

    async def _run_once(self) -> tuple[float, str]:
        """One life. Returns how many seconds it was ready, and how it ended."""
        clock = asyncio.get_running_loop().time
        self.plan.starts[self.plan.name.split()[0]] += 1
        process = self._process = await asyncio.create_subprocess_exec(
            *self.plan.command,
            stdin=self.plan.lifeline,
            stdout=PIPE,
            pass_fds=self.plan.descriptors,
            process_group=0,  # Ctrl-C reaches the supervisor alone: it stops the rest in order
        )
        ready_at = clock()
        if self._stopping.is_set():  # asked while the process was being made
            self._signal(signal.SIGTERM)
        try:
            is_ready = await self._became_ready(process)
            ready_at = clock()
            if is_ready:
                self.first_ready.set()
                self._settled.set()
            await self._read_out(process)
            code = await process.wait()
        finally:
            await self._end(process)
        if is_ready is None:
            return 0.0, f"it was not ready within {self._pace.ready_within_s:g} s"
        return clock() - ready_at, f"killed by signal {-code}" if code < 0 else f"exit code {code}"

    async def _became_ready(self, process: Process) -> bool | None:
        """Whether it said so; False: it ended without. None: it was late, and is killed for that."""
        assert process.stdout is not None, self.plan.name
        try:
            async with asyncio.timeout(self._pace.ready_within_s):
                while (line := await process.stdout.readline()) and line != READY:
                    self._pass_on(line)
                return bool(line)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            return None

    async def _read_out(self, process: Process) -> None:
        """Keep the pipe empty: a child that prints must not block on it."""
        assert process.stdout is not None, self.plan.name
        if self.plan.passes_on:
            while line := await process.stdout.readline():
                self._pass_on(line)
        while await process.stdout.read(_OUTPUT_BYTES):
            pass

    def _pass_on(self, line: bytes) -> None:
        if not self.plan.passes_on:
            return
        if self._held is None:
            say(line)
        elif len(self._held) < _HELD_LINES:
            self._held.append(line)

    async def _end(self, process: Process) -> None:
        """Leave nothing behind when we are cancelled half way."""
        if process.returncode is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self._pace.kill_within_s)
        if process.returncode is None:
            self._signal(signal.SIGKILL)
            await process.wait()

    def _signal(self, number: signal.Signals) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
