"""Every attack against the process that answers statements of other people, as it is started for real.

Nothing outside is read, nothing is written, the process stays below 1.6 GB and ends within a second of its
deadline, whatever the statement is.
"""

from __future__ import annotations

import multiprocessing
import resource
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from proxy.errors import ProxyError
from proxy.store.asking.forms import encoded
from proxy.store.sandbox.asking import BURIAL, PATIENCE, Question, answer_in_sandbox
from tests.store.sandbox.attacks import CANARY, ESCAPES, HUNGRY
from tests.store.sandbox.opened import Ground, ground

DEADLINE_S = 2.0
RSS_KIB_MAX = 1_600_000


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return ground(tmp_path_factory.mktemp("attacked"))


@pytest.fixture(scope="module")
def apart() -> Iterator[ProcessPoolExecutor]:
    """Runs each call in a small process of its own, which therefore has had no other child."""
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        yield pool


def told(scene: Ground, statement: str, deadline_s: float) -> bytes:
    """What the sandbox says, rows or refusal."""
    try:
        question = Question(scene.facts, scene.filled(statement), deadline_s=deadline_s)
        return encoded(answer_in_sandbox(question).table, "json")
    except ProxyError as error:
        return str(error).encode()


def test_nothing_outside_is_read_or_written(scene: Ground) -> None:
    before, facts = scene.names(), scene.facts.read_bytes()

    for statement in ESCAPES:
        said = told(scene, statement, 10)
        assert CANARY.encode() not in said, statement
        assert b'{"rows"' not in said, statement

    assert scene.names() == before
    assert scene.facts.read_bytes() == facts
    assert not Path("/new").exists()


@pytest.mark.parametrize("number", range(len(HUNGRY)))
def test_a_hungry_statement_ends_in_time_and_within_memory(
    scene: Ground, apart: ProcessPoolExecutor, number: int
) -> None:
    took_s, had_s, peak_kib = apart.submit(cost, scene, HUNGRY[number]).result()

    is_starved = had_s < took_s / 2  # others had the cores, and it waited for them
    may_take_s = (DEADLINE_S + 1) * (PATIENCE if is_starved else 1)
    assert took_s < may_take_s, f"{took_s:.2f} s: {HUNGRY[number][:80]}"
    assert 0 < peak_kib < RSS_KIB_MAX, f"{peak_kib} KiB: {HUNGRY[number][:80]}"


def test_the_peak_measured_is_that_of_the_one_statement(
    scene: Ground, apart: ProcessPoolExecutor
) -> None:
    large = apart.submit(cost, scene, "SELECT list_sum(range(20000000))")
    small = apart.submit(cost, scene, "SELECT 1")

    assert small.result()[2] + 100_000 < large.result()[2]


def cost(scene: Ground, statement: str) -> tuple[float, float, int]:
    """Seconds until it was answered, those on a core, and the most memory its process had, in KiB. Once per process."""
    began = time.monotonic()
    told(scene, statement, DEADLINE_S)
    took_s = time.monotonic() - began
    for each in threading.enumerate():
        if each.name == BURIAL:
            each.join()  # what a process took is known when it has been waited for
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took_s, used.ru_utime + used.ru_stime, used.ru_maxrss
