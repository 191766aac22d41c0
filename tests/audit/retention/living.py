"""A steward without a network, which does what the real one does: decides, records the intent, acts, records the answer.

Each step is judged at once by what is really so, found without the code under test: holds by walking the turns,
time by the true clock.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from proxy.audit.ledger import telling
from proxy.audit.ledger.receipt import receipt
from proxy.audit.retention import decide, events, machine
from proxy.audit.retention.cascade import Forest
from proxy.audit.retention.clocks import (
    DAY_NS,
    RULES,
    SECOND_NS,
    Anchor,
    Interval,
    Seen,
    Tier,
    expiry,
    narrowed,
    residues,
)
from proxy.audit.retention.decide import Move, Now, World
from proxy.audit.retention.states import (
    ATTENTION,
    FINAL,
    VERIFIED,
    Copy,
    Disposal,
    Evidence,
    Flag,
    Store,
    is_passed_over,
)
from proxy.audit.retention.trust import AHEAD_NS, CORROBORATED_WITHIN_NS, ClockWatch, Trust
from tests.audit.retention.upstream import Clock, Google, Habits, Told
from tests.audit.retention.witnesses import has_witnesses

BESIDE = {"search_grounding": 30, "abuse_log": 55, "studio_log": 55, "cache": -1}
"""Days that a copy beside the stored one may live; a cache as long as it likes."""
PERSON = {Disposal.DENIED, Disposal.REJECTED, Disposal.NOT_EFFECTIVE}
WRONG_NS = AHEAD_NS + CORROBORATED_WITHIN_NS
"""So far ahead a clock may be without anybody noticing."""


class Steward:
    """Cares for all copies; `journal` is all that survives its death."""

    def __init__(self, google: Google, clock: Clock) -> None:
        self.google = google
        self.clock = clock
        self.chance = google.chance
        self.copies: dict[str, Copy] = {}
        self.before: dict[str, str | None] = {}
        self.holds: dict[str, set[str]] = {}
        self.selected: set[str] = set()
        """To be removed together, leaves first."""
        self.unwanted: set[str] = set()
        """The policy changed its mind."""
        self.journal: list[tuple[str, events.AnyEvent]] = []
        self.has_credential = True
        self.has_credential_that_works = True
        self.boot = "b1"
        self.watch = ClockWatch.born(clock.wall, clock.wall, clock.mono)
        self.watch = self.watch.corroborated(clock.true)
        self.tier, self.days = google.habits.tier, google.habits.days
        self.has_jumped = False
        self.wire: dict[str, list[tuple[str, int, Told | None]]] = {}
        """By copy: DELETE, GET and cancel in order, when, and the answer to a DELETE (None: not recorded)."""
        self.last_interval: dict[str, Interval] = {}
        # A pure question that was asked before is answered as then: looks are many, changes few.
        self._intervals: dict[str, tuple[object, Interval]] = {}
        self._forest = Forest({})
        self._forest_of = 0
        self._protected: tuple[object, frozenset[str]] = (None, frozenset())

    # Recording.

    def take(self, name: str, event: events.AnyEvent) -> None:
        before = self.copies[name]
        self.journal.append((name, event))
        after = self.copies[name] = machine.after(before, event)
        self._judge_final(name, before, after)
        self._judge_told(name, event, after)
        is_news = (before.disposal, before.flags) != (after.disposal, after.flags)
        if is_news and after.disposal in FINAL | ATTENTION:
            self._judge_receipt(name, after)

    def stamp(self) -> dict[str, Any]:
        return {
            "id": f"e{len(self.journal)}",
            "wall": self.clock.wall,
            "mono": self.clock.mono,
            "boot": self.boot,
        }

    def seen_elsewhere(self) -> dict[str, Any]:
        """Of what others did: the records have no monotonic time of it."""
        return {"id": f"e{len(self.journal)}", "wall": self.clock.wall}

    def create(
        self,
        name: str,
        before: str | None,
        *,
        is_ended: bool = True,
        store: Store = Store.YES,
        fate: str = "answered",
    ) -> None:
        """`fate`: answered, refused, lost (it may have been created), unsent."""
        now = self.clock.true
        if fate in {"answered", "lost"}:
            self.google.create(name, now, store)
        self.before[name] = before
        copy = Copy(interaction=name, scope="s", began_at=self.clock.wall, store=store)
        self.copies[name] = copy
        status = {"answered": 200, "refused": 400, "lost": 503}.get(fate)
        ended = events.CreateEnded(
            **self.stamp(),
            status=status,
            has_sent=fate != "unsent",
            has_id=fate == "answered" and name in self.google.stored,
        )
        self.take(name, ended)
        self._judge_evidence(name)
        if is_ended:
            self.take(name, events.RunEnded(**self.stamp()))

    def interval(self, name: str) -> Interval:
        copy = self.copies[name]
        uses = (copy.began_at, copy.updated_at, copy.continued_at)
        asked = (uses, copy.served_at, copy.longest_unused_ns, self.tier, self.days)
        before, found = self._intervals.get(name, (None, None))
        if found is None or before != asked:
            anchor = Anchor(uses[0], "created", *uses[1:])
            found = expiry(anchor, self.tier, self.days if self.tier is Tier.PAID else None, 0)
            if copy.served_at:
                seen = Seen(copy.served_at, copy.longest_unused_ns)
                found = narrowed(found, anchor, seen, 0)
            self._intervals[name] = (asked, found)
        self._judge_interval(name, found)
        return found

    # Acting.

    def is_held(self, name: str) -> bool:
        """By a hold of its own or on any turn behind it; found by walking from each held turn."""
        for held, holders in self.holds.items():
            turn: str | None = held if holders else None
            while turn is not None:
                if turn == name:
                    return True
                turn = self.before[turn]
        return False

    def behind(self, name: str) -> list[str]:
        """All turns behind it."""
        found, waiting = [], [name]
        while waiting:
            last = waiting.pop()
            later = [turn for turn, before in self.before.items() if before == last]
            found += later
            waiting += later
        return found

    def world(self, name: str) -> World:
        if self._forest_of != len(self.before):
            self._forest, self._forest_of = Forest(dict(self.before)), len(self.before)
        forest = self._forest
        held = (forest, [turn for turn, holders in self.holds.items() if holders])
        if self._protected[0] != held:
            self._protected = (held, forest.protected(held[1]))
        is_open = name in self.selected and any(
            self.copies[turn].disposal not in FINAL
            for turn in forest.descendants(name)
            if turn in self.selected
        )
        return World(
            self.interval(name),
            self.has_credential,
            name in self._protected[1],
            has_open_branch=is_open,
            is_wanted=name not in self.unwanted,
        )

    def tick(self) -> int:
        """One look at every copy; how many moves there were."""
        self.watch = self.watch.seen(self.clock.wall, self.clock.mono)
        if self.watch.trust is not Trust.TRUSTED and self.has_credential:
            self.watch = self.watch.corroborated(self.clock.true)
        self.widen()
        return sum(self.step(name) for name in list(self.copies))

    def step(self, name: str, *, is_killed: bool = False) -> int:
        now = Now(self.clock.wall, self.clock.mono, self.boot, self.watch.trust)
        following = decide.decide(self.copies[name], now, self.world(name))
        match following.move:
            case Move.NOTHING:
                return 0
            case Move.DELETE:
                self._delete(name, is_killed=is_killed)
            case Move.LOOK:
                self._look(name)
            case Move.CONTROL:
                told = events.ControlLooked(
                    **self.stamp(), is_served=self.has_credential_that_works
                )
                self.take(name, told)
            case Move.CANCEL:
                self.take(name, events.CancelIntended(**self.stamp()))
                self.wire.setdefault(name, []).append(("CANCEL", self.clock.mono, None))
                self.take(name, events.RunEnded(**self.stamp()))
            case Move.DROP:
                before = self.copies[name]
                self.take(name, events.DutyEnded(**self.stamp()))
                assert self.copies[name].disposal is not before.disposal, (
                    "a move that moves nothing"
                )
            case Move.CONCLUDE:
                assert following.final is not None
                if following.final is Disposal.EXPIRED_PRESUMED:
                    self._judge_time(f"{name} is presumed to have expired")
                self.take(name, events.Concluded(**self.stamp(), final=following.final))
        return 1

    def _delete(self, name: str, *, is_killed: bool) -> None:
        self._judge_intent(name)
        intended = self.stamp()
        self.take(name, events.DeleteIntended(**intended))
        if self.chance.random() < 0.02:  # a hold came first: found when holds are read once more
            self.take(name, events.DeleteWithdrawn(**self.stamp()))
            return
        if is_killed and self.chance.random() < 0.5:
            return  # before a byte left
        wire = self.wire.setdefault(name, [])
        self._judge_wire(name, wire)
        told = self.google.delete(name, self.clock.true)
        wire.append(("DELETE", self.clock.mono, None if is_killed else told))
        if is_killed:
            return  # before the answer was recorded
        answered = events.DeleteAnswered(
            **self.stamp(),
            status=told.status,
            retry_after_s=told.retry_after_s,
            chance=self.chance.random(),
        )
        self.take(name, answered)

    def _look(self, name: str) -> None:
        status = self.google.get(name, self.clock.true)
        self.wire.setdefault(name, []).append(("GET", self.clock.mono, None))
        if status is not None:
            self.watch = self.watch.corroborated(self.clock.true)
        is_overdue = (
            self.watch.trust is Trust.TRUSTED
            and self.clock.wall > self.interval(name).latest + RULES.grace_ns
        )
        self.take(name, events.Looked(**self.stamp(), status=status, is_overdue=is_overdue))

    def judge_replay(self) -> None:
        """Everything follows from the journal: row by row, and each record read twice."""
        for name, copy in self.copies.items():
            fresh = Copy(interaction=name, scope="s", began_at=copy.began_at, store=copy.store)
            for at, event in self.journal:
                if at == name:
                    fresh = machine.after(machine.after(fresh, event), event)
            assert fresh == copy

    def restart(self) -> None:
        """Killed and started again: what was on the wire has an unknown end, all else is as it was."""
        self.boot = f"b{int(self.boot[1:]) + 1}"
        floor = max(event.wall for _, event in self.journal)
        self.watch = ClockWatch.born(floor, self.clock.wall, self.clock.mono)
        for name, copy in list(self.copies.items()):
            self.take(name, events.Restarted(**self.stamp()))
            was_sending = copy.disposal is Disposal.SENDING
            expected = Disposal.AMBIGUOUS if was_sending else copy.disposal
            assert self.copies[name].disposal is expected

    # What is really so.

    def _judge_intent(self, name: str) -> None:
        copy = self.copies[name]
        assert not self.is_held(name), f"{name} is held, and its DELETE is intended"
        if name in self.selected:
            first = [turn for turn in self.behind(name) if turn in self.selected]
            assert all(self.copies[turn].disposal in FINAL for turn in first), f"{name} goes first"
        if not copy.is_request:
            self._judge_time(f"{name} is deleted")
            assert name not in self.unwanted
            assert copy.due_at is not None
            assert copy.due_at <= self.clock.wall

    def _judge_time(self, what: str) -> None:
        assert self.watch.trust is Trust.TRUSTED, what
        assert self.clock.jumped <= WRONG_NS, f"{what} by a clock that is ahead"

    def _judge_wire(self, name: str, wire: list[tuple[str, int, Told | None]]) -> None:
        if not wire:
            return
        intents = sum(
            at == name and isinstance(event, events.DeleteIntended) for at, event in self.journal
        )
        sent = [each for each in wire if each[0] == "DELETE"]
        assert len(sent) < intents, "more on the wire than was intended"
        if not sent:
            return
        _, mono, told = sent[-1]
        if told is None or told.status is None:
            assert wire[-1][0] != "DELETE", "sent again without a look"
            return
        if self.has_jumped:
            return
        gap = self.clock.mono - mono
        if told.status in {408, 409, 429, 500, 503}:
            assert gap >= max(1, told.retry_after_s) * SECOND_NS, "too soon after a refusal"
        if told.status in {405, 501}:
            assert gap >= DAY_NS, "a probe more than once a day"

    def _judge_final(self, name: str, before: Copy, after: Copy) -> None:
        if before.disposal in FINAL and after.disposal is not before.disposal:
            is_upgrade = before.disposal not in VERIFIED and after.disposal in VERIFIED
            assert is_upgrade or after.flags & {Flag.RESURRECTED, Flag.OVERSTAY}
        if after.disposal in VERIFIED and before.disposal not in VERIFIED:
            told = [event for at, event in self.journal if at == name]
            assert has_witnesses(told), f"{name} is said to be verified without witnesses"

    def _judge_told(self, name: str, event: events.AnyEvent, after: Copy) -> None:
        """What people see is told with the event itself."""
        told = telling.written(event, after)
        assert told["state"] == after.disposal, f"{name} is shown in another state"
        assert (after.disposal in PERSON) == (after.disposal in ATTENTION)

    def _judge_receipt(self, name: str, after: Copy) -> None:
        """It says no more than is so."""
        has_cache = len(self.journal) % 2 == 1
        now, uses = self.clock.wall, [("cache", "c")] if has_cache else []
        beside = residues(["google_search_call"], uses, now)
        for days in (0, 31, 56):
            body = receipt(after, self.interval(name), [], beside, now + days * DAY_NS)
            left = {kind for kind, until in BESIDE.items() if days <= until or kind in dict(uses)}
            assert {each["kind"] for each in body["not_reached"]} == left, f"beside {name}"
            assert not body["nothing_left"] or (not left and after.disposal in VERIFIED)

    def _judge_evidence(self, name: str) -> None:
        """Each attempt is in one class, and none says less than may be there."""
        copy = self.copies[name]
        assert copy.evidence is not Evidence.INTENDED
        if copy.evidence is Evidence.NEVER_STORED:
            assert copy.store is Store.NO
        if copy.evidence in {Evidence.NOT_CREATED, Evidence.NEVER_STORED}:
            assert name not in self.google.stored, f"{name} is there"

    def _judge_interval(self, name: str, found: Interval) -> None:
        assert found.earliest <= found.latest
        last = self.last_interval.get(name)
        if last is not None and not self.has_jumped:
            assert found.earliest >= last.earliest
            assert found.latest >= last.latest  # a later use begins the period again
            assert found.earliest == last.earliest or found.basis != ()
        self.last_interval[name] = found
        stored = self.google.stored.get(name)
        if stored is not None and not self.has_jumped:
            assert found.earliest <= stored.expires_at <= found.latest

    def run(self, seconds: int, step_s: int = 60) -> None:
        """Let time go by, looking every `step_s`."""
        for _ in range(seconds // step_s):
            self.clock.advance(step_s * SECOND_NS)
            self.tick()

    def ask_removal(self, name: str, *, is_request: bool = True, is_branch: bool = False) -> None:
        began = events.DutyBegan(
            **self.stamp(), due_at=self.clock.wall, is_request=is_request, is_branch=is_branch
        )
        self.take(name, began)

    def widen(self) -> None:
        """What came behind a turn that goes with all behind it is selected, too."""
        for name in (name for name, copy in list(self.copies.items()) if copy.is_branch):
            for turn in self.behind(name):
                if is_passed_over(self.copies[turn]):
                    self.selected.add(turn)
                    self.ask_removal(turn, is_branch=True)


def steward(**habits: Any) -> Steward:
    """With one confirmed copy, `x`, of a Google with these habits."""
    google = Google(replace(Habits(), **habits), Random(1))
    made = Steward(google, Clock())
    made.create("x", None)
    made.take("x", events.Looked(**made.stamp(), status=200))
    return made
