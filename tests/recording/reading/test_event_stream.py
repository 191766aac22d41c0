from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.interactions import sse
from proxy.interactions.problems import Notes, ProblemKind
from proxy.recording.reading import event_stream
from proxy.recording.reading.decode import decode_body
from proxy.recording.reading.event_stream import StepTimes, StreamReading, first_code, read_stream
from tests.recording.samples import MONO_NS, START_NS, STEP_NS, event, packed, stream
from tests.strategies import cut_at, cuts_of

EVENTS = [
    event("interaction.created", interaction={"id": "v1_a", "status": "in_progress"}),
    event("step.start", index=0, step={"type": "model_output"}),
    event("step.delta", index=0, delta={"type": "text", "text": "héllo"}, event_id="e_1"),
    event("step.stop", index=0, step_usage={"total_tokens": 4}),
    event("interaction.completed", interaction={"id": "v1_a", "status": "completed"}),
    b"event: done\ndata: [DONE]\n\n",
]
WHOLE = b"".join(EVENTS)
FIRST_NS = 10 * STEP_NS
"""From the intent to the first chunk, in samples."""


def read(*chunks: bytes, notes: Notes | None = None, codings: Sequence[str] = ()) -> StreamReading:
    taken = Notes() if notes is None else notes
    given = stream(*chunks)
    return read_stream(decode_body(given.response, tuple(codings), taken, "response"), given, taken)


def kinds(notes: Notes) -> list[ProblemKind]:
    return [problem.kind for problem in notes.problems]


def test_events_have_type_place_and_the_time_of_the_chunk_that_completed_them() -> None:
    notes = Notes()

    found = read(*EVENTS, notes=notes)

    assert [event.type for event in found.events] == [
        "interaction.created",
        "step.start",
        "step.delta",
        "step.stop",
        "interaction.completed",
        "done",
    ]
    assert [event.moment.wall_ns - START_NS - FIRST_NS for event in found.events] == [
        place * STEP_NS for place in range(6)
    ]
    assert (found.events[2].step_index, found.events[2].delta_type) == (0, "text")
    assert found.events[2].event_id == "e_1"
    assert found.events[2].sse.offset == len(EVENTS[0] + EVENTS[1])
    assert notes == Notes()


def test_an_event_over_two_chunks_has_the_time_of_the_second() -> None:
    found = read(WHOLE[:20], WHOLE[20:])

    assert found.events[0].moment.mono_ns == MONO_NS + FIRST_NS + STEP_NS


def test_a_compressed_stream_has_the_same_times() -> None:
    plain, compressed = read(*EVENTS), read(*packed(EVENTS), codings=["gzip"])

    assert compressed.events == plain.events


def test_steps_have_the_times_of_their_first_and_last_event() -> None:
    found = read(*EVENTS)
    (line,) = found.assembled[0].timeline
    started = START_NS + FIRST_NS + STEP_NS

    assert found.times(line) == StepTimes(started, started + 2 * STEP_NS, 2 * STEP_NS, 1, 4, 0)


@given(st.data())
def test_what_was_read_does_not_depend_on_where_the_stream_was_cut(data: st.DataObject) -> None:
    chunks = cut_at(WHOLE, data.draw(cuts_of(WHOLE)))

    found, whole = read(*chunks), read(WHOLE)

    assert found.assembled == whole.assembled
    assert [event.sse for event in found.events] == [event.sse for event in whole.events]


@given(st.integers(0, len(WHOLE)))
def test_a_prefix_gives_a_prefix_and_at_most_one_problem(size: int) -> None:
    notes = Notes()

    found, whole = read(WHOLE[:size], notes=notes), read(WHOLE)

    assert len(notes.problems) <= 1
    shown = [(event.type, event.sse.data) for event in found.events]
    assert shown == [(event.type, event.sse.data) for event in whole.events][: len(shown)]


def test_a_stream_cut_mid_event_is_read_up_to_the_last_whole_event() -> None:
    notes = Notes()

    found = read(WHOLE[: len(EVENTS[0] + EVENTS[1]) + 40], notes=notes)

    assert [event.type for event in found.events] == ["interaction.created", "step.start"]
    assert found.assembled[0].is_complete is False
    assert [(p.kind, p.where) for p in notes.problems] == [
        (ProblemKind.TRUNCATED_TAIL, "bytes 228-268")
    ]


def test_a_last_event_without_its_blank_line_is_read_as_python_s_sdk_does() -> None:
    notes = Notes()

    found = read(b"".join(EVENTS[:5]).rstrip(b"\n"), notes=notes)

    assert found.assembled[0].is_complete
    assert kinds(notes) == [ProblemKind.TRUNCATED_TAIL]


def test_a_stream_that_ends_between_events_without_its_last_one_says_so() -> None:
    notes = Notes()

    read(*EVENTS[:3], notes=notes)

    assert kinds(notes) == [ProblemKind.NO_LAST_EVENT]


def test_an_error_event_is_a_last_event_and_gives_its_code() -> None:
    notes = Notes()

    found = read(EVENTS[0], event("error", error={"code": "gateway_timeout"}), notes=notes)

    assert found.error_code == "gateway_timeout"
    assert notes.problems == []


def test_what_is_no_event_is_a_problem_and_the_rest_is_read() -> None:
    notes = Notes()

    found = read(b"data: {oops\n\n", b"event: odd name\ndata: [1]\n\n", *EVENTS, notes=notes)

    assert [event.type for event in found.events[:3]] == ["none", "(odd)", "interaction.created"]
    assert not found.events[0].is_known
    assert found.assembled == read(*EVENTS).assembled
    assert kinds(notes) == [ProblemKind.JSON_BROKEN, ProblemKind.NOT_AN_OBJECT]
    assert "oops" not in str(notes.problems)


def test_events_after_done_are_noted_and_not_put_together() -> None:
    notes = Notes()

    found = read(*EVENTS, event("interaction.created", interaction={"id": "v1_b"}), notes=notes)

    assert len(found.events) == 7
    assert len(found.assembled) == 1
    assert kinds(notes) == [ProblemKind.AFTER_DONE]


def test_too_many_events_are_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "EVENTS_MAX", 2)
    notes = Notes()

    found = read(*EVENTS, notes=notes)

    assert len(found.events) == 2
    assert kinds(notes)[0] == ProblemKind.TOO_MANY


def test_an_event_over_the_limit_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "EVENT_BYTES_MAX", 1000)
    notes = Notes()

    read(EVENTS[0], b"data: " + b"x" * 2000 + b"\n\n", *EVENTS[1:], notes=notes)

    assert kinds(notes) == [ProblemKind.EVENT_TOO_LONG]


def test_the_last_moment_of_an_interaction_is_its_last_event_s() -> None:
    found = read(*EVENTS)

    assert found.last_at(0) == START_NS + FIRST_NS + 4 * STEP_NS
    assert found.last_at(1) is None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": "x"}, "x"),
        ({"code": 7, "status": "Y"}, "Y"),
        ({"code": 7}, "7"),
        ({"code": True}, None),
        ({"code": "a b"}, "(odd)"),
        ("text", None),
        (None, None),
    ],
)
def test_an_error_s_code_is_google_s_text_if_there_is_one(error: object, code: str | None) -> None:
    assert first_code(error) == code


@given(st.lists(st.one_of(st.sampled_from(EVENTS), st.binary(max_size=30)), max_size=8))
def test_noise_between_events_never_raises(chunks: list[bytes]) -> None:
    read(*chunks)


def test_values_beyond_the_limit_are_not_read_and_that_is_one_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_stream, "MARKS_MAX", 60)
    monkeypatch.setattr(event_stream, "PIECE_BYTES", len(EVENTS[0]))
    notes = Notes()

    found = read(WHOLE * 3, notes=notes)

    assert len(EVENTS) <= len(found.events) < 3 * len(EVENTS)
    assert kinds(notes).count(ProblemKind.TOO_MANY) == 1
    assert kinds(notes)[-1] is ProblemKind.TOO_MANY


@pytest.mark.parametrize("filling", [1, 2000])
def test_values_that_would_be_held_are_limited_and_those_of_text_are_not(
    monkeypatch: pytest.MonkeyPatch, filling: int
) -> None:
    """Both ways of counting: before an event of some size is parsed, and behind a small one."""
    monkeypatch.setattr(event_stream, "VALUES_MAX", 30)
    notes = Notes()
    held = event("step.delta", index=0, delta={"type": "odd", "x": [[]] * filling})
    texts = [event("step.delta", index=0, delta={"type": "text", "text": "a,b"})] * 100

    found = read(*texts, *[held] * 10, *texts, notes=notes)

    assert len(texts) <= len(found.events) < len(texts) + 10
    assert kinds(notes).count(ProblemKind.TOO_MANY) == 1


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_was_read_does_not_depend_on_the_pieces(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    whole = read(WHOLE)
    monkeypatch.setattr(event_stream, "PIECE_BYTES", size)

    assert read(WHOLE) == whole
