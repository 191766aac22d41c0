"""Until when a copy lives: intervals that hold the truth, and never widen."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.retention.clocks import (
    DAY_NS,
    HOUR_NS,
    PAID_DAYS,
    Anchor,
    Residue,
    Seen,
    Tier,
    days_chosen,
    expiry,
    narrowed,
    residues,
)
from proxy.config.catalogue import CATALOGUE

BEGAN = 1_800_000_000_000_000_000
INSTANTS = st.integers(BEGAN, BEGAN + 100 * DAY_NS)


@given(st.sampled_from([1, *PAID_DAYS]), st.booleans(), INSTANTS, st.integers(-HOUR_NS, HOUR_NS))
def test_the_true_expiry_lies_within(days: int, is_known: bool, continued: int, skew: int) -> None:  # noqa: FBT001
    tier = Tier.UNKNOWN if not is_known else Tier.FREE if days == 1 else Tier.PAID
    anchor = Anchor(BEGAN + skew, "wall", continued_at=continued + skew)

    found = expiry(anchor, tier, days if is_known else None, skew)

    assert found.earliest <= BEGAN + days * DAY_NS
    assert continued + days * DAY_NS <= found.latest


@given(st.lists(st.integers(0, 60 * DAY_NS), max_size=5))
def test_being_served_only_narrows(ages: list[int]) -> None:
    anchor = Anchor(BEGAN, "created")
    found = expiry(anchor, Tier.UNKNOWN, None, 0)
    for age in sorted(ages):
        before, found = found, narrowed(found, anchor, Seen(BEGAN + age, age), 0)
        assert before.earliest <= found.earliest <= found.latest == before.latest


def test_who_is_there_after_25_hours_is_not_of_the_free_tier() -> None:
    anchor = Anchor(BEGAN, "created")
    seen = Seen(BEGAN + 26 * HOUR_NS, 26 * HOUR_NS)
    found = narrowed(expiry(anchor, Tier.UNKNOWN, None, 0), anchor, seen, 0)

    assert found.earliest == BEGAN + 7 * DAY_NS
    assert "not the free tier" in found.basis[-1]


def test_days_are_24_hours_over_leap_days_and_year_ends() -> None:
    for text in ("2028-02-28T12:00:00", "2027-12-31T23:59:59"):
        began = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9
        found = expiry(Anchor(began, "created"), Tier.FREE, None, 0)
        assert found.earliest - began == DAY_NS


def test_only_tools_that_were_used_leave_copies_behind() -> None:
    used = residues(["google_search_call", "model_output"], [("file", "files/a")], BEGAN)
    kinds = {each.kind: each for each in used}

    assert set(kinds) == {"abuse_log", "studio_log", "search_grounding", "file"}
    assert kinds["search_grounding"].until == BEGAN + 30 * DAY_NS
    assert kinds["abuse_log"].is_assumed
    assert {each.kind for each in residues([], [], BEGAN)} == {"abuse_log", "studio_log"}
    assert "maps_grounding" in {each.kind for each in residues(["google_maps_call"], (), BEGAN)}


def test_days_are_one_of_googles_or_unknown() -> None:
    chosen = CATALOGUE["retention.paid_days"].choices

    assert [days_chosen(each) for each in chosen] == [None, *PAID_DAYS]


def test_a_residue_without_an_end_stays_open() -> None:
    assert Residue("environment", "e", None, is_assumed=False).is_open(2**62)
    assert not Residue("file", "f", 5, is_assumed=True).is_open(6)


def test_what_was_used_a_day_ago_may_be_free_however_old_it_is() -> None:
    anchor = Anchor(BEGAN, "created", continued_at=BEGAN + 20 * HOUR_NS)
    seen = Seen(BEGAN + 30 * HOUR_NS, 20 * HOUR_NS)

    found = narrowed(expiry(anchor, Tier.UNKNOWN, None, 0), anchor, seen, 0)

    assert found.earliest == BEGAN + 30 * HOUR_NS
