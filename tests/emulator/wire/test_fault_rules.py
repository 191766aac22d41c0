"""Rules say which requests fail, in order, as often as they say."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.asked.faults import WHOLE, Fault
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.wire.fault_rules import RULES_MAX, FaultRules


def rules(*given: dict[str, Any]) -> FaultRules:
    made = FaultRules()
    made.extend(list(given))
    return made


def test_without_rules_nothing_goes_wrong() -> None:
    assert FaultRules().take("create", "gemma-4-31b-it") is WHOLE


def test_a_rule_applies_to_its_operation_and_its_model() -> None:
    made = rules(
        {"operation": "delete+get", "fault": "status=501"},
        {"model": "gemma-4-31b-it", "fault": "status=503"},
    )

    assert made.take("delete", None) == made.take("get", None) == Fault(status=501)
    assert made.take("create", "gemma-4-31b-it") == Fault(status=503)
    assert made.take("create", "gemini-2.5-pro") is WHOLE


def test_a_rule_applies_so_many_times_and_is_gone() -> None:
    made = rules({"fault": "status=503", "times": 2}, {"fault": "vanish", "operation": "create"})

    assert [made.take("create", None).status for _ in range(3)] == [503, 503, None]
    assert made.take("create", None).vanish
    assert [rule["fault"] for rule in made.shown()] == ["vanish"]


def test_the_first_rule_that_fits_is_taken() -> None:
    made = rules({"fault": "status=500"}, {"fault": "status=503"})

    assert made.take("create", None) == Fault(status=500)


def test_scope_and_number_may_stand_among_the_words() -> None:
    made = rules({"fault": "on=delete,status=404,times=1"})

    assert made.take("create", None) is WHOLE
    assert made.take("delete", None) == Fault(status=404)
    assert made.take("delete", None) is WHOLE


def test_rules_are_shown_as_they_can_be_given_again() -> None:
    made = rules(
        {"operation": "get", "model": "x", "fault": "status=403", "times": 3}, {"fault": "reset"}
    )
    again = FaultRules()
    made.take("get", "x")
    again.extend(made.shown())

    assert again.shown() == made.shown()
    assert again.shown()[0]["times"] == 2


def test_rules_are_forgotten() -> None:
    made = rules({"fault": "status=500"})
    made.clear()

    assert made.take("create", None) is WHOLE


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="no list"),
        pytest.param([1], id="no rule"),
        pytest.param([{"fault": "status=500"}, {}], id="a rule without a fault"),
        pytest.param([{"fault": "wings=2"}], id="an unknown word"),
        pytest.param([{"fault": "reset", "wings": 2}], id="an unknown key"),
        pytest.param([{"fault": "reset", "times": 0}], id="no time at all"),
        pytest.param([{"fault": "reset", "times": "2"}], id="times in words"),
        pytest.param([{"fault": "reset", "operation": 2}], id="an operation that is no text"),
        pytest.param([{"fault": "reset"}] * (RULES_MAX + 1), id="too many"),
    ],
)
def test_what_cannot_be_meant_is_refused_as_a_whole(given: object) -> None:
    made = FaultRules()

    with pytest.raises(Refusal) as refused:
        made.extend(given)

    assert refused.value.status == 400
    assert made.shown() == []


def test_a_model_is_the_same_in_both_of_its_spellings() -> None:
    rules = FaultRules()
    rules.extend([{"model": "gemma-4-31b-it", "fault": "reset", "times": 2}])

    assert rules.take("create", "models/gemma-4-31b-it").reset
    assert not rules.take("create", None).reset
    assert rules.take("create", "gemma-4-31b-it").reset
