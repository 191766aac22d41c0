"""Numbers by label values: they add up, are saved and go on."""

from __future__ import annotations

import json

from proxy.telemetry.instruments import INSTRUMENTS
from proxy.telemetry.metrics.counts.tally import PICO, Tally, new_cell

COUNTED = "ixp_tokens_total"
TIMED = "ixp_step_duration_seconds"


def tally() -> Tally:
    made = Tally(INSTRUMENTS.values())
    made.counts(COUNTED)
    made.distribution(TIMED)
    return made


def test_counts_add_up_by_label_values() -> None:
    counts = tally().counts(COUNTED)

    counts.add(("m", "input"), 3)
    counts.add(("m", "input"), 4)
    counts.add(("m", "output"))

    assert counts.values == {("m", "input"): 7, ("m", "output"): 1}


def test_small_amounts_add_up_exactly_and_are_scaled_once() -> None:
    cost = tally().counts("ixp_cost_usd_total", PICO)

    for _ in range(10):
        cost.add(("m", "input"), 100_000_000_000)

    assert [sample.value for sample in cost.samples()] == [1.0]


def test_an_observation_falls_into_the_first_bucket_that_is_not_below_it() -> None:
    cell = new_cell((1.0, 2.0))

    for value in (1.0, 1.5, 2.0, 9.0):
        cell.observe((1.0, 2.0), value)

    assert (cell.counts, cell.total) == ([1, 2, 1], 13.5)


def test_a_bucket_keeps_its_latest_exemplar() -> None:
    steps = tally().distribution(TIMED)

    steps.observe(("thought",), 0.015, ("a" * 32, "x0-1", 5))
    steps.observe(("thought",), 0.016, ("b" * 32, "x0-2", 6))
    steps.observe(("thought",), 0.017)

    assert [(one.exchange, one.value) for one in steps.cells["thought",].exemplars.values()] == [
        ("x0-2", 0.016)
    ]


def test_what_was_saved_goes_on() -> None:
    before, after = tally(), tally()
    before.series[COUNTED].add(("m", "input"), 5)  # type: ignore[union-attr]  # a counter
    before.series[TIMED].observe(("thought",), 3.0)  # type: ignore[union-attr]  # a histogram

    after.restore(json.loads(json.dumps(before.to_json())))

    assert after.to_json() == before.to_json()


def test_a_histogram_whose_bounds_have_changed_begins_anew_and_the_rest_goes_on() -> None:
    after = tally()

    after.restore({TIMED: [[["thought"], [1, 2], 9.0]], COUNTED: [[["m", "input"], 5]]})

    assert after.to_json() == {TIMED: [], COUNTED: [[["m", "input"], 5]]}
