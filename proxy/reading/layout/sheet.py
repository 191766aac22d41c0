"""One interaction laid out for the terminal. Pure: rows in, styled lines out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.cells import cell_len
from rich.text import Text

from proxy.reading.layout.settings import answer_lines, setting_lines
from proxy.reading.layout.story import citations, story
from proxy.reading.layout.terminal import (
    bytes_text,
    count_text,
    cut,
    duration_text,
    one_line,
    packed,
    wrapped,
)
from proxy.reading.merged import Merged

STORY_LINES: Final = 2
"""Lines of a step's content: enough to recognise it."""
STORY_WIDTH_MAX: Final = 110
"""Longer lines are hard to read, whatever the terminal can."""

CITATION_LINES: Final = 6
"""Sources named below a step; an answer of a research agent has a hundred."""

Row = dict[str, Any]
Json = Any


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of store/sql/queries/ about one interaction, by column name."""

    about: Row
    steps: Sequence[Row]
    """With "content": the parsed redacted step, or None if it was erased."""
    media: Sequence[Row]
    usage: Sequence[Row]
    exchanges: Sequence[Row]
    problems: Sequence[Row]
    request: Json = None
    """What was asked for beside the input, redacted; None: nothing, or it was erased."""
    answer: Json = None
    """What was said beside steps and usage."""
    merged: Merged | None = None
    """What several streams told, put together; None: one exchange told it all."""
    divergences: Sequence[Row] = ()
    attempts: Sequence[Row] = ()
    """Of the create, where it was sent more than once."""
    hops: Sequence[Row] = ()
    costs: Sequence[Row] = ()
    """By the newest price book."""
    gap: Row | None = None
    """Why the end is missing, as the view `unfinished` says it; None: it is there."""


def header_lines(sheet: Sheet, width: int) -> list[Text]:
    """Name and status; who answered and how; when; the conversation; tokens."""
    about = sheet.about
    first = Text(one_line(about["interaction"]), "bold")
    status = about["status"] or about["error_code"] or "no status seen"
    mark = Text("  " + one_line(status), _status_style(about))
    if cell_len(first.plain) + cell_len(mark.plain) > width:
        mark = Text("\n" + mark.plain.lstrip(), mark.style)
    first.append_text(mark)
    return [
        first,
        *_described(_who(about), width),
        *_described(_when(about), width),
        *_described(_conversation(about), width),
        *_described(_tokens(about), width),
    ]


def step_lines(sheet: Sheet, width: int) -> list[Text]:
    """Two to four lines a step: place, side, type, name, times, sizes; then what it says."""
    first_ns = {each["exchange"]: each["started_at"] for each in sheet.exchanges}
    places = max((len(str(each["place"])) for each in sheet.steps), default=1)
    calls = {
        each["call_id"]: each["place"] for each in sheet.steps if each["type"].endswith("_call")
    }
    lines: list[Text] = []
    for step in sheet.steps:
        arrow, style = (">", "green") if step["side"] == "input" else ("<", "cyan")
        head = Text(f"{step['place']:>{places}} ", "dim")
        head.append(f"{arrow} {one_line(step['type'])}", f"bold {style}")
        if step["name"] and not step["type"].endswith("_call"):
            head.append(f"  {one_line(step['name'])}")
        if step["call_id"] and step["call_id"] in calls and step["type"].endswith("_result"):
            head.append(f"  of {calls[step['call_id']]}", "dim")
        if step["is_error"]:
            code = f" {one_line(step['error_code'])}" if step["error_code"] else ""
            head.append(f"  error{code}", "bold red")
        _right(head, "  ".join(_measures(step, first_ns.get(step["exchange"]))), width)
        lines.append(head)
        indent = " " * (places + 3)
        room = min(width - len(indent), STORY_WIDTH_MAX)
        lines.extend(Text(indent + line) for line in wrapped(_told(step, sheet), room, STORY_LINES))
        cited = citations(step["content"])
        lines.extend(
            Text(indent + cut(one_line(each), room), "dim") for each in cited[:CITATION_LINES]
        )
        if len(cited) > CITATION_LINES:
            lines.append(Text(f"{indent}… and {len(cited) - CITATION_LINES} more", "dim"))
    return lines


def asked_lines(sheet: Sheet, width: int) -> list[Text]:
    """A line for each setting of the request."""
    return _named(setting_lines(sheet.request), width)


def answered_lines(sheet: Sheet, width: int) -> list[Text]:
    """A line for each thing the answer said that is neither step nor usage: its errors first of all."""
    return _named(answer_lines(sheet.answer, sheet.request), width)


def _named(pairs: Sequence[tuple[str, str]], width: int) -> list[Text]:
    longest = max((cell_len(one_line(name)) for name, _ in pairs), default=0)
    return [
        Text(cut(f"  {one_line(name):<{longest}}  {one_line(told)}", width)) for name, told in pairs
    ]


def usage_lines(sheet: Sheet, width: int) -> list[Text]:
    """A line for each kind: its modalities."""
    kinds: dict[str, list[str]] = {}
    for each in sheet.usage:
        kinds.setdefault(each["kind"], []).append(f"{each['modality']} {each['tokens']:,}")
    longest = max(map(len, kinds), default=0)
    return [
        Text(cut(f"  {kind:<{longest}}  {one_line(' · '.join(told))}", width))
        for kind, told in kinds.items()
    ]


def exchange_lines(sheet: Sheet, width: int) -> list[Text]:
    """A line for each exchange: when, what, how it ended, how long, how much, its id."""
    lines = []
    for each in sheet.exchanges:
        facts = [
            _clock(each["started_at"]),
            f"{each['operation']:<7}",
            f"{each['status'] or 'none'!s:<4}",
            f"{duration_text(each['duration_ns'] or 0):>9}",
            f"{bytes_text(each['response_bytes'] or 0):>7}",
        ]
        notes = [count_text(each["event_count"], "event")] if each["is_streaming"] else []
        if each["outcome"] != "complete":
            notes.append(each["outcome"] + (f": {each['detail']}" if each["detail"] else ""))
        if each["error_code"]:
            notes.append(each["error_code"])
        line = Text("  " + "  ".join(facts))
        line.append("  " + one_line(each["exchange"]), "dim")
        if notes:
            note = one_line(", ".join(notes))
            fits = cell_len(line.plain) + cell_len(note) + 2 <= width
            line.append(f"  {note}" if fits else f"\n            {cut(note, width - 12)}")
        lines.append(line)
    return lines


def problem_lines(sheet: Sheet, width: int) -> list[Text]:
    """A line for each oddity."""
    told = [f"{each['kind']} at {each['place']}: {each['detail']}" for each in sheet.problems]
    return [Text("  " + cut(one_line(line), width - 2)) for line in told]


def gap_lines(sheet: Sheet, width: int) -> list[Text]:
    """One line, where nobody saw the end."""
    if sheet.gap is None:
        return []
    attempts = sheet.gap["attempts"]
    asked = f"; the steward asked {count_text(attempts, 'time')}" if attempts else ""
    told = f"nobody saw it end: {sheet.gap['why']}{asked}"
    return [Text("  " + cut(one_line(told), width - 2))]


def _who(about: Row) -> Iterator[str]:
    yield about["model"] or about["agent"] or "no model seen"
    if about["store"] == "false":
        yield "not stored"
    if about["is_background"]:
        yield "background"
    if about["is_streaming"]:
        yield "streamed"
    served, asked = about["service_tier"], about["service_tier_asked"]
    if served and asked and served != asked:
        yield f"{served} tier ({asked} asked)"
    elif served or asked:
        yield f"{served or asked} tier"
    if about["sdk"]:
        yield about["sdk"]
    if about["has_continuation_token"]:
        yield "to be continued"
    if about["deleted_at"]:
        yield f"deleted {_instant(about['deleted_at'])}"


def _when(about: Row) -> Iterator[str]:
    yield _instant(about["created_at"]) + " UTC"
    if about["first_event_ns"] is not None:
        yield f"first event {duration_text(about['first_event_ns'])}"
    if about["is_background"] and about["ended_at"]:
        waited = about["ended_at"] - about["created_at"]
        yield f"seen ended after {duration_text(round(waited.total_seconds() * 1e9))}"
    elif about["create_duration_ns"] is not None:
        yield f"took {duration_text(about['create_duration_ns'])}"
    polls = about["read_count"]
    if polls:
        yield "read once" if polls == 1 else f"read {polls:,} times"
    if about["resume_count"]:
        yield f"resumed {count_text(about['resume_count'], 'time')}"


def _conversation(about: Row) -> Iterator[str]:
    if about["turn_count"] > 1:
        yield f"turn {about['turn']:,} of {about['turn_count']:,}"
    if about["previous_interaction_id"]:
        yield f"after {about['previous_interaction_id']}"


def _tokens(about: Row) -> Iterator[str]:
    if about["total_tokens"] is None and about["input_tokens"] is None:
        return
    cached = f" ({about['cached_tokens']:,} cached)" if about["cached_tokens"] else ""
    parts = [f"{about['input_tokens'] or 0:,} in{cached}", f"{about['output_tokens'] or 0:,} out"]
    if about["thought_tokens"]:
        parts.append(f"{about['thought_tokens']:,} thought")
    if about["tool_use_tokens"]:
        parts.append(f"{about['tool_use_tokens']:,} tool use")
    total = about["total_tokens"]
    yield " + ".join(parts) + (f" = {total:,} tokens" if total is not None else " tokens")


def _described(parts: Iterator[str], width: int) -> list[Text]:
    return [Text(line) for line in packed(map(one_line, parts), width)]


def _status_style(about: Row) -> str:
    if about["error_code"] or about["status"] in ("failed", "budget_exceeded"):
        return "bold red"
    return "bold green" if about["status"] == "completed" else "bold yellow"


def _measures(step: Row, exchange_started: dt.datetime | None) -> Iterator[str]:
    if step["started_at"] and exchange_started:
        since = (step["started_at"] - exchange_started).total_seconds()
        yield f"+{duration_text(round(max(0.0, since) * 1e9))}"
    if step["duration_ns"] is not None:
        yield f"for {duration_text(step['duration_ns'])}"
    if step["step_tokens"] is not None:
        yield f"{step['step_tokens']:,} tokens"
    yield f"{bytes_text(step['content_bytes'] or 0):>7}"


def _told(step: Row, sheet: Sheet) -> str:
    if step["content"] is None:
        return "(erased)" if step["content_ref"] else "(not kept)"
    media = {
        each["media_index"]: " ".join(
            filter(
                None,
                [
                    each["mime_type"] or each["type"],
                    each.get("extent"),
                    bytes_text(each["media_bytes"]),
                ],
            )
        )
        for each in sheet.media
        if (each["exchange"], each["side"], each["step_index"])
        == (step["exchange"], step["side"], step["step_index"])
    }
    return one_line(story(step["content"], media))


def _right(line: Text, text: str, width: int) -> None:
    """Add `text` at the right margin, or two spaces on where there is no room."""
    edge = min(width, STORY_WIDTH_MAX)
    line.append(" " * max(2, edge - cell_len(line.plain) - cell_len(text)) + text, "dim")


def _instant(at: dt.datetime) -> str:
    return at.isoformat(" ", "seconds")


def _clock(at: dt.datetime) -> str:
    return at.strftime("%H:%M:%S")
