"""What waits, until when, and what becomes of it when the journal fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import JournalUnavailable
from proxy.gateway.limits import BACKLOG_BYTES_MAX
from proxy.gateway.tap import Tap
from proxy.journal.format import Gap, Kind, Mode
from proxy.journal.page import MODE, SEEN
from tests.gateway.still import StillJournal


class StillLoop:
    """A loop whose turns and clock a test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self._later: list[tuple[float, Callable[[], object]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], object], /) -> object:
        self._later.append((self.now + delay, callback))
        return None

    def call_soon(self, callback: Callable[..., object], /, *arguments: Any) -> object:
        return self.call_later(0.0, lambda: callback(*arguments))

    def forward(self, seconds: float = 0.0) -> None:
        self.now += seconds
        due = [callback for at, callback in self._later if at <= self.now]
        self._later = [one for one in self._later if one[0] > self.now]
        for callback in due:
            callback()


class Scene:
    """A tap with a still journal and a still loop."""

    def __init__(self, *, is_strict: bool = True) -> None:
        self.is_strict = is_strict
        self.full: list[int] = []
        self.loop = StillLoop()
        self.failures: list[str] = []
        self.released: list[object] = []
        self.words = [0] * (SEEN + 1)
        self.tap = Tap(
            loop=self.loop,
            intent_deadline_s=0.25,
            on_failure=self.failures.append,
            on_full=lambda: self.full.append(1),
            now_ns=lambda: 77,
        )
        self.journal = self.connect()

    def connect(self) -> StillJournal:
        journal = StillJournal()
        journal.tap = self.tap
        self.tap.connect(journal, SimpleNamespace(words=self.words))
        return journal

    def hold(self, payload: object) -> bool:
        return self.tap.hold(self.released.append, payload, is_strict=self.is_strict)

    def begin(self) -> int:
        return self.tap.begin(is_strict=self.is_strict)


def test_strict_holds_until_the_commit_and_releases_in_order() -> None:
    scene = Scene()
    for number in (1, 2, 3):
        scene.tap.note(scene.begin(), Kind.INTENT, b"")
        scene.hold(number)

    assert scene.released == []
    scene.tap.committed(2)
    assert scene.released == [1, 2]
    scene.tap.committed(3)
    assert scene.released == [1, 2, 3]


def test_what_is_durable_already_is_not_held() -> None:
    scene = Scene()
    scene.tap.note(scene.begin(), Kind.INTENT, b"")
    scene.journal.commit()

    scene.hold("now")

    assert scene.released == ["now"]


def test_nothing_overtakes_what_is_held() -> None:
    scene = Scene()
    scene.tap.note(scene.begin(), Kind.INTENT, b"")
    scene.hold("first")
    scene.hold("second")

    scene.journal.commit()

    assert scene.released == ["first", "second"]


def test_available_holds_nothing() -> None:
    scene = Scene(is_strict=False)
    scene.tap.note(scene.begin(), Kind.INTENT, b"")

    scene.hold("now")

    assert scene.released == ["now"]


@given(st.lists(st.sampled_from(["note", "hold", "commit"]), max_size=40))
def test_whatever_happens_only_durable_things_are_released_and_in_order(steps: list[str]) -> None:
    scene = Scene()
    sequence = scene.begin()
    held = 0
    durable_at: list[int] = []

    for step in steps:
        if step == "note":
            scene.tap.note(sequence, Kind.REQUEST_CHUNK, b"")
        elif step == "hold":
            durable_at.append(len(scene.journal.noted))
            scene.hold(held)
            held += 1
        else:
            scene.journal.commit()
        assert all(
            durable_at[int(str(one))] <= scene.journal.committed_count for one in scene.released
        )
    scene.journal.commit()

    assert scene.released == list(range(held))


def test_strict_without_a_journal_begins_nothing() -> None:
    scene = Scene()
    scene.tap.failed("the disk is gone")

    with pytest.raises(JournalUnavailable, match="the disk is gone"):
        scene.begin()

    assert scene.words[SEEN] == 1


def test_available_without_a_journal_counts_what_passes_unrecorded() -> None:
    scene = Scene(is_strict=False)
    scene.tap.failed("the disk is gone")

    assert scene.begin() == 0
    scene.tap.note(0, Kind.INTENT, b"")

    assert scene.words[SEEN] == 1
    assert scene.journal.noted == []


def test_a_journal_that_refuses_a_note_has_failed_and_its_owner_is_told_afterwards() -> None:
    scene = Scene()
    sequence = scene.begin()
    scene.hold("never")
    scene.tap.note(sequence, Kind.INTENT, b"")
    scene.hold("nor this")
    scene.journal.refusal = "behind"

    scene.tap.note(sequence, Kind.END, b"")

    assert scene.tap.failure == "behind"
    assert scene.failures == []
    scene.loop.forward()
    assert scene.failures == ["behind"]
    assert "nor this" not in scene.released


def test_what_was_held_when_the_journal_failed_is_never_released() -> None:
    scene = Scene()
    scene.tap.note(scene.begin(), Kind.INTENT, b"")
    scene.hold("never")

    scene.tap.failed("gone")
    scene.connect()
    scene.tap.committed(100)

    assert scene.released == []


@dataclass
class Waiter:
    """An exchange whose intent may be late."""

    awaits_intent: bool = True
    told_count: int = 0

    def intent_expired(self) -> None:
        self.told_count += 1


def test_an_intent_is_given_up_after_its_deadline_and_not_before() -> None:
    scene = Scene()
    waiter = Waiter()
    scene.tap.await_intent(waiter)

    scene.loop.forward(0.1)
    assert waiter.told_count == 0
    scene.loop.forward(0.16)
    assert waiter.told_count == 1
    scene.loop.forward(10)
    assert waiter.told_count == 1


def test_exchanges_that_no_longer_wait_are_forgotten_before_their_deadline() -> None:
    """Else a deadline of a minute would keep all exchanges of that minute in memory."""
    scene = Scene()
    first, second, third = Waiter(), Waiter(), Waiter()
    scene.tap.await_intent(first)
    scene.tap.await_intent(second)

    first.awaits_intent = second.awaits_intent = False
    scene.tap.await_intent(third)

    assert [waiter for _, waiter in scene.tap._waiting] == [third]


def test_a_backlog_is_reported_and_its_end_told_once() -> None:
    scene = Scene()
    resumed: list[int] = []
    scene.tap.note(scene.begin(), Kind.INTENT, b"")
    assert not scene.hold("little")
    scene.journal.backlog_bytes = BACKLOG_BYTES_MAX + 1
    assert scene.hold("much")
    scene.tap.when_drained(lambda: resumed.append(1))

    scene.journal.commit()
    assert resumed == []
    scene.journal.backlog_bytes = 0
    scene.journal.commit()
    scene.journal.commit()

    assert resumed == [1]


def test_a_failure_ends_waiting_for_the_backlog() -> None:
    scene = Scene()
    resumed: list[int] = []
    scene.tap.when_drained(lambda: resumed.append(1))

    scene.tap.failed("gone")

    scene.journal.backlog_bytes = BACKLOG_BYTES_MAX + 1
    assert resumed == [1]
    assert not scene.hold("never released")


def test_an_available_exchange_waits_for_no_backlog() -> None:
    scene = Scene(is_strict=False)
    scene.tap.note(scene.begin(), Kind.INTENT, b"")
    scene.journal.backlog_bytes = BACKLOG_BYTES_MAX + 1

    assert not scene.hold("passes")


def test_flushing_is_done_once_a_turn() -> None:
    scene = Scene()
    flushed: list[int] = []

    def count() -> int:
        flushed.append(1)
        return 0

    scene.journal.flush = count  # type: ignore[method-assign]
    sequence = scene.begin()

    for _ in range(5):
        scene.tap.note(sequence, Kind.REQUEST_CHUNK, b"")
        scene.hold(None)
    scene.loop.forward()

    assert len(flushed) == 1


def test_strict_and_available_exchanges_share_a_journal() -> None:
    """Reads may be available where everything else is strict: the one never waits for the other."""
    scene = Scene()
    strict, available = scene.begin(), scene.tap.begin(is_strict=False)
    scene.tap.note(strict, Kind.INTENT, b"")
    scene.hold("strict")
    scene.tap.note(available, Kind.INTENT, b"")
    scene.tap.hold(scene.released.append, "available", is_strict=False)

    assert scene.released == ["available"]
    scene.journal.commit()
    assert scene.released == ["available", "strict"]


def gaps(scene: Scene) -> list[Gap]:
    return [Gap.decode(data) for _, kind, data in scene.journal.noted if kind is Kind.GAP]


def test_what_was_refused_or_passed_unrecorded_is_told_with_its_count_once_it_can_be() -> None:
    scene = Scene()
    scene.journal.refusal = "behind"
    for _ in range(3):
        with pytest.raises(JournalUnavailable):
            scene.tap.begin(is_strict=True)
    assert [scene.tap.begin(is_strict=False) for _ in range(2)] == [0, 0]
    assert gaps(scene) == []

    scene.journal.refusal = ""
    scene.begin()
    scene.begin()

    assert [(gap.exchange_count, gap.first_wall_ns) for gap in gaps(scene)] == [(3, 77), (2, 77)]
    assert "refused" in gaps(scene)[0].reason
    assert "without being recorded" in gaps(scene)[1].reason
    assert scene.words[SEEN] == 7


def test_what_a_failed_journal_did_not_see_is_told_by_the_next_one_and_counted_on_its_page() -> (
    None
):
    """In strict nobody else would tell it; in available the recorder would, from the failed one's page."""
    scene = Scene()
    scene.begin()
    scene.tap.failed("gone")
    with pytest.raises(JournalUnavailable):
        scene.tap.begin(is_strict=True)
    scene.tap.begin(is_strict=False)
    failed_page, scene.words = scene.words, [0] * len(scene.words)

    scene.journal = scene.connect()

    assert [gap.exchange_count for gap in gaps(scene)] == [1, 1]
    assert (failed_page[SEEN], scene.words[SEEN]) == (1, 2)


def test_what_cannot_be_told_now_is_told_later() -> None:
    scene = Scene()
    scene.journal.refusal = "behind"
    with pytest.raises(JournalUnavailable):
        scene.tap.begin(is_strict=True)

    scene.tap.tell_missed()
    scene.journal.refusal = ""
    scene.tap.tell_missed()
    scene.tap.tell_missed()

    assert [gap.exchange_count for gap in gaps(scene)] == [1]


def test_the_page_says_that_exchanges_pass_without_waiting() -> None:
    """Reads may: who finds the page of a killed worker must know that some may be missing."""
    scene = Scene()
    scene.words[MODE] = Mode.STRICT

    scene.tap.begin(is_strict=True)
    before = scene.words[MODE]
    scene.tap.begin(is_strict=False)

    assert (before, scene.words[MODE]) == (Mode.STRICT, Mode.AVAILABLE)


def test_a_full_journal_takes_ends_only_and_its_owner_is_told_once() -> None:
    scene = Scene()
    sequence = scene.begin()
    scene.tap.note(sequence, Kind.INTENT, b"")
    scene.hold("before")
    scene.journal.is_full = True

    scene.tap.note(sequence, Kind.RESPONSE_CHUNK, b"refused")
    scene.hold("never")
    scene.tap.note(sequence, Kind.RESPONSE_CHUNK, b"not even tried")
    scene.tap.note(sequence, Kind.END, b"")
    scene.loop.forward()
    scene.journal.commit()

    assert [kind for _, kind, _ in scene.journal.noted] == [Kind.INTENT, Kind.END]
    assert scene.released == ["before"]
    assert scene.full == [1]
    with pytest.raises(JournalUnavailable, match="no room"):
        scene.begin()


def test_a_change_for_all_exchanges_is_noted() -> None:
    scene = Scene()

    scene.tap.say(Mode.STRICT, "room is low: sweep")

    assert scene.journal.noted == [(0, Kind.MODE, b"\x01room is low: sweep")]
