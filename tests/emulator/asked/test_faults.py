"""Faults are asked for in one line of words."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.asked.faults import (
    BODIES,
    DRIFTS,
    FAULTS,
    FRAMINGS,
    WHOLE,
    Fault,
    Wishes,
    fault_from_text,
    fault_of,
)
from proxy.emulator.asked.refusals import Refusal


def test_every_documented_fault_has_its_field_and_every_field_its_line() -> None:
    assert list(FAULTS) == [field.name for field in fields(Fault)]


def test_words_are_separated_by_commas() -> None:
    fault = fault_from_text("status=503, retry_after=1 ,times=2,reset")

    assert fault == Fault(status=503, retry_after="1", times=2, reset=True)


def test_some_words_take_several_values() -> None:
    fault = fault_from_text("on=delete+get, framing = crlf + ids, drift=step")

    assert fault == Fault(
        on=frozenset({"delete", "get"}),
        framing=frozenset({"crlf", "ids"}),
        drift=frozenset({"step"}),
    )


@pytest.mark.parametrize("words", [f"framing={'+'.join(FRAMINGS)}", f"drift={'+'.join(DRIFTS)}"])
def test_every_listed_value_is_taken(words: str) -> None:
    assert fault_from_text(words) != WHOLE


@pytest.mark.parametrize("body", BODIES)
def test_every_body_is_taken(body: str) -> None:
    assert fault_from_text(f"body={body}").body == body


def test_a_fault_can_be_meant_for_some_operations_only() -> None:
    fault = fault_from_text("on=delete+get,status=501")

    assert fault.is_meant_for("delete")
    assert not fault.is_meant_for("create")
    assert WHOLE.is_meant_for("create")


def test_what_concerns_the_answer_itself_is_handed_to_who_composes_it() -> None:
    fault = fault_from_text("ending=failed,code=safety,message=Not this.,size=9,hops=2")

    assert fault.wishes == Wishes(9, "failed", 2, "safety", "Not this.")
    assert WHOLE.wishes == Wishes()


def test_a_model_name_can_carry_a_fault_and_a_header_goes_before_it() -> None:
    assert fault_of(None, None, "fault:cut_stream=3") == Fault(cut_stream=3)
    assert fault_of("gap=0.5", None, "fault:cut_stream=3") == Fault(gap=0.5)


def test_the_header_for_gzip_is_a_fault_like_others() -> None:
    assert fault_of(None, "1", "gemini-2.5-pro") == Fault(gzip=True)


def test_without_words_nothing_goes_wrong() -> None:
    assert fault_of(None, None, ["no", "name"]) is WHOLE


@pytest.mark.parametrize(
    "text",
    [
        "wings=2",
        "status",
        "status=",
        "status=much",
        "status=99",
        "served_as=500",
        "cut_stream=-1",
        "delay=nan",
        "delay=inf",
        "retry_date=1e300",
        "size=1000000000000",
        "framing=braille",
        "framing=crlf+braille",
        "body=soul",
    ],
)
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        fault_from_text(text)

    assert refused.value.status == 400


@given(st.text() | st.lists(st.sampled_from([*FAULTS, "=", ",", "+", "1", "x"])).map("".join))
def test_noise_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        assert isinstance(fault_from_text(text), Fault)
    except Refusal as refused:
        assert refused.status == 400  # noqa: PT017 - either outcome is right
