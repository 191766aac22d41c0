"""What is done because time goes by, over many copies at Google: what it costs while nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from proxy.audit.retention.policy import Policy
from proxy.audit.retention.states import FINAL
from proxy.recorder.watching.retention import EACH_NS, SHARE, SOON_US
from proxy.steward import capture
from proxy.steward.disposal import desk, ledger, probing
from proxy.steward.disposal.rules import rules_of
from proxy.store import queries
from proxy.store.database import Database
from tests.scale.many import COUNT, END_NS, SLOWER, cpu_s, name_in_copy

DUE_S: Final = 0.2
IDLE_SHARE: Final = 0.01
"""Of one core."""
PAGE_S: Final = 1.0
"""For a page of copies that are looked at more closely; it was five seconds of a million."""
NOW_US: Final = END_NS // 1000
DAY_US: Final = 86_400 * 1_000_000
FINALS: Final = sorted(map(str, FINAL))
CLIENTS: Final = [f"{number:016x}" for number in range(5)]


def asked(many: Database, name: str, **given: Any) -> Callable[[], object]:
    return lambda: queries.dicts(many.cursor(), name, **given)


def test_what_is_due_is_told_at_once(many: Database) -> None:
    ask = asked(many, "retention_due", finals=FINALS, until_us=NOW_US, limit=10_000)

    took_s = cpu_s(ask)

    print(f"due: {took_s * 1e3:.0f} CPU ms at {COUNT:,}")
    assert took_s < DUE_S * SLOWER


def by_period() -> list[tuple[str, float, dict[str, Any]]]:
    """What recorder and steward ask again and again while nothing comes: the statement, each how many seconds, with what.

    Whether there is news is asked each second, and costs the tables nothing while they took nothing (recorder/api.py).
    """
    policy = Policy(name="old", clients=frozenset({"nobody"}), delete_upstream_after_s=1)
    cutoff_us, rules = rules_of([policy], lambda each: each.delete_upstream_after_s, NOW_US)
    aged = {"cutoff_us": cutoff_us, "rules": rules, "after": "", "limit": ledger.PAGE}
    probed = {
        "since_us": NOW_US - probing.WITHIN_US,
        "until_us": NOW_US - probing.AFTER_US,
        "again_us": NOW_US - probing.AGAIN_US,
        "probes_max": probing.PROBES_MAX,
        "limit": 12,
    }
    full_s = desk.FULL_LOOK_S
    return [
        ("disposal_clock", full_s, {"since_us": NOW_US - ledger.RECENT_US}),
        ("disposal_candidates", full_s, {"scope": CLIENTS, "finals": FINALS, **aged}),
        ("disposal_held", full_s, {"after": "", "limit": ledger.ROWS_PAGE}),
        ("probing_unsettled", full_s, {"scope": CLIENTS, **probed}),
        ("disposal_kept", full_s, aged),
        (
            "unfinished_since",
            capture.FULL_LOOK_S,
            {
                "scope": CLIENTS,
                "since_us": NOW_US - capture.ALL_US,
                "limit": capture.KNOWN_MAX,
            },
        ),
    ]


def test_what_time_alone_brings_about_takes_less_than_a_hundredth_of_a_core(
    many: Database,
) -> None:
    """With a policy that is about nobody, though all are old enough for it."""
    shares = {
        name: cpu_s(asked(many, name, **given)) / period_s for name, period_s, given in by_period()
    }
    now = {"finals": FINALS, "now_us": NOW_US, "soon_us": NOW_US + SOON_US}
    scraped_s = cpu_s(asked(many, "retention_now", **now))
    shares["retention_now"] = scraped_s / max(EACH_NS / 1e9, SHARE * scraped_s)

    for name, share in shares.items():
        print(f"{name}: {share * 1e6:.0f} millionths of a core at {COUNT:,}")
    print(f"by time: {sum(shares.values()) * 100:.2f} % of a core at {COUNT:,}")
    assert sum(shares.values()) < IDLE_SHARE * SLOWER


@pytest.mark.parametrize("name", ["disposal_copies", "disposal_events"])
def test_a_page_of_copies_is_looked_at_by_its_own_rows(many: Database, name: str) -> None:
    first = "v1_ChZ1WndEYTQ4LWI1UjRheXVXcUROM2533"
    names = [name_in_copy(first, copy) for copy in range(min(ledger.PAGE, COUNT // 20))]
    found: list[dict[str, Any]] = []

    took_s = cpu_s(lambda: found.extend(queries.dicts(many.cursor(), name, interactions=names)[1]))

    print(f"{name} of {len(names)}: {took_s * 1e3:.0f} CPU ms at {COUNT:,}")
    assert name == "disposal_events" or {row["interaction"] for row in found} == set(names)
    assert took_s < PAGE_S * SLOWER
