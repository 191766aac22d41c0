from __future__ import annotations

import datetime as dt

import pytest

from proxy.store.asking.shipped import (
    TEXT_MAX,
    Shipped,
    WrongParameter,
    bound,
    questions_in,
    shipped,
)
from tests.store.samples import START_NS

TEXT = """
-- About the file.

-- name: one
-- What it says,
-- in two lines.
-- param since instant = -7d: from when on
-- param kind text = : which; empty: all
-- param limit whole: at most
SELECT 1
-- a comment inside stays out
WHERE TRUE;

-- name: two
-- Nothing to give.
SELECT 2;
"""


@pytest.fixture
def one() -> Shipped:
    return next(questions_in("file", TEXT))


def test_a_file_is_read_into_questions() -> None:
    first, second = questions_in("file", TEXT)

    assert (first.name, first.subject, first.about) == (
        "one",
        "file",
        "What it says, in two lines.",
    )
    assert [(each.name, each.type, each.default) for each in first.parameters] == [
        ("since", "instant", "-7d"),
        ("kind", "text", ""),
        ("limit", "whole", None),
    ]
    assert second.sql == "SELECT 2"


def test_thirty_and_more_ship_each_with_a_sentence() -> None:
    assert len(shipped()) >= 30
    assert all(each.about.endswith(".") for each in shipped().values())


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("now", "2026-09-21T14:13:20"),
        ("-90s", "2026-09-21T14:11:50"),
        ("-15m", "2026-09-21T13:58:20"),
        ("-24h", "2026-09-20T14:13:20"),
        ("-7d", "2026-09-14T14:13:20"),
        ("-1w", "2026-09-14T14:13:20"),
        ("1790000000500", "2026-09-21T14:13:20.500000"),
        ("2026-09-21", "2026-09-21T00:00:00"),
        ("2026-09-21T10:00:00Z", "2026-09-21T10:00:00"),
        ("2026-09-21T10:00:00+02:00", "2026-09-21T08:00:00"),
    ],
)
def test_an_instant_is_said_in_many_ways(one: Shipped, text: str, iso: str) -> None:
    values = bound(one, {"since": text, "limit": "5"}, START_NS)

    assert values == {"since": dt.datetime.fromisoformat(iso), "kind": "", "limit": 5}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "needs limit"),
        ({"limit": "x"}, "limit takes a whole number"),
        ({"limit": "99999999999"}, "limit takes a whole number"),
        ({"limit": "1", "since": "soon"}, "since takes an instant"),
        ({"limit": "1", "since": "-999999w"}, "since takes an instant"),
        ({"limit": "1", "kind": "x" * (TEXT_MAX + 1)}, "kind takes a text"),
        ({"limit": "1", "kind": "\0"}, "kind takes a text"),
        ({"limit": "1", "other": ""}, "no parameter 'other'; it takes since, kind, limit"),
    ],
)
def test_a_wrong_parameter_is_named(one: Shipped, given: dict[str, str], says: str) -> None:
    with pytest.raises(WrongParameter, match=says):
        bound(one, given, START_NS)
