from __future__ import annotations

from proxy.fleet.engine.leases import Lease, give_up, take
from tests.fleet.standin import StandIn


def test_who_gets_it_learns_its_number() -> None:
    link = StandIn({"INSERT INTO fleet.leases": [(7, True, 61.5)]})

    assert take(link, "upkeep", "a/1", 60.0) == Lease("upkeep", 7, is_wanted=True, held_s=61.5)


def test_who_does_not_get_it_says_that_he_wants_it() -> None:
    link = StandIn()

    assert take(link, "upkeep", "a/1", 60.0) is None
    assert link.asked[-1] == (
        "UPDATE fleet.leases SET is_wanted = true WHERE name = %s AND NOT is_wanted",
        ("upkeep",),
    )


def test_it_is_given_up_only_as_the_one_that_was_taken() -> None:
    link = StandIn()

    give_up(link, Lease("upkeep", 7, is_wanted=False, held_s=0.0), "a/1")

    assert link.asked[-1][1] == ("upkeep", "a/1", 7)
