"""Losing the supervisor, several workers, and `available`: what holds when less goes well."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.end_to_end.conftest import SetUp
from tests.end_to_end.evidence import closings, evidence, holes
from tests.end_to_end.load import Attempt, Load
from tests.end_to_end.programs import look_until, run_verb, runs
from tests.end_to_end.stage import Proxy, ask

SEED: Final = 2147
CLIENTS: Final = 6
READS: Final = 400


async def _load(
    proxy: Proxy, *, then: Callable[[], None] | None = None, clients: int = CLIENTS
) -> list[Attempt]:
    """Load until the clients have read READS times; `then` happens in the middle of it."""
    load = Load(proxy.address, clients=clients, seed=SEED)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(load.run(), name="load")
        await load.progress(READS)
        load.stop()
        if then is not None:
            then()
        await running
    return load.attempts


def test_when_the_supervisor_is_killed_its_children_end_and_the_next_start_closes_the_rest(
    set_up: SetUp,
) -> None:
    stage = set_up()
    proxy = stage.proxy
    orphans = [(pid, "proxy.gateway") for pid in proxy.gateways()]
    orphans += [(pid, "proxy.recorder") for pid in proxy.recorders()]

    attempts = asyncio.run(_load(proxy, then=proxy.kill))
    look_until(lambda: None if any(runs(*orphan) for orphan in orphans) else True, "their end")
    again = Proxy(stage.folder, stage.emulator.url)
    again.flush()
    again.stop()

    recorded = evidence(proxy.data, attempts)
    tags = Counter(one.tag for one in recorded)
    assert len(orphans) == 2
    assert [one for one in attempts if one.saw_end and tags[one.tag] != 1] == []
    assert [line for line in stage.emulator.ledger("received") if tags[line["tag"]] != 1] == []
    assert holes([one.exchange for one in recorded]) == []


def test_after_a_stop_in_good_order_everything_is_in_the_tables(set_up: SetUp) -> None:
    """Without a flush: stopping is one."""
    stage = set_up()

    attempts = asyncio.run(_load(stage.proxy))
    stage.proxy.stop()

    recorded = evidence(stage.proxy.data, attempts)
    assert {one.tag: one.outcome for one in recorded} == {one.tag: "complete" for one in attempts}
    assert sum(closings(stage.proxy.data).values()) == len(attempts)


def test_two_workers_share_the_port_and_one_record(set_up: SetUp) -> None:
    stage = set_up(gateway__workers=2)

    attempts = asyncio.run(_load(stage.proxy, clients=24))
    recorded = stage.proxy.rows("SELECT worker, count(*) FROM exchanges GROUP BY ALL ORDER BY ALL")

    assert [worker for worker, _ in recorded] == [0, 1]
    assert sum(count for _, count in recorded) == len(attempts)


def test_available_declares_what_a_kill_took(set_up: SetUp) -> None:
    """Recorded and declared lost together are all that upstream saw: no third, silent kind."""
    stage = set_up(journal__mode="available")
    (gateway,) = stage.proxy.gateways()

    attempts = asyncio.run(_load(stage.proxy, then=lambda: os.kill(gateway, signal.SIGKILL)))
    look_until(lambda: _other(stage.proxy, gateway), "the next worker")
    stage.proxy.flush()
    stage.proxy.stop()

    received = {line["tag"] for line in stage.emulator.ledger("received")}
    recorded = {one.tag for one in evidence(stage.proxy.data, attempts)}
    ((declared,),) = ask(
        stage.proxy.data / "facts.duckdb", "SELECT coalesce(sum(exchange_count), 0) FROM gaps"
    )
    print(f"{len(received)} received, {len(recorded)} recorded, {declared} declared lost")
    assert len(received - recorded) <= declared
    assert _modes(stage.proxy.data) == {"available"}


def _other(proxy: Proxy, killed: int) -> bool | None:
    return True if set(proxy.gateways()) - {killed} else None


def _modes(data: Path) -> set[str]:
    done = run_verb(
        "sql", "--data", str(data), "--csv", "SELECT detail FROM acts WHERE kind='mode'"
    )
    return {line.partition(":")[0] for line in done.stdout.splitlines()[1:]}
