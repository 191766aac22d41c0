from __future__ import annotations

from typing import Any

import pytest

from proxy.audit.lineage.parents import How, Orphan, Tie, ties_of
from proxy.audit.lineage.turn import Turn

FIRST = Turn("v1_a", 0, status="completed", answers=("a",))


def tie(*before: Turn, **given: Any) -> Tie:
    """Of one more turn behind these."""
    return ties_of([*before, Turn("v1_last", 100, **given)])[-1]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Tie(None, How.ROOT, None)),
        ({"previous": "v1_a"}, Tie(0, How.ID, None)),
        ({"previous": "v1_a", "is_continuation": True}, Tie(0, How.CONTINUATION, None)),
        ({"previous": "v1_x"}, Tie(None, How.ID, Orphan.NEVER_SEEN)),
        ({"previous": "v1_a", "error_code": "not_found"}, Tie(0, How.ID, Orphan.EXPIRED)),
        ({"history": (("a",),)}, Tie(0, How.REPEAT, None)),
        ({"history": (("z", "a"),)}, Tie(0, How.REPEAT, None)),
        ({"history": (("a",), ("z",))}, Tie(0, How.REPEAT, None)),
        ({"history": (("z",),)}, Tie(None, How.ROOT, Orphan.UNSEEN_HISTORY)),
        ({"previous": "v1_x", "history": (("a",),)}, Tie(None, How.ID, Orphan.NEVER_SEEN)),
    ],
)
def test_a_turn_is_tied(given: dict[str, Any], expected: Tie) -> None:
    assert tie(FIRST, **given) == expected


def test_what_goes_on_from_a_deleted_turn_is_an_orphan_that_knows_its_parent() -> None:
    gone = Turn("v1_a", 0, deleted_at=50)

    assert tie(gone, previous="v1_a") == Tie(0, How.ID, Orphan.DELETED)


def test_the_last_answer_in_a_repeated_history_counts() -> None:
    second = Turn("v1_b", 1, answers=("b",))

    assert tie(FIRST, second, history=(("a",), ("b",))).parent == 1
    assert tie(second, FIRST, history=(("a",), ("b",))).parent == 0


def test_of_several_that_gave_the_same_answer_the_latest_before_counts() -> None:
    again = Turn("v1_b", 1, answers=("a",))
    later = Turn("v1_c", 200, answers=("a",))

    assert tie(FIRST, again, later, history=(("a",),)).parent == 1


def test_a_turn_does_not_repeat_itself_or_what_came_later() -> None:
    later = Turn("v1_c", 200, answers=("a",))

    assert tie(later, answers=("a",), history=(("a",),)).how is How.ROOT
