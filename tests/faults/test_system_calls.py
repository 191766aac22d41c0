"""Every system call of one exchange fails once, in the gateway and in the recorder: nothing lost, doubled, silent.

strict throughout. FAULT_CALLS says how many of the faults are tried in each process, FAULT_SEED which.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom
from typing import Final

import pytest

from tests.end_to_end.load import Attempt
from tests.end_to_end.programs import age_s, look_until
from tests.end_to_end.stage import Stage
from tests.faults.account import Account
from tests.faults.asking import LARGE, SMALL, asked
from tests.faults.system_calls import Fault, count, faults, traced, was_hit

SHARE: Final = int(os.environ.get("FAULT_CALLS", "6"))
SEED: Final = int(os.environ.get("FAULT_SEED", SystemRandom().getrandbits(32)))
SEGMENT_BYTES: Final = 1 << 20
STEADY_S: Final = 2.5
"""A process that served for 2 s is started again without delay."""


@dataclass(slots=True)
class Trial:
    """Questions while one process of a stage meets its faults."""

    stage: Stage
    role: str
    traces: Path
    attempts: list[Attempt] = field(default_factory=list)
    hits: Counter[bool] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    """How the questions ended that met a fault, by fault."""

    @property
    def size(self) -> int:
        """A new gateway makes keys with its first question; an old one a segment with a large one."""
        return SMALL if self.role == "new gateway" else LARGE

    def victim(self) -> int:
        """The process, once it serves and would be started again at once."""
        proxy = self.stage.proxy
        look_until(self.is_served, "an answer")
        proxy.flush()
        if self.role == "recorder":
            return self._steady(proxy.recorders)
        steady = self._steady(proxy.gateways)
        if self.role == "gateway":
            return steady
        os.kill(steady, signal.SIGTERM)
        look_until(lambda: True if steady not in proxy.gateways() else None, "the end of a gateway")
        return look_until(lambda: next(iter(self._ready_gateways()), None), "a new gateway")

    def _steady(self, pids: Callable[[], list[int]]) -> int:
        return look_until(
            lambda: next((pid for pid in pids() if age_s(pid) >= STEADY_S), None),
            "a steady process",
        )

    def _ready_gateways(self) -> list[int]:
        """Those that have a page: they have opened their journal."""
        pages = (self.stage.proxy.data / "run").glob("*.page")
        with_page = {int.from_bytes(page.read_bytes()[32:40], sys.byteorder) for page in pages}
        return [pid for pid in self.stage.proxy.gateways() if pid in with_page]

    def ask(self, what: str, size: int = SMALL) -> Attempt:
        attempt = asked(self.stage.proxy.address, f"{len(self.attempts)} {what}", size=size)
        self.attempts.append(attempt)
        return attempt

    def count(self) -> Counter[str]:
        """The calls of one exchange, and of everything that follows from it."""
        pid, trace = self.victim(), self.traces / "counted"
        with traced(pid, trace):
            assert self.ask("counted", self.size).status == 200
            self.stage.proxy.flush()
        return count(trace)

    def suffer(self, fault: Fault) -> None:
        pid, trace = self.victim(), self.traces / f"{len(self.attempts)}-{fault}"
        with traced(pid, trace, fault):
            attempt = self.ask(str(fault), self.size)
            self.stage.proxy.flush()
        is_hit = was_hit(trace)
        self.hits[is_hit] += 1
        if is_hit:
            ending = "served" if attempt.saw_end else "broken"
            self.seen[f"{fault.how.name}: {ending} {attempt.status}"] += 1

    def is_served(self) -> bool | None:
        return True if self.ask("between").status == 200 else None


@dataclass(frozen=True, slots=True)
class Result:
    trial: Trial
    account: Account
    tried: int


@pytest.fixture(scope="module", params=["gateway", "new gateway", "recorder"])
def result(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Result:
    print(f"FAULT_SEED={SEED} FAULT_CALLS={SHARE}")
    folder = tmp_path_factory.mktemp("calls")
    stage = Stage.set_up(folder, journal__segment_bytes=SEGMENT_BYTES)
    trial = Trial(stage, request.param, folder)
    try:
        counted = trial.count()
        every = faults(counted)
        chosen = Random(SEED).sample(every, min(SHARE, len(every)))
        print(f"{request.param}: {dict(counted)}: {len(chosen)} of {len(every)} faults")
        for fault in chosen:
            trial.suffer(fault)
        look_until(trial.is_served, "an answer after all faults")
        stage.proxy.flush()
    finally:
        with suppress(AssertionError):
            stage.stop()
        print(stage.logs())
    print(f"{len(trial.attempts)} questions, {dict(sorted(trial.seen.items()))}, hit {trial.hits}")
    return Result(trial, Account.of(stage, trial.attempts), len(chosen))


def test_the_faults_were_met(result: Result) -> None:
    """Guards the others. Which thread makes which call differs a little from one exchange to the next."""
    assert result.trial.hits[True] >= 0.5 * result.tried


def test_nothing_is_lost_doubled_or_sent_without_an_intent(result: Result) -> None:
    result.account.check()


def test_no_durable_record_was_damaged_and_what_was_refused_is_told(result: Result) -> None:
    account = result.account

    assert account.sql("FROM acts WHERE kind = 'damage'") == []
    assert account.declared() == account.rejected()


def test_the_tables_are_what_the_vault_tells(result: Result) -> None:
    result.account.check_rebuilt()
