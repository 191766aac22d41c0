"""Whatever comes from outside, the values of a label are few."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.telemetry.metrics.counts.closing import Admitted, closing, code_label, error_label
from proxy.telemetry.metrics.labels import LABELS, MODELS_MAX, OTHER


@pytest.mark.parametrize("label", [label for label in LABELS.values() if label.values])
@given(st.text(max_size=20))
def test_a_closed_label_has_its_values_and_other(label: object, value: str) -> None:
    name = getattr(label, "name", "")

    assert closing(name)(value) in {*LABELS[name].values, OTHER}
    assert all(closing(name)(known) == known for known in LABELS[name].values)


@given(st.none() | st.integers())
def test_every_status_has_one_of_a_few_labels(status: int | None) -> None:
    assert code_label(status) in {*LABELS["code"].values, OTHER}


def test_a_usual_status_is_told_and_an_odd_one_by_its_class() -> None:
    found = [code_label(status) for status in (200, 429, 418, 599, 999, None)]

    assert found == ["200", "429", "4xx", "5xx", "other", "none"]


def test_errors_are_told_in_lower_case_and_unknown_ones_as_other() -> None:
    found = [error_label(code) for code in ("RESOURCE_EXHAUSTED", "not_found", "429", "(odd)")]

    assert found == ["resource_exhausted", "not_found", OTHER, OTHER]


def test_names_enter_only_when_google_answered_under_them() -> None:
    models = Admitted("model")

    assert models.label("made-up", may_enter=False) == OTHER
    assert models.label("gemini", may_enter=True) == "gemini"
    assert models.label("gemini", may_enter=False) == "gemini"
    assert models.label(None, may_enter=True) == "none"


@given(st.lists(st.text(min_size=1, max_size=5), max_size=200))
def test_there_are_never_more_names_than_the_cap(names: list[str]) -> None:
    models = Admitted("model")

    told = {models.label(name, may_enter=True) for name in names}

    assert len(told - {OTHER}) <= MODELS_MAX
    again = Admitted("model")
    again.restore(models.names())
    assert {again.label(name, may_enter=False) for name in names} == told
