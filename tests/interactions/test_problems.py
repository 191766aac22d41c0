from __future__ import annotations

from proxy.interactions.problems import PROBLEMS_MAX, UNKNOWN_NAMES_MAX, Notes, ProblemKind


def test_problems_are_kept_in_order_up_to_the_limit_and_counted_beyond() -> None:
    notes = Notes()

    for place in range(PROBLEMS_MAX + 3):
        notes.problem(ProblemKind.WRONG_SHAPE, f"/{place}", "odd")

    assert [problem.where for problem in notes.problems[:2]] == ["/0", "/1"]
    assert len(notes.problems) == PROBLEMS_MAX
    assert notes.dropped == 3


def test_unknown_names_are_counted_and_beyond_the_limit_only_their_number() -> None:
    notes = Notes()

    for place in range(UNKNOWN_NAMES_MAX + 5):
        notes.unknown("step", f"s{place}", "steps")
    notes.unknown("step", "s0", "steps")

    assert len(notes.unknowns) == UNKNOWN_NAMES_MAX
    assert notes.unknowns["step", "s0", "steps"] == 2
    assert notes.dropped == 5


def test_unknown_fields_are_those_that_the_kind_does_not_have() -> None:
    notes = Notes()

    notes.unknown_fields({"a": 1, "c": 2, "b": 3}, frozenset({"a"}), "usage")

    assert list(notes.unknowns) == [("field", "b", "usage"), ("field", "c", "usage")]
