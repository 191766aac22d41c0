"""What is told of gateways, with and without a recorder; when the proxy counts as ready and alive."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from proxy.journal.format import Mode
from proxy.journal.page import SPACE, WorkerPage
from proxy.journal.segments.space import Space
from proxy.supervise.ops import pages as pages_module
from proxy.supervise.ops import recorder as recorder_module
from proxy.supervise.ops.answers import DEAD_NS, SILENT_NS, Clocks, Ops
from proxy.telemetry.metrics.written import Form
from tests.supervise.ops.asked import STATUS, recorder
from tests.telemetry.metrics.read import classic_families, open_families, sums

START = 1_790_000_000_000_000_000
SECOND = 1_000_000_000


@dataclass(slots=True)
class Stage:
    """Ops over one folder, with clocks that are set by hand."""

    folder: Path
    now_ns: int = START
    mono_ns: int = 50 * SECOND
    is_stopping: bool = False

    def ops(self) -> Ops:
        clocks = Clocks(lambda: self.now_ns, lambda: self.mono_ns)
        return Ops(
            self.folder,
            clocks,
            segment_bytes=1000,
            starts={"gateway": 2},
            is_stopping=lambda: self.is_stopping,
        )


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def ops(stage: Stage) -> Ops:
    return stage.ops()


@pytest.fixture
def page(stage: Stage, ops: Ops) -> Iterator[WorkerPage]:
    assert ops is not None, "it begins first: pages that lie there before are of an earlier run"
    made = WorkerPage.create(stage.folder, worker=0, boot=1)
    made.mode = Mode.STRICT
    made.heartbeat_ns = START
    yield made
    made.close()


async def told(ops: Ops) -> dict[str, float]:
    return sums(classic_families(await ops.metrics(Form.CLASSIC)))


async def test_gateways_are_told_though_the_recorder_is_dead(
    stage: Stage, ops: Ops, page: WorkerPage
) -> None:
    page.seen, page.recorded, page.in_flight, page.refused = 9, 8, 2, 1
    page.cut_heads = 3
    page.commit(3, 250)
    stage.mono_ns += 7 * SECOND

    found = await told(ops)

    assert found["ixp_recorder_up"] == 0
    assert found["ixp_recorder_lag_seconds"] == 7
    assert found["ixp_recorder_backlog_bytes"] == 3250
    assert found["ixp_gateway_exchanges_seen_total"] == 9
    assert found["ixp_gateway_exchanges_journaled_total"] == 8
    assert found["ixp_gateway_requests_in_flight"] == 2
    assert found["ixp_gateway_refused_total"] == 1
    assert found["ixp_gateway_cut_heads_total"] == 3
    assert found["ixp_child_starts_total"] == 2
    assert "ixp_audit_exchanges_total" not in found


async def test_a_frozen_recorder_is_seen_in_numbers_that_grow(
    stage: Stage, ops: Ops, page: WorkerPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "ANSWER_S", 0.05)
    status = {**STATUS, "caught_up_mono_ns": stage.mono_ns, "taken": [[0, 1, 2, 100]]}
    page.commit(2, 100)
    async with recorder(stage.folder, "# \n", status):
        before = await told(ops)
    (stage.folder / "recorder.sock").unlink()
    page.seen, stage.mono_ns = 4, stage.mono_ns + 20 * SECOND
    page.commit(2, 900)

    async with recorder(stage.folder, ""):
        after = await told(ops)

    assert (before["ixp_recorder_up"], after["ixp_recorder_up"]) == (1, 0)
    assert (before["ixp_recorder_lag_seconds"], after["ixp_recorder_lag_seconds"]) == (0, 20)
    assert (before["ixp_recorder_backlog_bytes"], after["ixp_recorder_backlog_bytes"]) == (0, 800)
    assert after["ixp_gateway_exchanges_seen_total"] == 4
    assert after["ixp_audit_exchanges_total"] == 5, "as it last said"


async def test_a_look_that_fails_ends_nothing(
    ops: Ops, page: WorkerPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = asyncio.Event()

    def no_descriptors(_folder: Path) -> list[tuple[int, int, Path]]:
        looked.set()
        raise OSError(24, "Too many open files")

    assert page.mode == Mode.STRICT
    with monkeypatch.context() as patch:
        patch.setattr(pages_module, "pages", no_descriptors)
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(ops.keep_looking())
            await looked.wait()
            assert not looking.done()
            looking.cancel()


async def test_both_parts_are_one_answer_in_openmetrics(
    stage: Stage, ops: Ops, page: WorkerPage
) -> None:
    page.seen = 3
    part = "# HELP ixp_audit_tables_up x\n# TYPE ixp_audit_tables_up gauge\nixp_audit_tables_up 1\n"

    async with recorder(stage.folder, part):
        found = sums(open_families(await ops.metrics(Form.OPENMETRICS)))

    assert found["ixp_audit_tables_up"] == 1
    assert found["ixp_gateway_exchanges_seen_total"] == 3
    assert found["ixp_process_resident_memory_bytes"] > 0


async def test_mode_and_room_are_told_as_one_of_their_values(ops: Ops, page: WorkerPage) -> None:
    page.words[SPACE] = Space.LOW

    text = await ops.metrics(Form.CLASSIC)

    assert 'ixp_gateway_mode{journal_mode="strict",worker="0"} 1.0' in text
    assert 'ixp_gateway_mode{journal_mode="available",worker="0"} 0.0' in text
    assert 'ixp_gateway_space{space="low",worker="0"} 1.0' in text
    assert 'ixp_gateway_space{space="ample",worker="0"} 0.0' in text


def test_without_a_worker_the_proxy_is_not_ready_but_alive(ops: Ops) -> None:
    assert ops.not_ready() == "no gateway worker lives"
    assert ops.not_alive() == ""


@pytest.mark.parametrize(
    ("mode", "space", "is_down", "is_ready"),
    [
        (Mode.STRICT, Space.AMPLE, False, True),
        (Mode.STRICT, Space.LOW, False, True),
        (Mode.STRICT, Space.SHORT, False, False),
        (Mode.STRICT, Space.AMPLE, True, False),
        (Mode.AVAILABLE, Space.SPENT, True, True),
    ],
)
def test_ready_is_who_can_accept_in_the_mode_it_is_in(
    ops: Ops, page: WorkerPage, mode: Mode, space: Space, *, is_down: bool, is_ready: bool
) -> None:
    page.mode, page.journal_down = mode, int(is_down)
    page.words[SPACE] = space

    assert (ops.not_ready() == "") == is_ready


def test_a_worker_that_is_silent_takes_nothing_and_at_last_is_not_alive(
    stage: Stage, ops: Ops, page: WorkerPage
) -> None:
    page.heartbeat_ns = 0
    assert ops.not_ready() == "", "it just began"

    page.heartbeat_ns = START
    stage.now_ns = START + SILENT_NS + 1
    assert ops.not_ready() == "worker 0 gives no sign of life"
    assert ops.not_alive() == ""

    stage.now_ns = START + DEAD_NS + 1
    assert "sign of life" in ops.not_alive()


def test_one_worker_that_accepts_is_enough(stage: Stage, ops: Ops, page: WorkerPage) -> None:
    page.journal_down = 1
    other = WorkerPage.create(stage.folder, worker=1, boot=2)
    other.mode, other.heartbeat_ns = Mode.STRICT, START

    assert ops.not_ready() == ""
    other.close()


def test_who_stops_is_not_ready(stage: Stage, ops: Ops, page: WorkerPage) -> None:
    stage.is_stopping = True

    assert page.mode == Mode.STRICT
    assert ops.not_ready() == "the proxy is stopping"
