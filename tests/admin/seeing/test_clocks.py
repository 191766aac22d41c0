from __future__ import annotations

from typing import Any

from proxy.admin.seeing.clocks import Period, clocks_of
from proxy.audit.retention.clocks import Tier
from proxy.store import queries
from proxy.store.asking.lending import LentTables


def test_the_copy_at_google_has_an_interval_that_the_tier_narrows(tables: LentTables) -> None:
    with tables.lend() as cursor:

        def ask(name: str, **parameters: object) -> list[dict[str, Any]]:
            return queries.dicts(cursor, name, **parameters)[1]

        free, *beside = clocks_of(ask, "v1_one", Period(Tier.FREE))
        unknown = clocks_of(ask, "v1_one", Period())[0]

    assert all(each["evidence"] in {"assumed", "documented"} for each in beside)
    assert free["copy"] == unknown["copy"] == "interaction"
    assert free["earliest"] == unknown["earliest"] < free["latest"] < unknown["latest"]
    assert free["latest"].endswith("Z")
    assert "free tier" in free["basis"][0]
