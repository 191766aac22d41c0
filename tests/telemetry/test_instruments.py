"""The catalogue of metrics follows Prometheus' conventions and its own promises."""

from __future__ import annotations

import re

import pytest

from proxy.telemetry.instruments import CLASSIC, INSTRUMENTS
from proxy.telemetry.metrics.declare import Instrument, Kind
from proxy.telemetry.metrics.labels import LABELS

ALL = [pytest.param(each, id=each.name) for each in INSTRUMENTS.values()]
OURS = [each for each in INSTRUMENTS.values() if each not in CLASSIC]


@pytest.mark.parametrize("instrument", ALL)
def test_a_name_is_snake_case_and_says_its_unit(instrument: Instrument) -> None:
    assert re.fullmatch(r"(ixp|gen_ai)_[a-z]+(_[a-z]+)*", instrument.name)
    assert instrument.help.endswith(".")
    if instrument.unit in {"seconds", "bytes", "usd"}:
        assert instrument.family.endswith(f"_{instrument.unit}")


@pytest.mark.parametrize("instrument", ALL)
def test_counters_alone_end_in_total(instrument: Instrument) -> None:
    assert instrument.name.endswith("_total") == (instrument.kind is Kind.COUNTER)


@pytest.mark.parametrize("instrument", ALL)
def test_histograms_alone_have_buckets_and_these_rise(instrument: Instrument) -> None:
    buckets = list(instrument.buckets)

    assert bool(buckets) == (instrument.kind is Kind.HISTOGRAM)
    assert buckets == sorted(set(buckets))
    assert instrument.kind is Kind.HISTOGRAM or not instrument.has_exemplars


@pytest.mark.parametrize("instrument", ALL)
def test_every_label_is_declared_and_closed_or_capped(instrument: Instrument) -> None:
    for name in instrument.labels:
        label = LABELS[name]
        assert bool(label.values) != bool(label.most)
        assert len(set(label.values)) == len(label.values)


def test_every_declared_label_is_used() -> None:
    used = {name for each in INSTRUMENTS.values() for name in each.labels}

    assert used == set(LABELS)


def test_no_name_stands_twice_and_none_is_the_part_of_another() -> None:
    names = [each.family for each in INSTRUMENTS.values()]
    parts = {f"{name}_{part}" for name in names for part in ("bucket", "sum", "count", "created")}

    assert len(set(names)) == len(names)
    assert not parts & set(names)


def test_our_own_names_have_our_prefix() -> None:
    assert all(each.name.startswith("ixp_") for each in OURS)
    assert all(each.name.startswith("gen_ai_") for each in CLASSIC)
