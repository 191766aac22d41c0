"""A keeping of mode compliance is shortened by nobody: not by the file, not by a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.audit.ledger.locks import Lock, kept, locks_now, told_changes, told_locks
from proxy.audit.retention.clocks import DAY_NS
from proxy.audit.retention.policy import Policy, Subject

BOOKS = Policy(name="books", labels=frozenset({"index"}), keep_local_s=30 * 86_400, is_locked=True)
MINE = Subject(client=None, labels=frozenset({"index"}))


def day(policies: list[Policy], locks: Any, began_at: int, *, is_bypassed: bool = False) -> int:
    """Until which it is kept; 0: it is not."""
    found = kept(policies, locks, MINE, (began_at, began_at), is_bypassed=is_bypassed)
    return 0 if found is None else found.at // DAY_NS


@pytest.mark.parametrize(
    "left",
    [
        [],
        [replace(BOOKS, keep_local_s=86_400)],
        [replace(BOOKS, is_locked=False, keep_local_s=86_400)],
        [replace(BOOKS, labels=frozenset({"another"}))],
    ],
    ids=["taken away", "shortened", "made governance", "narrowed"],
)
def test_what_began_under_it_is_kept_as_long_as_it_said_whatever_the_file_says_later(
    left: list[Policy],
) -> None:
    before = locks_now({}, [BOOKS], 0)
    after = locks_now(before, left, 10 * DAY_NS)

    assert day(left, after, 5 * DAY_NS, is_bypassed=True) == 35
    assert day(left, after, 11 * DAY_NS) in {0, 12}, "it ended for what comes later"


def test_a_person_may_bypass_what_is_no_lock() -> None:
    plain = replace(BOOKS, is_locked=False)

    assert day([plain], locks_now({}, [plain], 0), 0) == 30
    assert day([plain], {}, 0, is_bypassed=True) == 0
    assert day([BOOKS], locks_now({}, [BOOKS], 0), 0, is_bypassed=True) == 30


def test_one_that_is_lengthened_keeps_longer_at_once() -> None:
    longer = replace(BOOKS, keep_local_s=60 * 86_400)
    locks = locks_now(locks_now({}, [BOOKS], 0), [longer], 10 * DAY_NS)

    assert day([longer], locks, 5 * DAY_NS) == 65


def test_one_that_comes_back_is_the_same_lock_under_any_name() -> None:
    gone = locks_now(locks_now({}, [BOOKS], 0), [], 10 * DAY_NS)
    again = locks_now(gone, [replace(BOOKS, name="accounts")], 20 * DAY_NS)

    assert [lock.until_ns for lock in gone.values()] == [10 * DAY_NS]
    assert gone.keys() == again.keys()
    assert [lock.until_ns for lock in again.values()] == [0]
    assert locks_now(gone, [], 20 * DAY_NS) == gone, "it ended once"


def test_a_clock_of_googles_that_is_ahead_takes_nothing_out_of_it() -> None:
    gone = locks_now(locks_now({}, [BOOKS], 0), [], 10 * DAY_NS)
    found = kept([], gone, MINE, (10 * DAY_NS + 1, 10 * DAY_NS), is_bypassed=False)

    assert found is not None


def test_whom_it_is_not_about_it_does_not_keep() -> None:
    locks = locks_now({}, [BOOKS], 0)

    assert kept([BOOKS], locks, Subject(client="c"), (0, 0), is_bypassed=False) is None


_POLICIES = st.lists(
    st.builds(
        Policy,
        name=st.sampled_from(["p", "q"]),
        models=st.sampled_from([frozenset(), frozenset({"m"})]),
        keep_local_s=st.integers(0, 3),
        is_locked=st.booleans(),
    ),
    max_size=3,
)


@settings(max_examples=50)
@given(st.lists(_POLICIES, max_size=5), st.integers(0, 5))
def test_however_the_file_changes_no_lock_gets_shorter_and_all_are_read_back(
    files: list[list[Policy]], began_day: int
) -> None:
    locks: dict[str, Lock] = {}
    acts: list[bytes] = []
    subject, began_at, longest = (
        Subject(client=None, models=frozenset({"m"})),
        began_day * DAY_NS,
        0,
    )
    for number, policies in enumerate(files):
        before, locks = locks, locks_now(locks, policies, number * DAY_NS)
        acts += [orjson.dumps(each) for each in told_changes(before, locks)]
        found = kept(policies, locks, subject, (began_at, began_at), is_bypassed=True)
        at = 0 if found is None else found.at
        if number > began_day:
            assert at >= longest, "what had begun is kept less long than before"
        longest = at if number >= began_day else 0

    assert told_locks(map(orjson.loads, acts)) == locks


@pytest.mark.parametrize(
    "told",
    [None, {"lock": []}, {"lock": {"name": "p", "keep_s": 1, "until": 0}}, {"standings": {}}],
)
def test_what_tells_of_no_lock_is_none(told: object) -> None:
    assert told_locks([told]) == {}
