from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.ledger.telling import read, written
from proxy.audit.retention import events
from proxy.audit.retention.machine import after
from proxy.audit.retention.states import Copy, Disposal

COPY = Copy(interaction="v1_a", scope=None)


def test_an_event_that_was_told_is_read_as_it_was() -> None:
    event = events.DeleteAnswered(
        id="e1", wall=5, mono=7, boot="b", status=503, retry_after_s=9, chance=0.25
    )

    told = json.dumps(written(event, COPY))

    assert read("e1", told) == event


def test_an_act_shows_the_state_that_it_led_to() -> None:
    event = events.DutyBegan(id="e1", wall=5, due_at=3, is_request=True)
    copy = after(COPY, event)

    told = written(event, copy)

    assert (told["event"], told["state"], told["due"]) == ("DutyBegan", "scheduled", 3)


def test_a_conclusion_keeps_its_final_state() -> None:
    event = events.Concluded(id="e1", wall=5, final=Disposal.EXPIRED_PRESUMED)

    assert read("e1", json.dumps(written(event, COPY))) == event


def test_what_is_no_event_is_none() -> None:
    assert read("e", None) is None
    assert read("e", '{"event": "Nonsense"}') is None
    assert read("e", '{"event": "Concluded", "wall": 1, "final": "gone"}') is None
    assert (
        read("e", '{"event": "DutyBegan", "wall": 1, "due_at": "soon", "is_request": true}') is None
    )
    assert read("e", '{"event": "DutyBegan", "wall": 1}') is None
    assert read("e", '{"event": "DutyBegan", "wall": true, "due_at": 1, "is_request": 1}') is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_can_be_looked_at(value: object) -> None:
    assert read("e", json.dumps({"event": "Looked", "wall": value})) is None or isinstance(
        value, int
    )
    assert read("e", json.dumps(value)) is None
