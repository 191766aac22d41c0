from __future__ import annotations

from typing import Any

from proxy.reading.layout.merging import (
    attempt_lines,
    delivery_lines,
    divergence_lines,
    hop_lines,
)
from proxy.reading.merged import Merged
from proxy.recording.merging.divergence import Difference
from proxy.recording.merging.log import Share

WIDTH = 100
SHARES = [
    Share("x0-1", 0, 299, 300, is_merged=True),
    Share("x0-2", 250, 649, 350, is_merged=True),
    Share("x0-3", None, None, 0, is_merged=False),
]


def merged(**given: Any) -> Merged:
    plain: dict[str, Any] = {
        "event_count": 650,
        "gap_count": 0,
        "is_whole": False,
        "changed_count": 0,
        "shares": SHARES,
        "left_out": (),
        "body": {},
        "outputs": (),
        "differences": (),
        "compared_with": None,
    }
    return Merged(**plain | given)


def test_deliveries_say_which_events_and_to_whom() -> None:
    lines = delivery_lines(merged(), [{"exchange": "x0-1", "client": "fp1"}], WIDTH)

    assert [line.plain for line in lines] == [
        "  650 events, each once, no end seen",
        "  1 to 300, 300 new                 x0-1  to fp1",
        "  251 to 650, 350 new               x0-2",
        "  contradicts the log, not merged   x0-3",
    ]


def test_what_is_missing_or_odd_is_said_first() -> None:
    found = merged(shares=(), gap_count=1, changed_count=2, left_out=("x0-9",))

    assert [line.plain for line in delivery_lines(found, [], WIDTH)] == [
        "  650 events, each once, 1 gap, 2 told in two ways",
        "  not opened: x0-9",
    ]
    assert delivery_lines(None, [], WIDTH) == []


def test_a_divergence_names_the_step_and_who_showed_it() -> None:
    rows: list[dict[str, Any]] = [
        {"shown_by": "x0-2", "told_by": "x0-1", "what": "text", "step_index": 1},
        {"shown_by": "x0-3", "told_by": "x0-1", "what": "count", "step_index": None},
    ]
    found = merged(differences=(Difference(1, "model_output", "/content/0/text", "not alike"),))

    assert [line.plain for line in divergence_lines(found, rows, WIDTH)] == [
        "  x0-2 shows other text in output step 1 than x0-1 told",
        "  x0-3 shows another count of steps than x0-1 told",
        "  output step 1 model_output /content/0/text: not alike",
    ]
    assert divergence_lines(None, [], WIDTH) == []


def test_attempts_say_how_each_ended_and_what_was_waited() -> None:
    plain = {"outcome": "complete", "interaction": None}
    rows = [
        {
            **plain,
            "attempt": 1,
            "exchange": "x0-1",
            "waited_us": None,
            "status": 429,
            "error_code": "too_many_requests",
            "retry_after_s": 1,
        },
        {
            **plain,
            "attempt": 2,
            "exchange": "x0-2",
            "waited_us": 1_000_000,
            "status": None,
            "outcome": "client_gone",
            "error_code": None,
            "retry_after_s": None,
        },
    ]

    assert [line.plain for line in attempt_lines(rows, WIDTH)] == [
        "  attempt 1, 429, too_many_requests, asked to wait 1 s  x0-1",
        "  attempt 2, client_gone, after 1.00 s  x0-2",
    ]


def test_hops_add_up() -> None:
    rows = [
        {"hop": 1, "interaction": "v1_a", "status": "requires_continuation", "total_tokens": 110},
        {"hop": 2, "interaction": "v1_b", "status": None, "total_tokens": None},
    ]

    assert [line.plain for line in hop_lines(rows, "v1_b", WIDTH)] == [
        "  1  requires_continuation  110 tokens  v1_a",
        "  2  no status  no usage  v1_b (this one)",
        "  together 110 tokens",
    ]
    assert hop_lines(rows[:1], "v1_a", WIDTH) == []
