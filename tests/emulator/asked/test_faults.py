"""Faults are asked for in one line of words."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.asked.faults import FAULTS, WHOLE, Fault, fault_from_text, fault_of
from proxy.emulator.asked.refusals import Refusal


def test_every_documented_fault_has_its_field_and_every_field_its_line() -> None:
    assert set(FAULTS) == {field.name for field in fields(Fault)}


def test_words_are_separated_by_commas() -> None:
    fault = fault_from_text("status=503, retry_after=1 ,times=2,reset")

    assert fault == Fault(status=503, retry_after="1", times=2, reset=True)


def test_a_model_name_can_carry_a_fault_and_a_header_goes_before_it() -> None:
    assert fault_of(None, None, "fault:cut_stream=3") == Fault(cut_stream=3)
    assert fault_of("gap=0.5", None, "fault:cut_stream=3") == Fault(gap=0.5)


def test_the_header_for_gzip_is_a_fault_like_others() -> None:
    assert fault_of(None, "1", "gemini-2.5-pro") == Fault(gzip=True)


def test_without_words_nothing_goes_wrong() -> None:
    assert fault_of(None, None, ["no", "name"]) is WHOLE


@pytest.mark.parametrize(
    "text", ["wings=2", "status", "status=much", "cut_stream=-1", "framing=braille"]
)
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        fault_from_text(text)

    assert refused.value.status == 400


@given(st.text() | st.lists(st.sampled_from([*FAULTS, "=", ",", "1", "x"])).map("".join))
def test_noise_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        assert isinstance(fault_from_text(text), Fault)
    except Refusal as refused:
        assert refused.status == 400  # noqa: PT017 - either outcome is right
