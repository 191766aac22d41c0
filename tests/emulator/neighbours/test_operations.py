"""An operation is done at the second question, and its work is done once."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.neighbours.operations import Operations
from tests.emulator.neighbours.visits import Caller


def test_work_is_done_once_when_it_is_due(call: Caller) -> None:
    operations, done = Operations(), []

    def finish(_: object) -> dict[str, Any]:
        done.append(1)
        return {"made": "it"}

    started = dict(operations.start("operations/o", finish, {"model": "m"}))
    visit = call.visit("GET", "/v1/operations/o")
    seen = [dict(operations.poll(visit, "operations/o")) for _ in range(3)]

    assert started == {"name": "operations/o", "metadata": {"model": "m"}}
    assert [each.get("done", False) for each in seen] == [False, True, True]
    assert seen[2]["response"] == {"made": "it"}
    assert done == [1]


def test_an_unknown_operation_is_not_found(call: Caller) -> None:
    with pytest.raises(Refusal) as refused:
        Operations().poll(call.visit("GET", "/v1/operations/o"), "operations/o")
    assert refused.value.status == 404
