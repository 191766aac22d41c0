"""proxy/journal/page.py: counters that outlive their worker, and the lock that does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.errors import StartRefused
from proxy.journal.page import (
    PAGE_BYTES,
    SEEN,
    PageView,
    WorkerPage,
    is_locked,
    page_path,
    pages,
    time_place,
)

BOOT = 2**64 - 1


@pytest.fixture
def page(tmp_path: Path) -> Iterator[WorkerPage]:
    made = WorkerPage.create(tmp_path, worker=2, boot=BOOT)
    yield made
    if is_locked(made.path):
        made.close()


@pytest.fixture
def view(page: WorkerPage) -> Iterator[PageView]:
    opened = PageView.open(page.path)
    assert opened is not None
    yield opened
    opened.close()


def test_another_process_sees_each_counter_at_once(page: WorkerPage, view: PageView) -> None:
    page.seen += 5
    page.words[SEEN] += 1
    page.recorded = 4
    page.mode = 1
    page.in_flight = 7
    page.connections = 8
    page.refused = 9
    page.shed = 10
    page.loop_lag_ns = 11
    page.heartbeat_ns = 12

    reading = view.reading()

    assert (reading.worker, reading.boot, reading.mode) == (2, BOOT, 1)
    assert (reading.seen, reading.recorded) == (6, 4)
    assert (reading.in_flight, reading.connections) == (7, 8)
    assert (reading.refused, reading.shed) == (9, 10)
    assert (reading.loop_lag_ns, reading.heartbeat_ns) == (11, 12)


def test_the_committed_position_is_one_word(page: WorkerPage, view: PageView) -> None:
    page.commit(123_456, 2**40 - 1)

    assert view.committed() == (123_456, 2**40 - 1)
    assert view.reading().committed_segment == 123_456


def test_a_page_is_locked_as_long_as_its_worker_lives(page: WorkerPage) -> None:
    assert is_locked(page.path)
    assert is_locked(page.path), "asking must not take the lock away"

    page.close()

    assert not is_locked(page.path)


def test_the_last_counters_can_be_read_after_the_worker_is_gone(
    page: WorkerPage, view: PageView
) -> None:
    page.seen = 3
    page.close()

    assert view.reading().seen == 3


def test_a_boot_has_one_page(page: WorkerPage, tmp_path: Path) -> None:
    page.path.with_suffix(".unborn").touch()

    with pytest.raises(StartRefused, match="cannot make"):
        WorkerPage.create(tmp_path, worker=2, boot=BOOT)


def test_a_folder_that_cannot_be_made_refuses_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StartRefused):
        WorkerPage.create(tmp_path / "file", worker=2, boot=BOOT)


def test_pages_are_found_by_their_names(page: WorkerPage, tmp_path: Path) -> None:
    (tmp_path / "w1-nonsense.page").touch()
    (tmp_path / "recorder.lock").touch()

    assert pages(tmp_path) == [(2, BOOT, page.path)]


def test_what_is_not_there_is_neither_locked_nor_read(tmp_path: Path) -> None:
    nowhere = page_path(tmp_path, 1, 1)

    assert not is_locked(nowhere)
    assert PageView.open(nowhere) is None


@pytest.mark.parametrize("content", [b"", b"IPXPAGE\0", bytes(PAGE_BYTES), b"\xff" * PAGE_BYTES])
def test_what_is_not_a_page_of_this_version_is_not_read(tmp_path: Path, content: bytes) -> None:
    path = page_path(tmp_path, 1, 1)
    path.write_bytes(content)

    assert PageView.open(path) is None


@pytest.mark.parametrize(
    ("duration_ns", "place"),
    [
        (0, 0),
        (249_999, 0),
        (250_000, 1),
        (499_999, 1),
        (500_000, 2),
        (1_023_999_999, 12),
        (1_024_000_000, 13),
        (10**15, 13),
    ],
)
def test_a_time_is_counted_below_the_first_bound_above_it(duration_ns: int, place: int) -> None:
    assert time_place(duration_ns) == place


def test_group_commits_are_told_by_their_times(page: WorkerPage, view: PageView) -> None:
    page.time_commit(300_000, 2_000_000)
    page.time_commit(100, 600_000)

    reading = view.reading()

    assert reading.commit_times[:3] == (1, 1, 0)
    assert (sum(reading.commit_times), reading.commit_ns) == (2, 300_100)
    assert reading.wait_times[:5] == (0, 0, 1, 0, 1)
    assert (sum(reading.wait_times), reading.wait_ns) == (2, 2_600_000)


def test_a_journal_that_takes_nothing_is_told(page: WorkerPage, view: PageView) -> None:
    page.journal_down = 1

    assert view.reading().is_journal_down
