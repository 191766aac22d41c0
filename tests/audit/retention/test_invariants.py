"""Whatever happens, in whatever order: the invariants of disposal. The upstream here does all it is known to do."""

from __future__ import annotations

import os
from random import Random
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from proxy.audit.retention import events
from proxy.audit.retention.clocks import DAY_NS, HOUR_NS, SECOND_NS, Tier
from proxy.audit.retention.decide import DELETES_MAX, GETS_MAX
from proxy.audit.retention.machine import CONFIRM_NS
from proxy.audit.retention.states import FINAL, VERIFIED, Disposal, Flag
from proxy.audit.retention.trust import Trust
from tests.audit.retention.upstream import Clock, Google, Habits, Steward

RUNS: Final = int(os.environ.get("RETENTION_RUNS", "60"))
STEPS: Final = 100

_UNITS: Final = st.sampled_from([SECOND_NS, 60 * SECOND_NS, HOUR_NS, DAY_NS])
_PLACES: Final = st.integers(0, 5)
_CHANCES: Final = st.sampled_from([0.0, 0.0, 0.1, 0.5])


class Disposing(RuleBasedStateMachine):
    """Some conversations, one steward, one moody upstream."""

    @initialize(
        tier=st.sampled_from([(Tier.FREE, 1), (Tier.PAID, 7), (Tier.PAID, 55)]),
        is_known=st.booleans(),
        hiccups=_CHANCES,
        misleading=_CHANCES,
        shows_for_s=st.sampled_from([0, 0, 40, 500]),
        seed=st.integers(0, 1000),
    )
    def begin(
        self,
        tier: tuple[Tier, int],
        is_known: bool,  # noqa: FBT001
        hiccups: float,
        misleading: float,
        shows_for_s: int,
        seed: int,
    ) -> None:
        habits = Habits(
            tier=tier[0],
            days=tier[1],
            hiccups=hiccups,
            misleading=misleading,
            shows_for_s=shows_for_s,
        )
        self.steward = Steward(Google(habits, Random(seed)), Clock())
        if not is_known:
            self.steward.tier = Tier.UNKNOWN
        self.has_jumped = False
        self.finals: dict[str, Disposal] = {}
        self.told_final: dict[str, bool] = {}
        self.deleted_by_time: list[tuple[Trust, bool]] = []
        self.create(None, is_ended=True)

    def name(self, place: int) -> str:
        names = list(self.steward.copies)
        return names[place % len(names)]

    @rule(place=st.none() | _PLACES, is_ended=st.booleans())
    def create(self, place: int | None, is_ended: bool) -> None:  # noqa: FBT001
        steward = self.steward
        if len(steward.copies) < 6:
            before = None if place is None else self.name(place)
            steward.create(f"i{len(steward.copies)}", before, is_ended=is_ended)
            served = before is not None and steward.google.is_served(before, steward.clock.wall)
            if before is not None and served:
                steward.take(before, events.Continued(**steward.stamp()))
                stored = steward.google.stored[before]
                stored.expires_at = steward.clock.wall + steward.google.habits.days * DAY_NS

    @rule(place=_PLACES)
    def somebody_reads(self, place: int) -> None:
        steward, name = self.steward, self.name(place)
        status = steward.google.get(name, steward.clock.wall)
        steward.take(name, events.Looked(**steward.stamp(), status=status))

    @rule(place=_PLACES)
    def its_run_ends(self, place: int) -> None:
        self.steward.take(self.name(place), events.RunEnded(**self.steward.stamp()))

    @rule(place=_PLACES, is_request=st.booleans(), is_branch=st.booleans())
    def removal_is_asked(self, place: int, is_request: bool, is_branch: bool) -> None:  # noqa: FBT001
        self.steward.ask_removal(self.name(place), is_request=is_request)
        if is_branch:
            self.steward.selected.add(self.name(place))

    @rule(place=_PLACES, holder=st.sampled_from(["a", "b"]))
    def hold(self, place: int, holder: str) -> None:
        name = self.name(place)
        self.steward.holds.setdefault(name, set()).add(holder)
        for held in self.steward.protected():
            self.steward.take(held, events.HoldPlaced(**self.steward.stamp()))

    @rule(place=_PLACES, holder=st.sampled_from(["a", "b"]))
    def release(self, place: int, holder: str) -> None:
        self.steward.holds.get(self.name(place), set()).discard(holder)

    @rule(place=_PLACES)
    def client_deletes(self, place: int) -> None:
        steward, name = self.steward, self.name(place)
        status = steward.google.delete(name, steward.clock.wall)
        steward.google.deletes.pop()
        told = events.DeleteAnswered(**steward.stamp(), status=status, is_ours=False)
        steward.take(name, told)

    @rule(unit=_UNITS, count=st.integers(1, 20))
    def time_goes_by(self, unit: int, count: int) -> None:
        for _ in range(min(count, 5)):
            self.steward.clock.advance(unit * max(1, count // 5))
            self.look_after_all()

    @rule()
    def look_after_all(self) -> None:
        steward = self.steward
        steward.watch = steward.watch.seen(steward.clock.wall, steward.clock.mono)
        for name in list(steward.copies):
            before, copy = len(steward.google.deletes), steward.copies[name]
            trust = steward.watch.trust
            steward.step(name)
            if len(steward.google.deletes) > before:
                self.deleted_by_time.append((trust, copy.is_request))

    @rule(ns=st.sampled_from([-3600, -3, 7200, 86_400 * 60]))
    def the_clock_jumps(self, ns: int) -> None:
        self.has_jumped = True
        self.steward.clock.wall += ns * SECOND_NS
        self.steward.watch = self.steward.watch.seen(
            self.steward.clock.wall, self.steward.clock.mono
        )

    @rule(place=_PLACES)
    def killed_while_acting(self, place: int) -> None:
        self.steward.step(self.name(place), is_killed=True)
        self.steward.restart()

    @rule(place=_PLACES)
    def served_again(self, place: int) -> None:
        stored = self.steward.google.stored[self.name(place)]
        stored.is_deleted = False

    @rule()
    def the_credential_comes_or_goes(self) -> None:
        self.steward.has_credential = not self.steward.has_credential
        for name in list(self.steward.copies):
            self.steward.take(name, events.CredentialChanged(**self.steward.stamp()))

    @invariant()
    def nothing_held_is_ever_sent(self) -> None:
        assert self.steward.sent_while_held == []

    @invariant()
    def every_delete_on_the_wire_has_its_own_intent_before_it(self) -> None:
        for name in self.steward.copies:
            sent = sum(each == name for each, _ in self.steward.google.deletes)
            assert sent <= self.steward.copies[name].deletes

    @invariant()
    def finals_are_left_only_with_a_flag_or_upward(self) -> None:
        for name, copy in self.steward.copies.items():
            before = self.finals.get(name)
            if before is not None and copy.disposal is not before:
                is_upgrade = before not in VERIFIED and copy.disposal in FINAL
                assert is_upgrade or copy.flags & {Flag.RESURRECTED, Flag.OVERSTAY}
            if copy.disposal in FINAL:
                self.finals[name] = copy.disposal
            else:
                self.finals.pop(name, None)

    @invariant()
    def what_counts_as_verified_has_its_witnesses(self) -> None:
        for name, copy in self.steward.copies.items():
            if copy.disposal in VERIFIED:
                assert has_witnesses([each for at, each in self.steward.journal if at == name])

    @invariant()
    def no_clock_that_jumped_deletes_anything_by_itself(self) -> None:
        assert all(
            is_request or trust is Trust.TRUSTED for trust, is_request in self.deleted_by_time
        )

    @invariant()
    def intervals_only_narrow_and_hold_the_truth(self) -> None:
        steward = self.steward
        for name, found in steward.intervals.items():
            assert all(each.earliest <= each.latest for each in found)
            same = [each for each in found if each.latest == found[-1].latest]
            assert [each.earliest for each in same] == sorted(each.earliest for each in same)
            if not self.has_jumped:  # with correct clocks
                truth = steward.google.stored[name].expires_at
                assert found[-1].earliest <= truth <= steward.interval(name).latest

    @invariant()
    def requests_are_bounded(self) -> None:
        for copy in self.steward.copies.values():
            assert copy.deletes <= DELETES_MAX


def has_witnesses(told: list[events.AnyEvent]) -> bool:
    """A 200, and after the last of them two 404s far enough apart with a control between, in one life."""
    served = [n for n, each in enumerate(told) if is_served(each)]
    if not served:
        return False
    after = told[served[-1] + 1 :]
    misses = [each for each in after if isinstance(each, events.Looked) and each.status == 404]
    controls = [each for each in after if isinstance(each, events.ControlLooked)]
    return any(
        late.mono - early.mono >= CONFIRM_NS
        and late.boot == early.boot
        and any(
            each.is_served and each.boot == early.boot and early.mono <= each.mono <= late.mono
            for each in controls
        )
        for early in misses
        for late in misses
    )


def is_served(event: events.AnyEvent) -> bool:
    if isinstance(event, events.Continued):
        return True
    return isinstance(event, events.Looked) and event.status == 200


Disposing.TestCase.settings = settings(
    max_examples=RUNS,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestDisposing = Disposing.TestCase


def test_an_upstream_that_answers_in_the_end_gets_everything_to_its_end() -> None:
    for seed in range(20):
        habits = Habits(hiccups=0.3, shows_for_s=20)
        steward = Steward(Google(habits, Random(seed)), Clock())
        before = None
        for number in range(4):
            steward.create(f"i{number}", before)
            steward.take(f"i{number}", events.Looked(**steward.stamp(), status=200))
            before = f"i{number}" if number % 2 else before
        for name in list(steward.copies):
            steward.selected.add(name)
            steward.ask_removal(name)
        steward.run(2 * 86_400, 600)

        assert {copy.disposal for copy in steward.copies.values()} <= FINAL
        assert max(copy.gets for copy in steward.copies.values()) <= GETS_MAX
        gone = [name for name, _ in steward.google.deletes]
        assert gone.index("i3") < gone.index("i1")  # what is behind goes first
