"""Whatever way a stream was cut and told again, the log is the stream."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recording.merging.log import DELIVERIES_MAX, NO_LOG, Delivered, Delivery, Log, merged
from tests.recording.merging.cuttings import (
    covering,
    delivery,
    event,
    numbered,
    scattered,
    unnumbered,
)


def names(log: Log) -> list[str | None]:
    return [each.event_id for each in log.events]


def ranges(log: Log) -> list[tuple[int | None, int | None, int]]:
    return [(share.first, share.last, share.new_count) for share in log.shares]


@given(covering())
def test_any_cutting_that_holds_all_of_a_stream_gives_the_stream(
    cut: tuple[list[Delivered], list[Delivery]],
) -> None:
    events, deliveries = cut

    log = merged(deliveries)

    assert list(log.events) == events
    assert log.is_whole
    assert log.changed == ()
    assert sum(share.new_count for share in log.shares) == len(events)
    assert all(share.is_merged for share in log.shares)


@given(scattered())
def test_what_is_missing_is_declared_where_it_is_missing(
    cut: tuple[list[Delivered], list[Delivery]],
) -> None:
    events, deliveries = cut
    held = {each for one in deliveries for each in one.events}

    log = merged(deliveries)

    assert list(log.events) == [each for each in events if each in held] or log.gaps
    assert set(log.events) == held
    order = {each: place for place, each in enumerate(events)}
    places = [order[each] for each in log.events]
    starts = [place for place in range(len(places)) if place in log.gaps]
    for place, at in enumerate(places):
        before = places[place - 1] if place else -1
        assert (at != before + 1) <= (place in starts), "a jump without a declared gap"


def test_a_stream_cut_twice_and_resumed_with_overlaps_by_two_clients() -> None:
    events = numbered(1000)

    log = merged(
        [delivery(events, 0, 300), delivery(events, 250, 650), delivery(events, 600, 1000)]
    )

    assert list(log.events) == events
    assert log.is_whole
    assert ranges(log) == [(0, 299, 300), (250, 649, 350), (600, 999, 350)]


def test_a_stream_without_ids_is_told_again_but_not_continued() -> None:
    events = unnumbered(10)

    log = merged([delivery(events, 0, 4), delivery(events, 0, 10), delivery(events, 0, 10)])

    assert list(log.events) == events
    assert ranges(log) == [(0, 3, 4), (0, 9, 6), (0, 9, 0)]


def test_a_part_that_nothing_ties_to_the_rest_comes_behind_a_gap() -> None:
    events = numbered(10)

    log = merged([delivery(events, 0, 3), delivery(events, 6, 10)])

    assert names(log) == [f"evt_{place}" for place in (0, 1, 2, 6, 7, 8, 9)]
    assert log.gaps == (3,)
    assert not log.is_whole


def test_a_log_without_its_beginning_says_so() -> None:
    log = merged([delivery(numbered(10), 6, 10)])

    assert (names(log)[0], log.gaps, log.is_whole) == ("evt_6", (0,), False)


def test_a_later_delivery_fills_the_gap() -> None:
    events = numbered(10)

    log = merged([delivery(events, 0, 3), delivery(events, 6, 10), delivery(events, 2, 8)])

    assert list(log.events) == events
    assert log.is_whole


def test_a_cut_log_has_no_gap_but_no_end_either() -> None:
    log = merged([delivery(numbered(10), 0, 3)])

    assert (log.gaps, log.is_whole) == ((), False)


def test_an_event_that_the_server_repeats_counts_once() -> None:
    events = numbered(5)
    inclusive = Delivery("again", "evt_2", tuple(events[2:]))
    stuttering = Delivery("stutter", None, (*events[:2], events[1], *events[2:4]))

    log = merged([stuttering, inclusive])

    assert list(log.events) == events


def test_one_id_with_other_data_is_kept_as_first_told_and_declared() -> None:
    events = numbered(5)
    other = replace(events[3], data=events[3].data + b" ")

    log = merged([delivery(events, 0, 5), Delivery("b", "evt_1", (events[2], other))])

    assert list(log.events) == events
    assert log.changed == (3,)


def test_an_error_that_cut_a_delivery_is_not_the_interactions() -> None:
    events = numbered(6)
    error = event(None, "error", {"error": {"code": "gateway_timeout"}})
    cut = Delivery("cut", None, (*events[:3], error))

    assert list(merged([cut, delivery(events, 3, 6)]).events) == events
    alone = merged([cut])
    assert list(alone.events) == [*events[:3], error]
    assert alone.is_whole


def test_events_without_an_id_between_numbered_ones_keep_their_place() -> None:
    events = numbered(6)
    ping = event(None, "ping", {})

    log = merged([Delivery("a", None, (*events[:3], ping)), delivery(events, 2, 6)])

    assert list(log.events) == [*events[:3], ping, *events[3:]]


def test_of_tellings_that_contradict_each_other_the_one_that_ended_is_the_log() -> None:
    cut = delivery(numbered(20), 0, 9, "live")
    coarse = [
        event(f"other_{each.event_id}", each.type, {"place": place})
        for place, each in enumerate(numbered(4))
    ]

    log = merged([cut, delivery(coarse, 0, 4, "stored")])

    assert list(log.events) == coarse
    assert [(share.exchange, share.is_merged) for share in log.shares] == [
        ("live", False),
        ("stored", True),
    ]


def test_what_is_not_tied_to_a_whole_log_stays_apart() -> None:
    strange = Delivery("strange", "elsewhere", (event("x_1", "step.stop", {"index": 0}),))

    log = merged([delivery(numbered(4), 0, 4), strange])

    assert log.is_whole
    assert [share.is_merged for share in log.shares] == [True, False]


def test_a_delivery_that_brought_nothing_has_no_part() -> None:
    events = numbered(4)

    log = merged([delivery(events, 0, 4), delivery(events, 4, 4), delivery(events, 2, 2)])

    assert ranges(log) == [(0, 3, 4), (None, None, 0), (None, None, 0)]
    assert merged([]) == NO_LOG


def test_more_deliveries_than_are_put_together_are_declared() -> None:
    events = numbered(2)

    log = merged([delivery(events, 0, 2)] * (DELIVERIES_MAX + 1))

    assert [share.is_merged for share in log.shares] == [True] * DELIVERIES_MAX + [False]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_deliveries_that_go_round_in_a_circle_contradict_each_other(
    order: tuple[int, int],
) -> None:
    a, b = event("a", "step.stop", {}), event("b", "step.stop", {})
    circle = [Delivery("1", "a", (b,)), Delivery("2", "b", (a,))]

    log = merged([circle[place] for place in order])

    assert len(log.events) == 1


@given(
    st.lists(
        st.builds(
            Delivery,
            st.sampled_from("xyz"),
            st.none() | st.sampled_from("abcd"),
            st.lists(
                st.builds(
                    Delivered,
                    st.none() | st.sampled_from("abcd"),
                    st.sampled_from(["step.delta", "error", "interaction.completed"]),
                    st.sampled_from([b"{}", b"1"]),
                ),
                max_size=5,
            ).map(tuple),
        ),
        max_size=6,
    )
)
def test_anything_has_a_log_and_every_delivery_a_share(given_: list[Delivery]) -> None:
    log = merged(given_)

    assert [share.exchange for share in log.shares] == [each.exchange for each in given_]
    ids = [each.event_id for each in log.events if each.event_id]
    assert len(ids) == len(set(ids))
    assert all(0 <= gap < len(log.events) for gap in log.gaps)
    merged_count = sum(share.new_count for share in log.shares if share.is_merged)
    assert merged_count == len(log.events)
