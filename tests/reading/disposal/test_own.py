from __future__ import annotations

from typing import Any

from proxy.audit.ledger.locks import locks_now
from proxy.audit.retention.policy import Policy
from proxy.reading.disposal.own import own_copy
from tests.audit.ledger.rows_made import START_US, copy_row

DAY_US = 86_400 * 1_000_000
TOLD: dict[str, Any] = {"erased_us": None, "erasure": None, "holds": None, "is_wanted": False}
WEEK = Policy(name="week", erase_local_after_s=7 * 86_400)
BOOKS = Policy(name="books", keep_local_s=30 * 86_400, is_locked=True)


def says(now_day: int, *policies: Policy, locked: Any = (), **told: Any) -> tuple[str, int | None]:
    """What is said, and the day until which it is here."""
    now_us = START_US + now_day * DAY_US
    _, began, until, said = own_copy(copy_row(), TOLD | told, policies, dict(locked), now_us)
    return said, None if until is None else (until - began).days


def test_our_copy_is_said_to_go_when_a_policy_says_so_and_nothing_keeps_it() -> None:
    assert says(1) == ("active", None)
    assert says(1, WEEK) == ("active: policy week erases it", 7)
    assert says(8, WEEK) == ("shred_due: policy week erases it", 7)
    assert says(8, WEEK, holds="h1") == ("shred_due: policy week erases it; kept by hold h1", None)


def test_a_lock_keeps_it_though_its_policy_is_gone() -> None:
    locks = locks_now(locks_now({}, [BOOKS], 0), [], (START_US + DAY_US) * 1000)

    assert says(8, WEEK, locked=locks)[0].endswith("kept by policy books")
    assert says(31, WEEK, locked=locks)[1] == 30


def test_what_was_erased_names_its_erasure() -> None:
    found = says(9, WEEK, erased_us=START_US + DAY_US, erasure="e" * 32, holds="h1")

    assert found == (f"shredded: its keys were destroyed by erasure {'e' * 32}", 1)
    assert says(1, is_wanted=True, holds="h1")[0] == "shred_due: an erasure waits; kept by hold h1"
