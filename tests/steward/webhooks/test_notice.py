from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.recording.acts import act_from_json
from proxy.steward.webhooks.notice import act_id, act_of
from proxy.steward.webhooks.signature import Delivery


def told(body: object, identity: str = "msg_1") -> dict[str, Any] | None:
    return act_of(Delivery(identity, 5, "v1,x", orjson.dumps(body)))


def test_an_interactions_end_is_kept_as_an_act_that_the_recorder_takes() -> None:
    act = told({"type": "interaction.failed", "data": {"id": "v1_a", "error_message": "secret"}})

    assert act is not None
    row = act_from_json(act, 1, "0" * 32)
    assert (row.kind, row.interaction, row.act) == ("webhook", "v1_a", act_id("msg_1"))
    assert orjson.loads(row.data or "") == {
        "type": "interaction.failed",
        "delivery": "msg_1",
        "scheme": "shared",
        "sent_at": 5,
    }


def test_events_about_something_else_are_kept_without_an_interaction() -> None:
    act = told({"type": "batch.succeeded", "data": {"id": "batches/1"}})

    assert act is not None
    assert act["interaction"] is None


def test_foreign_names_stand_in_the_act_only_if_they_are_names() -> None:
    act = told(
        {"type": "interaction.a b", "data": {"id": "../../x"}}, "AIzaSyA0123456789abcdefghij"
    )

    assert act is not None
    assert act["interaction"] is None
    assert (act["data"]["type"], act["data"]["delivery"]) == ("(odd)", "(odd)")
    act_from_json(act, 1, "0" * 32)


@pytest.mark.parametrize("body", [[], {"type": 1, "data": {}}, {"type": "x", "data": []}, "x"])
def test_what_is_no_event_makes_no_act(body: object) -> None:
    assert told(body) is None


def test_each_attempt_to_deliver_has_the_same_act() -> None:
    assert act_id("msg_1") == act_id("msg_1") != act_id("msg_2")
