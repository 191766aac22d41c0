from __future__ import annotations

import json
from pathlib import Path

from proxy.supervise.ops.shipper import NOTE, Shipping
from proxy.telemetry.metrics.declare import Source
from proxy.telemetry.metrics.now import Reading, families_of
from proxy.telemetry.metrics.written import Form, written
from tests.telemetry.metrics.read import classic_families, sums

SECOND = 1_000_000_000
BEGAN = 1_790_000_000 * SECOND


def told(shipping: Shipping, now_ns: int) -> dict[str, float]:
    read = Reading()
    shipping.read(read, now_ns)
    return sums(classic_families(written(families_of(Source.GATEWAY, read), Form.CLASSIC)))


def note(folder: Path, caught_up_at_ns: int, problem: str | None) -> None:
    said = {"caught_up_at_ns": caught_up_at_ns, "problem": problem, "proxy": "eu-1"}
    (folder / NOTE).write_text(json.dumps(said))


def test_the_lag_is_since_the_engine_last_had_everything_and_grows_though_nobody_notes_it(
    tmp_path: Path,
) -> None:
    shipping = Shipping(tmp_path, BEGAN)
    note(tmp_path, BEGAN + 5 * SECOND, None)

    assert told(shipping, BEGAN + 7 * SECOND) == {"ixp_fleet_up": 1, "ixp_fleet_lag_seconds": 2}
    assert told(shipping, BEGAN + 905 * SECOND)["ixp_fleet_lag_seconds"] == 900


def test_a_problem_is_no_number_but_that_it_is_not_up(tmp_path: Path) -> None:
    note(tmp_path, BEGAN, "the fleet's catalog does not answer")

    assert told(Shipping(tmp_path, BEGAN), BEGAN)["ixp_fleet_up"] == 0


def test_a_shipper_that_never_said_anything_is_behind_since_the_start(tmp_path: Path) -> None:
    shipping = Shipping(tmp_path, BEGAN)
    nothing = told(shipping, BEGAN + 30 * SECOND)
    (tmp_path / NOTE).write_text("{}")

    assert nothing == {"ixp_fleet_up": 0, "ixp_fleet_lag_seconds": 30}
    assert told(shipping, BEGAN + 30 * SECOND) == nothing


def test_a_clock_that_was_set_back_makes_no_negative_lag(tmp_path: Path) -> None:
    note(tmp_path, BEGAN + 60 * SECOND, None)

    assert told(Shipping(tmp_path, BEGAN), BEGAN)["ixp_fleet_lag_seconds"] == 0
