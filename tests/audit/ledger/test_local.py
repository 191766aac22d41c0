"""How far our own copy is, and what keeps it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.audit.ledger.local import Local, Own, kept_by, leaves_at, local_of
from proxy.audit.retention.policy import Duty

OWN = Own(is_erased=False, is_wanted=False, holds=(), kept=None, erased=None)
KEPT = replace(OWN, kept=Duty(20, "books"), erased=Duty(10, "week"))


@pytest.mark.parametrize(
    ("own", "now", "state", "keeps", "leaves"),
    [
        (OWN, 5, Local.ACTIVE, (), None),
        (replace(OWN, erased=Duty(10, "week")), 9, Local.ACTIVE, (), 10),
        (replace(OWN, erased=Duty(10, "week")), 10, Local.SHRED_DUE, (), 10),
        (KEPT, 10, Local.SHRED_DUE, ("policy books",), 20),
        (KEPT, 20, Local.SHRED_DUE, (), 20),
        (replace(KEPT, holds=("h1",)), 30, Local.SHRED_DUE, ("h1",), None),
        (replace(OWN, is_wanted=True, holds=("h1",)), 5, Local.SHRED_DUE, ("h1",), None),
        (replace(KEPT, is_erased=True, holds=("h1",)), 5, Local.SHREDDED, (), None),
    ],
)
def test_where_it_is_and_what_keeps_it(
    own: Own, now: int, state: Local, keeps: tuple[str, ...], leaves: int | None
) -> None:
    assert (local_of(own, now), kept_by(own, now), leaves_at(own)) == (state, keeps, leaves)
