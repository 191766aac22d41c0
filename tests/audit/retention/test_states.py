from __future__ import annotations

import pytest

from proxy.audit.retention.states import NO_WAIT, Copy, Disposal, Evidence, Wait, can_be_asked

WAIT = Wait("b1", until_mono=50, since_wall=1000, until_wall=1050)


def test_a_wait_ends_by_the_clock_of_the_life_that_waits() -> None:
    assert [WAIT.is_over(2000, mono, "b1") for mono in (49, 50)] == [False, True]


def test_another_life_goes_by_the_wall_clock_unless_it_was_set_back() -> None:
    assert [WAIT.is_over(wall, 0, "b2") for wall in (1049, 1050, 999)] == [False, True, True]


def test_who_does_not_wait_may_go_on() -> None:
    assert NO_WAIT.is_over(0, 0, "b1")


@pytest.mark.parametrize(
    ("evidence", "disposal", "can"),
    [
        (Evidence.ID_KNOWN, Disposal.IDLE, True),
        (Evidence.CONFIRMED, Disposal.SCHEDULED, True),
        (Evidence.ORPHAN_SUSPECT, Disposal.IDLE, False),
        (Evidence.NEVER_STORED, Disposal.IDLE, False),
        (Evidence.ABSENT, Disposal.DELETED_VERIFIED, False),
    ],
)
def test_only_what_is_there_under_an_id_can_be_ordered_to_go(
    evidence: Evidence,
    disposal: Disposal,
    can: bool,  # noqa: FBT001
) -> None:
    copy = Copy(interaction="x", scope=None, evidence=evidence, disposal=disposal)

    assert can_be_asked(copy) is can
