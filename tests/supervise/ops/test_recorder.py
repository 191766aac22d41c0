"""The recorder is asked with a deadline, and what it said last is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.supervise.ops import recorder as recorder_module
from proxy.supervise.ops.recorder import AskedRecorder
from proxy.telemetry.metrics.written import Form
from tests.supervise.ops.asked import STATUS, recorder


async def test_its_part_and_what_it_says_of_itself_are_learnt(tmp_path: Path) -> None:
    asked = AskedRecorder(tmp_path / "recorder.sock", 7)
    status = {**STATUS, "caught_up_mono_ns": 99, "taken": [[0, 2**63, 4, 500]]}

    async with recorder(tmp_path, "part", status):
        assert await asked.metrics(Form.CLASSIC) == "part"

    known = asked.known
    assert (known.caught_up_mono_ns, known.exchange_count) == (99, 5)
    assert known.taken == {(0, 2**63): (4, 500)}


async def test_a_recorder_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    asked = AskedRecorder(tmp_path / "recorder.sock", 7)

    assert await asked.metrics(Form.CLASSIC) is None
    assert asked.known.caught_up_mono_ns == 7


async def test_a_recorder_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "ANSWER_S", 0.05)
    asked = AskedRecorder(tmp_path / "recorder.sock", 7)

    async with recorder(tmp_path, ""):
        assert await asked.metrics(Form.CLASSIC) is None


async def test_an_answer_without_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "ANSWER_BYTES_MAX", 1000)
    asked = AskedRecorder(tmp_path / "recorder.sock", 7)

    async with recorder(tmp_path, "x" * 100_000):
        assert await asked.metrics(Form.CLASSIC) is None


@pytest.mark.parametrize("status", [{}, {**STATUS, "taken": [[1]]}, {**STATUS, "exchanges": None}])
async def test_a_status_that_cannot_be_read_is_no_answer(
    tmp_path: Path, status: dict[str, object]
) -> None:
    asked = AskedRecorder(tmp_path / "recorder.sock", 7)

    async with recorder(tmp_path, "part", status):
        assert await asked.metrics(Form.CLASSIC) is None
