"""The store against a naive model: whatever callers do in whatever order, and however the clock is moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule

from proxy.emulator.asked.faults import Fault
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.state.retention import DAY_S
from tests.emulator.state.stage import START_S, STEPS, Stage

DAYS, RUN_S, RUN_POLLS = 7, 10, 2

GONE = (404, "not_found")
NOT_NOW = (400, "failed_precondition")
INVALID = (400, "invalid_request")


@dataclass(slots=True)
class Known:
    """What the model knows of one interaction. It keeps all of them for ever."""

    number: int
    said_before: list[str]
    created_s: float
    queued: int
    visible_s: float
    status: str
    is_gone: bool = False
    polls: int = 0
    shown: int = STEPS
    """Steps of its answer that are to be seen in the end."""

    @property
    def is_running(self) -> bool:
        return self.status in ("queued", "in_progress")

    def said(self) -> list[str]:
        own = [f"Out {self.number}.{place}" for place in range(self.shown)]
        return [*self.said_before, f"In {self.number}.", *own]


@dataclass(slots=True)
class Model:
    """The rules, said as plainly as possible: look at everything, every time."""

    now_s: float = START_S
    known: dict[str, Known] = field(default_factory=dict)
    ends: list[tuple[str, str]] = field(default_factory=list)

    def settle(self) -> None:
        """Let time do its work."""
        for identity, one in self.known.items():
            if one.is_gone:
                continue
            if one.is_running and self.now_s >= one.created_s + RUN_S:
                self.end(identity, "completed")
            one.is_gone = self.now_s >= one.created_s + DAYS * DAY_S

    def end(self, identity: str, status: str) -> None:
        one = self.known[identity]
        one.shown = STEPS if status == "completed" else self.done(one)
        one.status = status
        self.ends.append((identity, status))

    def done(self, one: Known) -> int:
        """Steps that a run has made."""
        if one.status == "queued":
            return 0
        by_polls = (one.polls - one.queued) / RUN_POLLS
        by_age = (self.now_s - one.created_s) / RUN_S
        return max(0, int(STEPS * max(by_polls, by_age)))

    def find(self, identity: str) -> Known | tuple[int, str]:
        one = self.known[identity]
        return GONE if one.is_gone or self.now_s < one.visible_s else one

    def poll(self, identity: str) -> Any:
        one = self.find(identity)
        if isinstance(one, Known) and one.is_running:
            one.polls += 1
            if one.polls >= one.queued + RUN_POLLS:
                self.end(identity, "completed")
            elif one.polls > one.queued:
                one.status = "in_progress"
        return one.status if isinstance(one, Known) else one

    def cancel(self, identity: str) -> Any:
        one = self.find(identity)
        if not isinstance(one, Known):
            return one
        if not one.is_running:
            return NOT_NOW
        self.end(identity, "cancelled")
        return "cancelled"

    def delete(self, identity: str) -> Any:
        one = self.find(identity)
        if isinstance(one, Known):
            one.is_gone = True
            return "deleted"
        return one


def outcome(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Refusal as refusal:
        return refusal.status, refusal.code


class Life(RuleBasedStateMachine):
    """Callers and the clock do as they like; store and model must agree on every word."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(days=DAYS)
        self.model = Model()
        self.created = 0

    @rule(
        target=ids,
        previous=st.none() | ids,
        is_background=st.booleans(),
        queued=st.integers(0, 2),
        hidden_s=st.sampled_from([0, 0, 0, 5]),
        is_stored=st.booleans(),
    )
    def create(
        self,
        previous: str | None,
        *,
        is_background: bool,
        queued: int,
        hidden_s: int,
        is_stored: bool,
    ) -> str:
        is_stored = is_stored or is_background
        self.created += 1
        parent = self.model.find(previous) if previous in self.model.known else None
        if previous and parent is None:
            parent = GONE  # the id that the last create did not give
        if isinstance(parent, Known) and parent.is_running:
            parent = INVALID
        fault = Fault(queued=queued, visible_after=float(hidden_s))
        body: dict[str, Any] = {"background": is_background, "store": is_stored}
        if previous:
            body["previous_interaction_id"] = previous

        made = outcome(lambda: self.stage.create(fault=fault, **body))

        if isinstance(parent, tuple):
            assert made == parent
            return f"none {self.created}"
        said = parent.said() if parent else []
        texts = [step["content"][0]["text"] for step in self.stage.context.before]
        assert texts == said
        assert (made.id is not None) is is_stored
        if made.id is None:
            return f"none {self.created}"
        status = ("queued" if queued else "in_progress") if is_background else "completed"
        now_s = self.model.now_s
        self.model.known[made.id] = Known(
            self.created, said, int(now_s), queued, now_s + hidden_s if hidden_s else 0, status
        )
        return str(made.id)

    @rule(identity=ids)
    def poll(self, identity: str) -> None:
        store, known = self.stage.store, identity in self.model.known
        seen = outcome(lambda: store.poll(identity).interaction.status)

        assert seen == (self.model.poll(identity) if known else GONE)

    @rule(identity=ids)
    def cancel(self, identity: str) -> None:
        store, known = self.stage.store, identity in self.model.known
        seen = outcome(lambda: store.cancel(identity).interaction.status)

        assert seen == (self.model.cancel(identity) if known else GONE)

    @rule(identity=ids)
    def delete(self, identity: str) -> None:
        store, known = self.stage.store, identity in self.model.known
        seen = outcome(lambda: store.delete(identity))

        expected = self.model.delete(identity) if known else GONE
        assert seen == (None if expected == "deleted" else expected)

    @rule(seconds=st.sampled_from([1, 4, 10, DAY_S, 6 * DAY_S, DAYS * DAY_S]))
    def advance(self, seconds: int) -> None:
        self.stage.clock.advance(seconds)
        self.model.now_s += seconds
        self.model.settle()

    @rule(seconds=st.sampled_from([-8 * DAY_S, -DAY_S, -10, DAY_S]))
    def set(self, seconds: int) -> None:
        self.model.now_s = max(START_S, self.model.now_s + seconds)
        self.stage.clock.set(self.model.now_s)
        self.model.settle()

    @rule()
    def tick(self) -> None:
        self.stage.store.end_due(self.stage.clock.peek_ns())
        assert sorted(map(str, self.stage.ended)) == sorted(map(str, self.model.ends))

    @rule()
    def count(self) -> None:
        alive = [one for one in self.model.known.values() if not one.is_gone]
        assert self.stage.store.count() == len(alive)
        assert self.stage.store.bytes == 100 * len(alive)

    @rule()
    def look_at_everybody(self) -> None:
        """No invariant, since looking moves things on, and the store must not need that."""
        store = self.stage.store
        for identity, one in self.model.known.items():
            found = self.model.find(identity)
            seen = outcome(lambda name=identity: store.find(name).interaction.status)  # type: ignore[misc]  # bound now
            assert seen == (one.status if isinstance(found, Known) else found)


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLife = Life.TestCase
