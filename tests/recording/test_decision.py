from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import FormatError
from proxy.recording.decision import Decision, decision_act

REWRITE = Decision("rewrite", "no-storage", "as asked", None, "a" * 64, "b" * 64, b"\x00{}")


def test_a_decision_comes_back_as_it_was() -> None:
    assert Decision.decode(REWRITE.encode()) == REWRITE
    plain = Decision("refuse", "holds", "held", "v1_a")
    assert Decision.decode(plain.encode()) == plain


@given(st.binary(max_size=200))
def test_other_bytes_are_none(data: bytes) -> None:
    with pytest.raises(FormatError):
        Decision.decode(data)
    assert decision_act(data, "x0-1-1", None, 1) is None


def test_its_act_names_everything_and_tells_no_digest() -> None:
    act = decision_act(REWRITE.encode(), "x0-0000000000000007-1", "v1_a", 5)

    assert act is not None
    assert (act.kind, act.at, act.interaction, act.actor) == ("policy", 5, "v1_a", "policy")
    assert json.loads(act.data or "") == {
        "exchange": "x0-0000000000000007-1",
        "policy": "no-storage",
        "decision": "rewrite",
    }
    assert "a" * 64 not in repr(act)
    again = decision_act(REWRITE.encode(), "x0-0000000000000007-1", None, 9)
    assert again is not None
    assert again.act == act.act


def test_without_an_interaction_it_is_about_its_exchange() -> None:
    refused = Decision("refuse", "sk-" + "A" * 30, "no", "not an id/..").encode()
    act = decision_act(refused, "x0-0000000000000007-1", None, 5)

    assert act is not None
    assert act.interaction == "exchange:x0-0000000000000007-1"
    assert "AAAA" not in repr(act), "a name like a credential does not stand in clear"
    assert decision_act(Decision("bribe", "p", "w").encode(), "x", None, 5) is None
