from __future__ import annotations

import json

from proxy.audit.lineage.forest import forest_of
from proxy.audit.lineage.told import instant, told_tree
from tests.reading.conversations.test_branches import turn


def test_an_instant_is_utc_and_says_so() -> None:
    assert instant(1_790_000_000_000_001) == "2026-09-21T14:13:20.000001Z"


def test_machines_get_every_turn_with_its_edge() -> None:
    forest = forest_of(
        [
            turn("v1_a", 0, settings_sent="tools"),
            turn("v1_b", 1, "v1_a", settings_sent="", status="failed"),
            turn("v1_c", 2, "v1_a", settings_sent="tools", agent="research", model=None),
        ]
    )

    told = json.loads(json.dumps(told_tree(forest, 0)))

    assert (told["tips"], told["live_tips"]) == (["v1_b", "v1_c"], ["v1_c"])
    assert told["total"] | {"turns": 3, "tokens": 30} == told["total"]
    assert [(one["parent"], one["how"], one["depth"]) for one in told["turns"]] == [
        (None, "root", 0),
        ("v1_a", "id", 1),
        ("v1_a", "id", 1),
    ]
    assert [one["fell_away"] for one in told["turns"]] == [[], ["tools"], []]
    assert told["turns"][2]["switched_from"] == "flash"
    assert told["turns"][0]["created_at"] == "2026-09-21T14:13:20Z"
