"""Totals over the pages of a worker's processes: no death takes anything away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.journal.page import WorkerPage
from proxy.supervise.ops.pages import WorkerPages


@pytest.fixture
def looking(tmp_path: Path) -> Iterator[WorkerPages]:
    made = WorkerPages(tmp_path)
    yield made
    made.close()


def page(
    folder: Path, boot: int, *, worker: int = 0, seen: int = 0, refused: int = 0, cut_heads: int = 0
) -> WorkerPage:
    made = WorkerPage.create(folder, worker=worker, boot=boot)
    made.seen, made.refused, made.cut_heads = seen, refused, cut_heads
    return made


def seen(looking: WorkerPages) -> dict[int, int]:
    looking.look()
    return {worker: totals.seen for worker, totals in looking.totals().items()}


def test_living_workers_are_told_as_they_are(tmp_path: Path, looking: WorkerPages) -> None:
    first, second = page(tmp_path, 1, seen=3), page(tmp_path, 2, worker=1, seen=4)

    assert seen(looking) == {0: 3, 1: 4}
    assert [reading.worker for reading in looking.living()] == [0, 1]
    first.seen += 1
    assert seen(looking) == {0: 4, 1: 4}
    first.close()
    second.close()


def test_what_a_worker_counted_after_the_last_look_is_there_though_its_page_is_removed(
    tmp_path: Path, looking: WorkerPages
) -> None:
    killed = page(tmp_path, 1, seen=3)
    looking.look()
    killed.seen = 8
    killed.close()
    killed.path.unlink()
    following = page(tmp_path, 2, seen=1)

    assert seen(looking) == {0: 9}
    assert seen(looking) == {0: 9}, "it is counted once"
    following.close()


def test_two_processes_of_one_worker_count_together_while_one_drains(
    tmp_path: Path, looking: WorkerPages
) -> None:
    draining, fresh = page(tmp_path, 1, seen=3), page(tmp_path, 2, seen=4)

    assert seen(looking) == {0: 7}
    draining.close()
    assert seen(looking) == {0: 7}
    assert len(looking.living()) == 1
    fresh.close()


def test_refusals_are_of_a_process_and_counted_once_over_its_pages(
    tmp_path: Path, looking: WorkerPages
) -> None:
    failed = page(tmp_path, 1, refused=5, cut_heads=1)
    looking.look()
    again = page(tmp_path, 2, refused=6, cut_heads=2)  # the same process: it counts on
    looking.look()
    failed.close()
    looking.look()

    assert looking.totals()[0].refused == 6
    again.close()
    looking.look()
    assert (looking.totals()[0].refused, looking.totals()[0].cut_heads) == (6, 2)


def test_pages_of_an_earlier_run_are_not_ours(tmp_path: Path) -> None:
    page(tmp_path, 1, seen=100).close()
    looking = WorkerPages(tmp_path)

    assert seen(looking) == {}


def test_the_journal_of_a_dead_worker_is_told_until_its_page_goes(
    tmp_path: Path, looking: WorkerPages
) -> None:
    dead = page(tmp_path, 1)
    looking.look()
    dead.commit(2, 500)
    dead.close()
    looking.look()

    assert [(one.committed_segment, one.committed_offset) for one in looking.journals()] == [
        (2, 500)
    ]
    dead.path.unlink()
    looking.look()
    assert looking.journals() == []


def test_times_of_group_commits_add_up(tmp_path: Path, looking: WorkerPages) -> None:
    first, second = page(tmp_path, 1), page(tmp_path, 2)
    looking.look()
    first.time_commit(100, 200)
    second.time_commit(10**9, 2 * 10**9)
    first.close()
    looking.look()

    totals = looking.totals()[0]
    assert (sum(totals.commit_times), totals.commit_ns) == (2, 10**9 + 100)
    assert (sum(totals.wait_times), totals.wait_ns) == (2, 2 * 10**9 + 200)
    second.close()
