"""Transitions that are easy to get wrong, one after the other; then whatever may happen, in any order."""

from __future__ import annotations

import pytest

from proxy.audit.retention import events
from proxy.audit.retention.clocks import DAY_NS, SECOND_NS
from proxy.audit.retention.machine import after, replayed
from proxy.audit.retention.states import Copy, Disposal, Evidence, Flag, Store
from tests.audit.retention.living import Steward, steward
from tests.audit.retention.upstream import START


def created(status: int | None, *, has_sent: bool = True, has_id: bool = False) -> Evidence:
    ended = events.CreateEnded(id="1", wall=1, status=status, has_sent=has_sent, has_id=has_id)
    return after(Copy(interaction="x", scope="s"), ended).evidence


@pytest.mark.parametrize(
    ("status", "has_id", "evidence"),
    [
        (200, True, Evidence.ID_KNOWN),
        (200, False, Evidence.ORPHAN_SUSPECT),
        (400, False, Evidence.NOT_CREATED),
        (404, False, Evidence.NOT_CREATED),
        (408, False, Evidence.ORPHAN_SUSPECT),
        (409, False, Evidence.ORPHAN_SUSPECT),
        (429, False, Evidence.ORPHAN_SUSPECT),
        (500, False, Evidence.ORPHAN_SUSPECT),
        (None, False, Evidence.ORPHAN_SUSPECT),
        (None, True, Evidence.ID_KNOWN),
    ],
)
def test_what_a_create_left_behind(status: int | None, has_id: bool, evidence: Evidence) -> None:  # noqa: FBT001
    assert created(status, has_id=has_id) is evidence


def test_nothing_was_created_where_nothing_was_sent() -> None:
    assert created(None, has_sent=False) is Evidence.NOT_CREATED


def test_only_an_explicit_no_counts_as_never_stored() -> None:
    told = events.CreateEnded(id="1", wall=1, status=200, has_sent=True, has_id=False)

    found = {store: after(Copy(interaction="x", scope="s", store=store), told) for store in Store}

    assert found[Store.NO].evidence is Evidence.NEVER_STORED
    assert found[Store.INHERITED].evidence is Evidence.ORPHAN_SUSPECT
    assert found[Store.YES].evidence is Evidence.ORPHAN_SUSPECT


def disposal(made: Steward) -> Disposal:
    return made.copies["x"].disposal


def removed(made: Steward, seconds: int = 3600, step_s: int = 1) -> Disposal:
    made.ask_removal("x")
    made.run(seconds, step_s)
    return made.copies["x"].disposal


def test_a_deletion_is_believed_after_two_404s_with_a_control_between() -> None:
    made = steward()

    assert removed(made) is Disposal.DELETED_VERIFIED
    kinds = [type(event).__name__ for _, event in made.journal][-5:]
    assert "ControlLooked" in kinds
    assert len(made.google.deletes) == 1


def test_a_404_for_what_was_never_confirmed_proves_nothing() -> None:
    made = steward()
    made.create("y", None)
    made.google.stored.pop("y")
    made.ask_removal("y")
    made.run(3600)

    assert made.copies["y"].disposal is Disposal.UNVERIFIABLE


def test_a_404_for_what_was_confirmed_is_verified_as_gone() -> None:
    made = steward()
    made.google.stored.pop("x")

    assert removed(made) is Disposal.ALREADY_GONE


def test_not_implemented_is_asked_once_a_day_and_expiry_takes_over() -> None:
    made = steward(delete_status=501)

    assert removed(made, 5 * 86_400, 3600) is Disposal.UNSUPPORTED
    assert len(made.google.deletes) == 5
    made.run(60 * 86_400, 7200)
    assert disposal(made) is Disposal.EXPIRED_VERIFIED
    assert len(made.google.deletes) <= 12


def test_a_lost_answer_is_found_out_by_looking_not_by_sending_again() -> None:
    made = steward()
    made.ask_removal("x")
    made.step("x", is_killed=True)
    made.restart()
    assert disposal(made) is Disposal.AMBIGUOUS
    made.google.stored["x"].is_deleted = True
    sent = len(made.google.deletes)
    made.run(3600)

    assert disposal(made) is Disposal.DELETED_VERIFIED
    assert len(made.google.deletes) == sent


def test_a_deletion_that_shows_late_is_not_sent_twice() -> None:
    made = steward(shows_for_s=40)

    assert removed(made) is Disposal.DELETED_VERIFIED
    assert len(made.google.deletes) == 1


def test_an_upstream_that_goes_on_serving_is_reported_never_green() -> None:
    made = steward(ignores_deletes=True)

    assert removed(made, 6 * 3600, 10) is Disposal.NOT_EFFECTIVE
    assert len(made.google.deletes) == 3


def test_a_denial_while_verifying_changes_no_evidence() -> None:
    made = steward()
    made.ask_removal("x")
    made.tick()
    made.take("x", events.Looked(**made.stamp(), status=403))

    assert disposal(made) is Disposal.DENIED
    assert made.copies["x"].evidence is Evidence.CONFIRMED
    made.run(600)
    assert len(made.google.deletes) == 1
    made.take("x", events.CredentialChanged(**made.stamp()))
    made.run(3600)
    assert disposal(made) is Disposal.ALREADY_GONE


def test_a_hold_before_sending_keeps_it_and_its_release_lets_it_go() -> None:
    made = steward()
    made.holds["x"] = {"case-7"}

    assert removed(made) is Disposal.SCHEDULED
    assert made.google.deletes == []
    made.holds["x"].clear()
    made.run(3600)
    assert disposal(made) is Disposal.DELETED_VERIFIED


def test_a_hold_while_sending_is_too_late_and_says_so() -> None:
    made = steward()
    made.ask_removal("x")
    made.step("x", is_killed=True)
    made.take("x", events.HoldPlaced(**made.stamp()))

    assert made.copies["x"].flags == {Flag.HOLD_AFTER_SEND}


def test_a_background_run_that_is_not_visible_yet_is_kept_in_mind() -> None:
    made = steward()
    made.create("y", None, is_ended=False)
    made.take("y", events.Looked(**made.stamp(), status=404))

    assert made.copies["y"].evidence is Evidence.ABSENT_UNPROVEN
    assert made.copies["y"].disposal is Disposal.IDLE


def test_what_runs_is_cancelled_a_day_after_it_was_due_once() -> None:
    made = steward()
    made.create("y", None, is_ended=False)
    made.ask_removal("y")
    made.run(86_400, 3600)
    assert made.copies["y"].cancels == 0
    made.run(2 * 86_400, 3600)

    assert made.copies["y"].cancels == 1
    assert made.copies["y"].disposal in {Disposal.UNVERIFIABLE, Disposal.DELETED_VERIFIED}


def test_a_clients_own_deletion_goes_the_same_way() -> None:
    made = steward()
    made.google.stored["x"].is_deleted = True
    told = events.DeleteAnswered(**made.stamp(), status=200, is_ours=False)
    made.take("x", told)
    made.run(3600)

    assert disposal(made) is Disposal.DELETED_VERIFIED
    assert made.google.deletes == []


def test_what_is_served_again_is_an_alarm_and_a_new_duty() -> None:
    made = steward()
    removed(made)
    made.take("x", events.Looked(**made.stamp(), status=200))

    assert disposal(made) is Disposal.SCHEDULED
    assert made.copies["x"].flags == {Flag.RESURRECTED}


def test_what_outstays_its_time_is_an_alarm_and_a_duty() -> None:
    made = steward(days=55)
    made.days, made.has_jumped = 7, True  # it is said to be gone by then, and is not
    made.run(10 * 86_400, 3600)

    assert Flag.OVERSTAY in made.copies["x"].flags
    assert disposal(made) is Disposal.DELETED_VERIFIED


def test_without_a_credential_expiry_is_presumed_and_later_proven() -> None:
    made = steward(days=7)
    made.has_credential = False
    made.run(10 * 86_400, 3600)
    assert disposal(made) is Disposal.EXPIRED_PRESUMED
    made.has_credential = True
    made.run(86_400, 60)

    assert disposal(made) is Disposal.EXPIRED_VERIFIED


def test_one_record_twice_changes_nothing() -> None:
    made = steward()
    removed(made)
    told = [event for name, event in made.journal if name == "x"]
    fresh = Copy(interaction="x", scope="s", began_at=START)

    assert replayed(fresh, told) == replayed(fresh, [each for one in told for each in (one, one)])


def test_waits_never_fall_below_what_upstream_asked_for() -> None:
    made = steward()
    made.ask_removal("x")
    made.take("x", events.DeleteIntended(**made.stamp()))
    answered = events.DeleteAnswered(**made.stamp(), status=429, retry_after_s=90, chance=0.0)
    made.take("x", answered)

    assert made.copies["x"].send_wait.until_mono - made.clock.mono >= 90 * SECOND_NS
    assert made.copies["x"].send_wait.until_mono - made.clock.mono < DAY_NS


def test_an_intent_that_a_hold_overtook_counts_as_nothing_sent() -> None:
    copy = Copy(interaction="x", scope="s", disposal=Disposal.SCHEDULED, due_at=1)
    intended = after(copy, events.DeleteIntended(id="1", wall=2))

    found = after(intended, events.DeleteWithdrawn(id="2", wall=3))

    assert (intended.disposal, intended.deletes) == (Disposal.SENDING, 1)
    assert (found.disposal, found.deletes) == (Disposal.SCHEDULED, 0)
    assert after(copy, events.DeleteWithdrawn(id="3", wall=3)).disposal is Disposal.SCHEDULED


def test_an_end_is_an_end_whoever_concludes_another() -> None:
    made = steward()
    removed(made)

    made.take("x", events.Concluded(**made.stamp(), final=Disposal.EXPIRED_PRESUMED))

    assert disposal(made) is Disposal.DELETED_VERIFIED


def test_a_person_who_has_looked_has_it_tried_again() -> None:
    made = steward(ignores_deletes=True)
    assert removed(made, 6 * 3600, 10) is Disposal.NOT_EFFECTIVE
    made.google.habits.ignores_deletes = False

    assert removed(made) is Disposal.DELETED_VERIFIED
    assert len(made.google.deletes) == 4


def test_a_client_whose_delete_has_no_effect_wants_it_gone_still() -> None:
    made = steward(ignores_deletes=True)
    made.unwanted.add("x")  # no policy does
    told = events.DeleteAnswered(**made.seen_elsewhere(), status=200, is_ours=False)
    made.take("x", told)
    made.run(6 * 3600, 10)

    assert disposal(made) is Disposal.NOT_EFFECTIVE


def test_a_refusal_is_of_the_copy_or_of_the_credential() -> None:
    for works in (True, False):
        made = steward(delete_status=403)
        made.has_credential_that_works = works
        removed(made, 60)

        assert disposal(made) is Disposal.DENIED
        assert made.copies["x"].refused == ("copy" if works else "credential")


def test_a_duty_that_nobody_wants_ends_even_while_it_waits_for_another_try() -> None:
    made = steward(delete_status=501)
    made.ask_removal("x", is_request=False)
    made.run(60)
    made.unwanted.add("x")
    made.run(2 * 86_400, 3600)

    assert disposal(made) is Disposal.IDLE
    assert len(made.google.deletes) == 1


def test_two_misses_prove_nothing_without_a_control_between_them() -> None:
    made = steward()
    for _ in range(2):
        made.take("x", events.Looked(**made.stamp(), status=404))
        made.clock.advance(120 * SECOND_NS)
    before = made.copies["x"].evidence

    made.take("x", events.ControlLooked(**made.stamp(), is_served=True))
    made.take("x", events.Looked(**made.stamp(), status=404))

    assert (before, made.copies["x"].evidence) == (Evidence.CONFIRMED, Evidence.ABSENT)
