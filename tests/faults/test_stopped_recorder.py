"""A recorder that hangs (SIGSTOP) under load: traffic goes on until the journal's budget is used up, and comes back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Final

import pytest

from tests.end_to_end.load import Attempt
from tests.end_to_end.programs import look_until
from tests.end_to_end.stage import Stage
from tests.faults.account import Account
from tests.faults.asking import LARGE, asked

MIB: Final = 1024 * 1024
BUDGET: Final = 64 * MIB
"""The least that can be set."""
SEGMENT: Final = 4 * MIB
OVERRUN: Final = 48 * MIB
"""The room is looked at once a second: this disk and this client write less in that time."""
ANSWERS_MIN: Final = 30
"""64 MiB are some 60 questions of 1.2 MB."""
ASKED_MAX: Final = 400


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    settings = {"journal__budget_bytes": BUDGET, "journal__segment_bytes": SEGMENT}
    stage = Stage.set_up(tmp_path_factory.mktemp("stopped"), **settings)
    yield stage
    stage.stop()
    print(stage.logs())


def test_a_stopped_recorder_stops_nothing_until_the_budget_is_used_up(stage: Stage) -> None:
    proxy, attempts = stage.proxy, list[Attempt]()

    def ask() -> int:
        attempts.append(asked(proxy.address, f"{len(attempts)} stopped", size=LARGE))
        return attempts[-1].status

    (recorder,) = proxy.recorders()
    os.kill(recorder, signal.SIGSTOP)
    served = 0
    while ask() == 200 and served < ASKED_MAX:
        served += 1
    refused = [ask() for _ in range(10)]
    journal_bytes = sum(path.stat().st_size for path in proxy.data.glob("journal/w0/*.seg"))
    os.kill(recorder, signal.SIGCONT)
    lags = list[float]()

    def is_caught_up() -> bool | None:
        lags.append(proxy.status()["lag_ms"] / 1000)
        return True if lags[-1] < 1 else None

    look_until(is_caught_up, "the end of the lag")
    look_until(lambda: True if ask() == 200 else None, "room again")
    proxy.flush()
    stage.stop()

    account = Account.of(stage, attempts)
    print(f"{served} served, {journal_bytes // MIB} MiB of journal, lag {max(lags):.1f} s at first")
    account.check()
    assert served >= ANSWERS_MIN
    assert refused == [503] * 10
    assert BUDGET < journal_bytes < BUDGET + OVERRUN
    assert max(lags) > 1
    assert account.declared() == account.rejected()
    assert account.sql("FROM acts WHERE kind = 'damage'") == []
