from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from proxy.reading.layout.sheet import (
    CITATION_LINES,
    Sheet,
    answered_lines,
    asked_lines,
    exchange_lines,
    gap_lines,
    header_lines,
    problem_lines,
    step_lines,
    usage_lines,
)
from proxy.reading.layout.terminal import safe

AT = dt.datetime(2026, 9, 21, 14, 13, 20)  # noqa: DTZ001  # as DuckDB gives TIMESTAMP
SECOND = 1_000_000_000

ABOUT: dict[str, Any] = {
    "interaction": "v1_one",
    "status": "completed",
    "error_code": None,
    "model": "gemini-3-flash-preview",
    "agent": None,
    "store": "inherited",
    "is_background": False,
    "is_streaming": True,
    "service_tier": "standard",
    "service_tier_asked": "priority",
    "sdk": "google-genai-sdk/3.4.0",
    "deleted_at": None,
    "created_at": AT,
    "ended_at": AT,
    "first_event_ns": 410_000_000,
    "create_duration_ns": 3 * SECOND,
    "read_count": 0,
    "resume_count": 0,
    "turn": 2,
    "turn_count": 3,
    "previous_interaction_id": "v1_zero",
    "input_tokens": 1204,
    "cached_tokens": 800,
    "output_tokens": 380,
    "thought_tokens": 220,
    "tool_use_tokens": None,
    "total_tokens": 1804,
    "has_continuation_token": False,
}
STEP: dict[str, Any] = {
    "place": 1,
    "side": "output",
    "type": "function_result",
    "name": "look",
    "call_id": "k1",
    "is_error": True,
    "error_code": None,
    "started_at": AT + dt.timedelta(seconds=1),
    "duration_ns": SECOND,
    "step_tokens": 7,
    "content_bytes": 120,
    "content_ref": "20260921-000001:5#0",
    "content": {"type": "function_result", "result": "nothing there"},
    "step_index": 0,
    "exchange": "x0-7-1",
}
EXCHANGE: dict[str, Any] = {
    "exchange": "x0-7-1",
    "started_at": AT,
    "operation": "create",
    "status": 200,
    "outcome": "complete",
    "detail": "",
    "duration_ns": 3 * SECOND,
    "response_bytes": 3812,
    "event_count": 21,
    "is_streaming": True,
    "error_code": None,
}
SHEET = Sheet(
    about=ABOUT,
    steps=[STEP],
    media=[],
    usage=[
        {"kind": "input", "modality": "text", "tokens": 1200},
        {"kind": "input", "modality": "image", "tokens": 4},
    ],
    exchanges=[EXCHANGE],
    problems=[{"kind": "json_broken", "place": "byte 7", "detail": "not JSON"}],
)


def plain(lines: list[Text]) -> list[str]:
    return [line.plain for line in lines]


def about(**changed: Any) -> Sheet:
    return replace(SHEET, about=ABOUT | changed)


def test_the_header_says_who_when_where_and_how_much() -> None:
    assert plain(header_lines(SHEET, 80)) == [
        "v1_one  completed",
        "gemini-3-flash-preview · streamed · standard tier (priority asked)",
        "google-genai-sdk/3.4.0",
        "2026-09-21 14:13:20 UTC · first event 410 ms · took 3.00 s",
        "turn 2 of 3 · after v1_zero",
        "1,204 in (800 cached) + 380 out + 220 thought = 1,804 tokens",
    ]


def test_an_interaction_of_which_little_is_known_has_a_header_too() -> None:
    little = dict.fromkeys(ABOUT) | {
        "interaction": "v1_one",
        "created_at": AT,
        "error_code": "invalid_request",
        "read_count": 1,
        "turn": 1,
        "turn_count": 1,
    }

    assert plain(header_lines(replace(SHEET, about=little), 80)) == [
        "v1_one  invalid_request",
        "no model seen",
        "2026-09-21 14:13:20 UTC · read once",
    ]


def test_a_background_interaction_says_when_its_end_was_seen() -> None:
    later = about(is_background=True, ended_at=AT + dt.timedelta(minutes=5), read_count=9)

    assert "seen ended after 5 min 00 s · read 9 times" in plain(header_lines(later, 120))[2]


def test_a_step_has_its_times_at_the_right_margin_and_its_story_below() -> None:
    head, story = plain(step_lines(SHEET, 80))

    assert head.startswith("1 < function_result  look  error ")
    assert head.endswith("  +1.00 s  for 1.00 s  7 tokens    120 B")
    assert cell_len(head) == 80
    assert story == "    nothing there"


def test_an_erased_step_says_so() -> None:
    erased = replace(SHEET, steps=[STEP | {"content": None}])

    assert plain(step_lines(erased, 80))[1] == "    (erased)"


def test_media_are_named_by_type_and_size() -> None:
    content = {"type": "model_output", "content": [{"type": "image", "data": {"$media": 0}}]}
    media = {
        "exchange": "x0-7-1",
        "side": "output",
        "step_index": 0,
        "media_index": 0,
        "type": "image",
        "mime_type": "image/png",
        "media_bytes": 12_000,
    }
    shown = replace(SHEET, steps=[STEP | {"content": content}], media=[media])

    assert plain(step_lines(shown, 80))[1] == "    [image/png 12 KB]"


def test_usage_has_a_line_for_each_kind() -> None:
    assert plain(usage_lines(SHEET, 80)) == ["  input  text 1,200 · image 4"]


def test_an_exchange_is_a_line_and_what_went_wrong() -> None:
    broken = EXCHANGE | {"outcome": "client_gone", "detail": "it left", "status": None}

    assert plain(exchange_lines(replace(SHEET, exchanges=[EXCHANGE, broken]), 120)) == [
        "  14:13:20  create   200      3.00 s   3.8 KB  x0-7-1  21 events",
        "  14:13:20  create   none     3.00 s   3.8 KB  x0-7-1  21 events, client_gone: it left",
    ]


def test_problems_are_named() -> None:
    assert plain(problem_lines(SHEET, 80)) == ["  json_broken at byte 7: not JSON"]


def test_a_gap_says_why_the_end_is_missing_and_what_was_tried() -> None:
    waiting = {"why": "waiting", "attempts": 3, "last_at": AT}

    assert plain(gap_lines(SHEET, 80)) == []
    assert plain(gap_lines(replace(SHEET, gap=waiting), 80)) == [
        "  nobody saw it end: waiting; the steward asked 3 times"
    ]
    assert plain(gap_lines(replace(SHEET, gap=waiting | {"attempts": 0}), 80)) == [
        "  nobody saw it end: waiting"
    ]


@pytest.mark.parametrize("width", [40, 80, 120])
@given(st.text(st.characters(), max_size=300))
def test_whatever_a_step_says_its_lines_fit_and_do_nothing(width: int, said: str) -> None:
    sheet = replace(SHEET, steps=[STEP | {"content": {"type": "x_result", "result": said}}])

    _, *story = plain(step_lines(sheet, width))

    assert len(story) <= 2
    assert all(cell_len(line) <= width and safe(line) == line for line in story)


def test_a_result_says_which_call_it_answers() -> None:
    call = STEP | {"type": "function_call", "is_error": None, "place": 1}
    result = STEP | {"place": 2}

    lines = plain(step_lines(replace(SHEET, steps=[call, result]), 80))

    assert lines[2].startswith("2 < function_result  look  of 1  error ")


def test_an_output_that_broke_off_says_why() -> None:
    step = STEP | {"type": "model_output", "name": None, "call_id": None, "error_code": "13"}

    assert plain(step_lines(replace(SHEET, steps=[step]), 80))[0].startswith(
        "1 < model_output  error 13 "
    )


def test_sources_stand_below_the_text_and_not_all_of_them() -> None:
    notes = [
        {"type": "url_citation", "title": f"Page {n}", "url": f"https://a.example/{n}"}
        for n in range(CITATION_LINES + 2)
    ]
    said = {
        "type": "model_output",
        "content": [{"type": "text", "text": "Yes.", "annotations": notes}],
    }
    step = STEP | {"type": "model_output", "name": None, "is_error": None, "content": said}

    _, told, *cited = plain(step_lines(replace(SHEET, steps=[step]), 80))

    assert told == f"    Yes. [{CITATION_LINES + 2} citations]"
    assert cited[0] == "    cites Page 0 https://a.example/0"
    assert cited[-1] == "    … and 2 more"
    assert len(cited) == CITATION_LINES + 1


def test_pictures_are_named_with_their_extent() -> None:
    medium = {"media_index": 0, "mime_type": "image/png", "type": "image", "media_bytes": 12_000}
    place = {"exchange": "x0-7-1", "side": "output", "step_index": 0, "extent": "640x480"}
    content = {"type": "image", "data": {"$media": 0}}
    step = STEP | {"content": {"type": "model_output", "content": [content]}}

    lines = plain(step_lines(replace(SHEET, steps=[step], media=[medium | place]), 80))

    assert lines[1] == "    [image/png 640x480 12 KB]"


def test_settings_and_errors_stand_in_lines_of_their_own() -> None:
    sheet = replace(
        SHEET,
        request={"system_instruction": "Be brief.", "tools": [{"type": "url_context"}]},
        answer={"errors": [{"code": "safety", "message": "Blocked."}]},
    )

    assert plain(asked_lines(sheet, 40)) == [
        "  system_instruction  Be brief.",
        "  tools               url_context",
    ]
    assert plain(answered_lines(sheet, 40)) == ["  error  safety: Blocked."]
    assert asked_lines(SHEET, 40) == answered_lines(SHEET, 40) == []


def test_an_interaction_that_waits_for_another_hop_says_so() -> None:
    lines = plain(header_lines(about(has_continuation_token=True), 200))

    assert "to be continued" in lines[1]
