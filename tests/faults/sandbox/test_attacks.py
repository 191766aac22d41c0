"""Every attack against the process that answers statements of other people, as it is started for real.

Nothing outside is read, nothing is written, the process stays below 1.6 GB and ends within a second of its
deadline, whatever the statement is.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from proxy.errors import ProxyError
from proxy.store.asking.forms import encoded
from proxy.store.sandbox.asking import Question, answer_in_sandbox
from tests.store.sandbox.attacks import CANARY, ESCAPES, HUNGRY
from tests.store.sandbox.opened import Ground, ground

DEADLINE_S = 2.0
RSS_KIB_MAX = 1_600_000


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return ground(tmp_path_factory.mktemp("attacked"))


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
def test_a_hungry_statement_ends_in_time_and_within_memory(scene: Ground, number: int) -> None:
    began = time.monotonic()

    told(scene, HUNGRY[number], DEADLINE_S)

    took_s = time.monotonic() - began
    peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert took_s < DEADLINE_S + 1, f"{took_s:.2f} s: {HUNGRY[number][:80]}"
    assert peak_kib < RSS_KIB_MAX, f"{peak_kib} KiB: {HUNGRY[number][:80]}"
