"""Labels name what the other rooms can say, so that nothing usual is counted as `other`."""

from __future__ import annotations

from proxy.interactions.known import CALL_TYPES, RESULT_TYPES, STATUSES, STEP_FIELDS
from proxy.interactions.problems import ProblemKind
from proxy.journal.format import Mode, Outcome
from proxy.journal.segments.space import Space
from proxy.telemetry.metrics.labels import LABELS, OTHER


def test_every_name_of_ours_that_can_stand_in_a_fact_is_a_value() -> None:
    assert {each.name.lower() for each in Outcome} <= set(LABELS["outcome"].values)
    assert {each.name.lower() for each in Mode} == set(LABELS["journal_mode"].values)
    assert {each.name.lower() for each in Space} == set(LABELS["space"].values)
    assert {str(each) for each in ProblemKind} <= set(LABELS["kind"].values)


def test_every_known_name_of_googles_is_a_value() -> None:
    assert set(LABELS["status"].values) >= STATUSES
    assert STEP_FIELDS.keys() | CALL_TYPES | RESULT_TYPES <= set(LABELS["type"].values)
    assert {name.removesuffix("_call") for name in CALL_TYPES} <= {
        "function",
        *LABELS["tool"].values,
    }


def test_what_stands_for_everything_else_is_never_declared() -> None:
    assert not [label.name for label in LABELS.values() if OTHER in label.values]
