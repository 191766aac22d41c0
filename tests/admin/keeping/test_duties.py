from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from proxy.admin.keeping.duties import duties_by_day, noticed, policies_in
from proxy.audit.ledger.notice import NOTHING_STOOD, stood, told_changes
from proxy.audit.retention.clocks import DAY_NS
from proxy.audit.retention.policy import Policy
from proxy.errors import ConfigError

DAY_S = 86_400
GROUP: dict[str, Any] = {
    "client": "c1",
    "labels": "m1,m2",
    "model": "m",
    "agent": None,
    "tools": "google_search_call",
    "began_us": 0,
    "count": 4,
}


def test_the_policy_that_names_its_subject_says_on_which_day() -> None:
    policies = (
        Policy(name="all", erase_local_after_s=DAY_S),
        Policy(name="hers", labels=frozenset({"m2"}), erase_local_after_s=9 * DAY_S),
    )
    groups = [GROUP, GROUP | {"labels": None, "count": 1}]

    assert duties_by_day(policies, groups) == {
        dt.date(1970, 1, 10): Counter(hers=4),
        dt.date(1970, 1, 2): Counter(all=1),
    }


def test_what_was_there_before_a_policy_was_on_record_has_its_notice() -> None:
    day = Policy(name="day", erase_local_after_s=DAY_S)
    (act,) = told_changes(NOTHING_STOOD, stood(NOTHING_STOOD, [day], 5 * DAY_NS))

    def days(told: list[object], notice_ns: int = 2 * DAY_NS) -> list[dt.date]:
        return list(duties_by_day(noticed([day], told, 8 * DAY_NS, notice_ns), [GROUP]))

    assert days([act]) == [dt.date(1970, 1, 8)]
    assert days([]) == [dt.date(1970, 1, 11)]
    assert days([], notice_ns=0) == [dt.date(1970, 1, 2)]


def test_a_day_that_no_calendar_has_is_left_out() -> None:
    far = Policy(name="far", erase_local_after_s=10**9 * DAY_S)

    assert duties_by_day((far,), [GROUP]) == {}
    assert duties_by_day((), [GROUP]) == {}


def test_labels_are_met_by_their_index_and_a_missing_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "policies.toml"
    with pytest.raises(ConfigError, match=r"cannot read retention\.policies_file"):
        policies_in(file, lambda _: None)
    file.write_text('[[policy]]\nname = "a"\nlabels = ["k=v"]\nerase_local_after = "1d"\n')

    (policy,) = policies_in(file, lambda label: f"mac of {label}")
    assert policy.labels == {"mac of k=v"}
    assert policies_in(None, lambda _: None) == ()
