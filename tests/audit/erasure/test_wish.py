from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.erasure.wish import IDS_MAX, actor_of, reason_of, wish_from_json
from proxy.audit.retention.cascade import Reach
from proxy.errors import FormatError

WISH = {"reason": "they asked for it", "actor": "ann"}


def test_a_wish_names_one_interaction_and_nothing_more_if_nothing_else_is_said() -> None:
    wish = wish_from_json(WISH | {"id": "v1_1"})

    assert (wish.named, wish.label, wish.pointer) == ("v1_1", None, None)
    assert (wish.reach, wish.with_quoted, wish.is_dry) == (Reach.NODE, False, False)


def test_a_wish_may_name_several_interactions_each_once() -> None:
    wish = wish_from_json(WISH | {"ids": ["v1_2", "v1_1", "v1_2"]})

    assert (wish.interactions, wish.named) == (("v1_2", "v1_1"), None)


def test_a_plan_needs_no_reason() -> None:
    assert wish_from_json({"id": "v1_1", "actor": "ann", "dry_run": True}).reason == ""


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"id": ""},
        {"id": 7},
        {"id": "v1_1", "reason": None},
        {"id": "v1_1", "reason": "a\nb"},
        {"id": "v1_1", "reason": "x" * 201},
        {"id": "v1_1", "reason": "key AIzaSyA1234567890123456789"},
        {"id": "v1_1", "actor": "not a name"},
        {"id": "v1_1", "reach": "far"},
        {"label": "no value"},
        {"pointer": "/a"},
        {"pointer": "a", "value": "b"},
        {"id": "v1_1", "label": "a=b"},
        {"id": "v1_1", "more": 1},
        {"id": "v1_1", "ids": ["v1_2"]},
        {"ids": []},
        {"ids": "v1_1"},
        {"ids": ["v1_1", ""]},
        {"ids": [f"v1_{number}" for number in range(IDS_MAX + 1)]},
    ],
)
def test_what_is_not_clear_is_refused(told: Mapping[str, Any]) -> None:
    with pytest.raises(FormatError):
        wish_from_json({**WISH, **told})


@given(
    st.recursive(st.none() | st.text() | st.integers(), st.lists)
    | st.dictionaries(st.text(), st.text())
)
def test_whatever_is_told_is_a_wish_or_refused(told: object) -> None:
    with pytest.raises(FormatError):
        wish_from_json(told)


def test_who_and_why_are_asked_of_holds_too() -> None:
    assert (reason_of(WISH), actor_of(WISH)) == ("they asked for it", "ann")


def test_a_wish_may_name_the_plan_that_was_shown() -> None:
    assert wish_from_json(WISH | {"id": "v1_1"}).plan is None
    assert wish_from_json(WISH | {"id": "v1_1", "plan": "ab12"}).plan == "ab12"


def test_what_policies_keep_is_set_aside_only_where_that_is_said() -> None:
    told = {"id": "v1_a", "reason": "asked for", "actor": "ann"}

    assert not wish_from_json(told).is_bypassing
    assert not wish_from_json(told | {"bypass": "yes"}).is_bypassing
    assert wish_from_json(told | {"bypass": True}).is_bypassing
