from __future__ import annotations

from proxy.interactions.problems import Notes
from proxy.recording.facts import EventFact
from proxy.recording.reading.decode import decode_body
from proxy.recording.reading.event_stream import read_stream
from proxy.recording.secrecy.equality import NO_EQUALITY
from proxy.recording.telling.event_facts import event_facts
from tests.recording.samples import START_NS, STEP_NS, event, stream


def test_an_event_s_row_has_no_data_but_its_size() -> None:
    start = event("interaction.created", interaction={"id": "v1_a"})
    text = event("step.delta", index=3, delta={"type": "text", "text": "secret"}, event_id="e1")
    given = stream(start, text, b"data: [DONE]\n\n")
    reading = read_stream(decode_body(given.response, (), Notes(), "response"), given, Notes())

    rows = event_facts(reading, given, ("v1_a",), NO_EQUALITY)

    assert rows[1] == EventFact(
        exchange=str(given.id),
        interaction="v1_a",
        event_index=1,
        at=START_NS + 11 * STEP_NS,
        since_start_ns=11 * STEP_NS,
        event_type="step.delta",
        is_known=True,
        event_id="e1",
        step_index=3,
        delta_type="text",
        body_offset=len(start),
        data_bytes=len(text) - len(b"event: step.delta\ndata: \n\n"),
    )
    assert (rows[2].event_type, rows[2].interaction) == ("done", None)
