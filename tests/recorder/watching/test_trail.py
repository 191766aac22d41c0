"""What a scrape says of the trail."""

from __future__ import annotations

from proxy.recorder.trail.follow import TrailStatus
from proxy.recorder.trail.giving import WitnessStatus
from proxy.recorder.watching.trail import TrailMetrics
from proxy.telemetry.instruments import INSTRUMENTS
from proxy.telemetry.metrics.now import Reading

SECOND = 1_000_000_000


def told(status: TrailStatus, witness: WitnessStatus | None) -> dict[str, float]:
    read = Reading()
    TrailMetrics(lambda: status, lambda: witness, lambda: 100 * SECOND).read(read)
    assert read.samples.keys() <= INSTRUMENTS.keys()
    return {name.removeprefix("ixp_trail_"): one.value for name, (one,) in read.samples.items()}


def test_a_trail_says_how_much_is_signed_and_since_when() -> None:
    assert told(TrailStatus(500, 7, 90 * SECOND, None, 95 * SECOND), None) == {
        "up": 1,
        "leaves": 500,
        "pending_leaves": 7,
        "checkpoint_age_seconds": 10,
        "heartbeat_age_seconds": 5,
    }


def test_a_refused_one_is_down_and_a_witness_is_told_where_there_is_one() -> None:
    status = TrailStatus(500, 0, 90 * SECOND, "another tree", 95 * SECOND)

    found = told(status, WitnessStatus(400, 40 * SECOND))

    assert found["up"] == 0
    assert (found["witnessed_leaves"], found["witness_age_seconds"]) == (400, 60)
