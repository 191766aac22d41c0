from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from proxy.audit.ledger.fold import (
    anchor_of,
    copy_of,
    gone_by,
    interval_of,
    residues_of,
    subject_of,
)
from proxy.audit.ledger.telling import written
from proxy.audit.retention import events
from proxy.audit.retention.clocks import DAY_NS, Tier
from proxy.audit.retention.states import Disposal, Evidence, Flag
from tests.audit.ledger.rows_made import START_US, copy_row, event_row


def act(event: Any, at_us: int) -> Any:
    data = json.dumps(written(event, copy_of(copy_row(), [])))
    return event_row("disposal", at_us, id=event.id, data=data)


def test_a_create_alone_shows_an_id_and_no_more() -> None:
    copy = copy_of(copy_row(), [])

    assert (copy.evidence, copy.disposal) == (Evidence.ID_KNOWN, Disposal.IDLE)


def test_being_served_or_continued_confirms_it() -> None:
    served = copy_of(copy_row(), [event_row("served", START_US + 5, status=200)])
    continued = copy_of(copy_row(continued_us=START_US + 9), [])

    assert served.evidence is continued.evidence is Evidence.CONFIRMED


def test_a_look_of_ours_settles_it_where_it_is_served_and_begins_no_duty() -> None:
    def probed(status: int) -> Any:
        looked = events.Looked(id="e", wall=START_US * 1000, boot="b", status=status)
        return copy_of(copy_row(), [replace(act(looked, START_US + 5), kind="probe")])

    assert [probed(status).evidence for status in (200, 404, 503)] == [
        Evidence.CONFIRMED,
        Evidence.ABSENT_UNPROVEN,
        Evidence.ID_KNOWN,
    ]
    assert {probed(status).disposal for status in (200, 404)} == {Disposal.IDLE}


def test_a_delete_of_a_client_is_to_be_verified() -> None:
    told = [
        event_row("served", START_US + 5, status=200),
        event_row("deleted", START_US + 9, status=200),
    ]

    assert copy_of(copy_row(), told).disposal is Disposal.VERIFYING


def test_an_intent_without_an_answer_is_ambiguous_in_the_next_life() -> None:
    began = events.DutyBegan(id="e1", wall=1, boot="one", due_at=1, is_request=False)
    intended = events.DeleteIntended(id="e2", wall=2, boot="one")
    looked = events.Looked(id="e3", wall=3, boot="two", status=None)

    first = copy_of(copy_row(), [act(began, 1), act(intended, 2)])
    second = copy_of(copy_row(), [act(began, 1), act(intended, 2), act(looked, 3)])

    assert first.disposal is Disposal.SENDING
    assert second.disposal is Disposal.AMBIGUOUS


def test_order_of_rows_and_rows_told_twice_change_nothing() -> None:
    told = [
        event_row("served", START_US + 5, status=200),
        act(events.DutyBegan(id="e1", wall=6, boot="a", due_at=1, is_request=True), START_US + 6),
        act(events.DeleteIntended(id="e2", wall=7, boot="a"), START_US + 7),
        act(events.DeleteAnswered(id="e3", wall=8, boot="a", status=200), START_US + 8),
    ]

    assert copy_of(copy_row(), told) == copy_of(copy_row(), [*told[::-1], *told])


def test_the_period_begins_by_googles_word_else_by_its_date_else_by_our_clock() -> None:
    rows = (
        copy_row(created_us=1, date_us=2, seen_us=3),
        copy_row(created_us=None, date_us=2, seen_us=3),
        copy_row(created_us=None, date_us=None, seen_us=3),
    )

    found = [(anchor_of(row).began_at, anchor_of(row).source) for row in rows]

    assert found == [(1000, "created"), (2000, "date"), (3000, "wall")]


def test_a_copy_that_was_served_late_is_there_at_least_until_then() -> None:
    row = copy_row()
    copy = copy_of(row, [event_row("served", START_US + 30 * DAY_NS // 1000, status=200)])

    found = interval_of(row, copy, (Tier.UNKNOWN, None), skew_ns=0)

    assert found.earliest == START_US * 1000 + 30 * DAY_NS
    assert found.latest == START_US * 1000 + 56 * DAY_NS


def test_clocks_beside_it_run_for_what_was_used() -> None:
    tools = "google_search_call,google_search_result"
    row = copy_row(tools=tools, environment="env-1", files=2, has_cache=True)

    kinds = {residue.kind for residue in residues_of(row)}

    logs = {"abuse_log", "studio_log"}
    assert kinds == logs | {"search_grounding", "environment", "file", "cache"}
    assert {residue.kind for residue in residues_of(copy_row())} == logs


def test_policies_look_at_tools_by_their_plain_names() -> None:
    subject = subject_of(copy_row(tools="google_search_call,url_context_result", label="a,b"))

    assert subject.tools == {"google_search", "url_context"}
    assert subject.labels == {"a", "b"}
    assert subject.models == {"gemini-2.5-flash"}


def test_what_somebody_else_reads_moves_no_wait_and_takes_no_poll() -> None:
    """A client that reads what is being verified, or waited for, hurries nothing."""
    refused = events.DeleteAnswered(id="e3", wall=8, mono=8, boot="a", status=503)
    told = [
        event_row("served", START_US + 5, status=200),
        act(events.DutyBegan(id="e1", wall=6, boot="a", due_at=1, is_request=True), START_US + 6),
        act(events.DeleteIntended(id="e2", wall=7, boot="a"), START_US + 7),
        act(refused, START_US + 8),
    ]
    alone = copy_of(copy_row(), told, "a")

    read = copy_of(copy_row(), [*told, event_row("served", START_US + 9, status=200)], "a")

    assert read.disposal is alone.disposal is Disposal.BACKOFF
    assert (read.boot, read.send_wait, read.gets) == ("a", alone.send_wait, 0)


def test_being_continued_after_it_was_found_gone_is_an_alarm() -> None:
    gone = events.Concluded(id="e9", wall=9, final=Disposal.EXPIRED_PRESUMED)
    told = [act(gone, START_US + 9)]

    before = copy_of(copy_row(continued_us=START_US + 5), told)
    after = copy_of(copy_row(continued_us=START_US + 50), told)

    assert before.disposal is Disposal.EXPIRED_PRESUMED
    assert after.flags == {Flag.RESURRECTED}


def test_who_is_served_after_all_grace_outstays_by_upstreams_own_clock() -> None:
    row = copy_row()
    late = gone_by(row, (Tier.PAID, 7), 0)

    def served(date_ns: int | None) -> frozenset[Flag]:
        date_us = None if date_ns is None else date_ns // 1000
        told = event_row("served", START_US + 90 * DAY_NS // 1000, status=200, date_us=date_us)
        return copy_of(row, [told], gone_by=late).flags

    assert served(late + 1000) == {Flag.OVERSTAY}
    assert served(late) == served(None) == frozenset()


def test_acts_are_taken_in_the_order_of_writing_where_their_instants_are_the_same() -> None:
    intended = act(events.DeleteIntended(id="f", wall=7, boot="a"), START_US)
    answered = act(events.DeleteAnswered(id="e", wall=8, boot="a", status=501), START_US)

    found = copy_of(copy_row(), [replace(answered, place=2), replace(intended, place=1)])

    assert found.disposal is Disposal.UNSUPPORTED
