"""What metrics say of a real proxy: as many as rows, as many as the ledger, whoever was killed; and of a frozen recorder.

METRICS_KILLS says how often somebody is killed.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from typing import Final

import pytest

from proxy.logs import EVENTS, FOREIGN
from tests.end_to_end.load import Load
from tests.end_to_end.programs import look_until, run_verb
from tests.end_to_end.scraping import counted, scraped
from tests.end_to_end.stage import Proxy, Stage

KILLS: Final = int(os.environ.get("METRICS_KILLS", "3"))
READS_BETWEEN: Final = 40
CLIENTS: Final = 6
SEEN: Final = "ixp_gateway_exchanges_seen_total"

_TOTALS: Final = """
SELECT
    (SELECT count(*) FROM exchanges),
    (SELECT count(*) FROM steps WHERE side = 'output'),
    (SELECT sum(request_bytes) FROM exchanges),
    (SELECT sum(response_bytes) FROM exchanges),
    (SELECT count(*) FROM observations WHERE how = 'created'),
    (SELECT sum(output_tokens) FROM observations WHERE how = 'created' AND is_terminal)
"""


def _kill(proxy: Proxy, turn: int) -> None:
    """A gateway and a recorder in turns; then wait for the one that takes its place."""
    there = proxy.recorders if turn % 2 else proxy.gateways
    victim = look_until(lambda: next(iter(there()), None), "somebody to kill")
    os.kill(victim, signal.SIGKILL)
    look_until(lambda: True if set(there()) - {victim} else None, "the next one")


async def _load_with_kills(proxy: Proxy) -> None:
    load = Load(proxy.address, clients=CLIENTS, seed=11)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(load.run(), name="load")
        for turn in range(KILLS):
            await load.progress(READS_BETWEEN)
            await asyncio.to_thread(_kill, proxy, turn)
        await load.progress(READS_BETWEEN)
        load.stop()
        await running


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage.set_up(tmp_path_factory.mktemp("metrics"), gateway__workers=2, log__format="json")
    yield made
    made.stop()


def test_totals_are_rows_and_the_ledger_though_workers_and_recorders_were_killed(
    stage: Stage,
) -> None:
    starts = scraped(stage.proxy)["ixp_child_starts_total"]

    asyncio.run(_load_with_kills(stage.proxy))
    stage.proxy.flush()
    ((exchanges, steps, sent, answered, creates, tokens),) = stage.proxy.rows(_TOTALS)
    found = counted(stage.proxy, exchanges)

    assert found["ixp_steps_total"] == steps
    assert found["ixp_request_bytes_total"] == sent
    assert found["ixp_response_bytes_total"] == answered
    assert found["ixp_creates_total"] == creates
    assert found["ixp_exchange_duration_seconds_count"] == exchanges
    assert found["gen_ai_client_token_usage_sum"] >= tokens > 0
    assert found[SEEN] >= exchanges
    assert found["ixp_audit_exchanges_total"] == exchanges
    received = {line["tag"] for line in stage.emulator.ledger("received")}
    assert exchanges >= len(received) > READS_BETWEEN / 4
    assert found["ixp_child_starts_total"] == starts + KILLS


def test_a_frozen_recorder_is_seen_from_the_gateways_own_pages(stage: Stage) -> None:
    proxy = stage.proxy
    asyncio.run(_some(proxy))
    proxy.flush()
    before = scraped(proxy)
    (recorder,) = proxy.recorders()

    os.kill(recorder, signal.SIGSTOP)
    try:
        asyncio.run(_some(proxy))
        frozen = scraped(proxy)
        status = run_verb("status", "--data", str(proxy.data))
    finally:
        os.kill(recorder, signal.SIGCONT)
    proxy.flush()
    after = scraped(proxy)

    up, seen, kept = "ixp_recorder_up", SEEN, "ixp_audit_exchanges_total"
    assert (before[up], frozen[up], after[up]) == (1, 0, 1)
    assert frozen["ixp_recorder_lag_seconds"] > before["ixp_recorder_lag_seconds"]
    assert frozen["ixp_recorder_backlog_bytes"] > before["ixp_recorder_backlog_bytes"]
    assert frozen[seen] > before[seen]
    assert frozen[kept] == before[kept]
    assert after[seen] - before[seen] == after[kept] - before[kept]
    assert (status.returncode, "does not answer" in status.stdout) == (1, True)


def test_top_shows_a_running_proxy(stage: Stage) -> None:
    shown = run_verb("top", "--once", "--data", str(stage.proxy.data))

    assert (shown.returncode, shown.stderr) == (0, "")
    assert "strict" in shown.stdout


def test_every_line_of_the_log_is_an_object_with_an_event_of_the_catalogue(stage: Stage) -> None:
    (gateway, *_) = stage.proxy.gateways()
    os.kill(gateway, signal.SIGKILL)
    lines = look_until(lambda: _with_a_kill(stage.proxy), "the supervisor's line in the log")

    told = [json.loads(line) for line in lines]

    assert all(one.keys() >= {"at", "level", "process", "event", "message"} for one in told)
    assert {one["event"] for one in told} <= {*EVENTS.values(), FOREIGN}
    assert any(one["event"] == "supervisor" and "killed" in one["message"] for one in told)


def _with_a_kill(proxy: Proxy) -> list[str] | None:
    """All lines of the log, once one tells of a kill."""
    lines = proxy.program.log.read_text("utf-8").splitlines()
    return lines if any("killed by signal" in line for line in lines) else None


async def _some(proxy: Proxy) -> None:
    load = Load(proxy.address, clients=2, seed=5)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(load.run(), name="load")
        await load.progress(20)
        load.stop()
        await running
