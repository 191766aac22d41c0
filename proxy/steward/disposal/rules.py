"""Policies as the tables are asked for what they may want: those of whom none can be about are not read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import orjson

from proxy.audit.retention.policy import Policy

RULES_MAX: Final = 16
"""Each is compared with each copy that is old enough, 20 ns. Of more, age alone is asked for."""


def rules_of(
    policies: Iterable[Policy], span_s: Callable[[Policy], int | None], now_us: int
) -> tuple[int | None, str]:
    """What may be due: nothing that began after the first, microseconds (None: nothing at all), and of that what the second says.

    Tools are no part of it: whoever meets all else is read, and decided on.

    Args:
        policies: as they stand.
        span_s: after how many seconds one wants it; None: it does not.
        now_us: wall clock.
    """
    latest: dict[tuple[frozenset[str], frozenset[str], frozenset[str]], int] = {}
    for policy in policies:
        after_s = span_s(policy)
        if after_s is not None:
            about = (policy.clients, policy.labels, policy.models)
            cutoff_us = now_us - after_s * 1_000_000
            latest[about] = max(cutoff_us, latest.get(about, cutoff_us))
    if not latest:
        return None, "[]"
    newest_us = max(latest.values())
    if len(latest) > RULES_MAX:
        nobody = frozenset[str]()
        latest = {(nobody, nobody, nobody): newest_us}
    told = [
        {
            "cutoff_us": cutoff_us,
            "clients": sorted(clients),
            "labels": sorted(labels),
            "models": sorted(models),
        }
        for (clients, labels, models), cutoff_us in latest.items()
    ]
    return newest_us, orjson.dumps(told).decode()
