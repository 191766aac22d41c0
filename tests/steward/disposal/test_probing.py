"""What a create left unsaid is settled by a look, a few an hour."""

from __future__ import annotations

from typing import Any

from proxy.steward.disposal.probing import PROBES_MAX, Probing
from proxy.steward.disposal.reaching import Reach
from proxy.steward.schedule import Allowance
from tests.steward.disposal.standing import CREDENTIAL, Tables, Upstream

WHEN = {"id": "e", "wall": 5, "mono": 6, "boot": "life"}


class Unsaid(Tables):
    """Some creates said nothing."""

    def __init__(self, *names: str) -> None:
        super().__init__(*names)
        self.asked: list[dict[str, Any]] = []

    def _probing_unsettled(self, **given: Any) -> list[dict[str, Any]]:
        self.asked.append(given)
        address: dict[str, Any] = {"api_version": "v1beta", "api_revision": None}
        return [{"interaction": name} | address for name in self.copies][: given["limit"]]


def probing(tables: Tables, upstream: Upstream, per_hour: int = 60) -> Probing:
    pace = (Allowance(10.0, 0.0), lambda: 0.0)
    reach = Reach(tables, upstream, upstream, CREDENTIAL, pace)
    return Probing(tables, reach, ["c"], per_hour)


async def test_looks_are_spread_over_the_hour_and_told() -> None:
    tables, upstream = Unsaid("v1_a", "v1_b"), Upstream("v1_a")
    made = probing(tables, upstream)
    await made.read(10**15)

    first = await made.look(WHEN, 100.0)
    none_yet = await made.look(WHEN, 159.0)
    second = await made.look(WHEN, 160.0)

    assert upstream.asked == [("GET", "v1_a"), ("GET", "v1_b")]
    assert none_yet == []
    assert [act["data"]["evidence"] for act in (*first, *second)] == [
        "confirmed",
        "absent_unproven",
    ]
    assert {act["kind"] for act in (*first, *second)} == {"probe"}
    assert "it is there" in first[0]["detail"]
    assert "404, which says nothing" in second[0]["detail"]


async def test_only_what_is_neither_too_young_nor_too_old_is_asked_for() -> None:
    tables = Unsaid("v1_a")
    await probing(tables, Upstream()).read(10**15)

    (asked,) = tables.asked
    assert (10**15 - asked["until_us"], 10**15 - asked["since_us"]) == (600_000_000, 86_400_000_000)
    assert asked["probes_max"] == PROBES_MAX


async def test_none_is_asked_for_where_none_is_wanted() -> None:
    tables, upstream = Unsaid("v1_a"), Upstream("v1_a")
    made = probing(tables, upstream, per_hour=0)
    await made.read(10**15)

    assert await made.look(WHEN, 100.0) == []
    assert tables.asked == []
