from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from proxy.telemetry.traces.sdk.readable import TEXT_CHARACTERS_MAX, readable
from proxy.telemetry.traces.span import (
    Attributes,
    Span,
    SpanContext,
    SpanEvent,
    SpanKind,
    SpanLink,
    Value,
)
from tests.telemetry.traces.receiver import Received, Receiver

TRACE, ID, PARENT = bytes(range(16)), bytes(range(8)), b"parentid"
VALUES: st.SearchStrategy[Value] = st.one_of(
    st.text(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.lists(st.text(), max_size=3).map(tuple),
)
ATTRIBUTES: st.SearchStrategy[Attributes] = st.dictionaries(st.text(), VALUES, max_size=5)
TIMES = st.integers(0, 2**63 - 1)


def sent(*spans: Span) -> list[Received]:
    receiver = Receiver()
    scope = InstrumentationScope("us", "1", "https://conventions")
    request = encode_spans([readable(span, Resource({}), scope) for span in spans])
    receiver.take(request.SerializeToString(), {})
    return receiver.spans


def arrived(attributes: Attributes) -> dict[str, object]:
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in attributes.items()
    }


@settings(max_examples=40)
@given(
    st.builds(
        Span,
        st.text(),
        st.sampled_from(SpanKind),
        st.just(SpanContext(TRACE, ID)),
        st.sampled_from([None, PARENT]),
        TIMES,
        TIMES,
        ATTRIBUTES,
        st.booleans(),
        st.lists(st.builds(SpanEvent, st.text(), TIMES, ATTRIBUTES), max_size=2).map(tuple),
        st.lists(
            st.builds(SpanLink, st.just(SpanContext(TRACE, PARENT)), ATTRIBUTES), max_size=2
        ).map(tuple),
        st.booleans(),
    )
)
def test_what_was_meant_arrives(span: Span) -> None:
    (found,) = sent(span)

    assert found == Received(
        span.name,
        span.kind.name,
        TRACE.hex(),
        ID.hex(),
        span.parent.hex() if span.parent else "",
        span.start,
        span.end,
        arrived(span.attributes),
        span.is_error,
        tuple((one.name, arrived(one.attributes)) for one in span.events),
        tuple((TRACE.hex(), PARENT.hex(), arrived(one.attributes)) for one in span.links),
        0x300 if span.parent and span.is_parent_remote else 0x100,
    )


def test_long_texts_are_cut_and_lone_surrogates_sent_as_question_marks() -> None:
    odd: Attributes = {"long": "x" * 10_000, "odd": "\ud800", "list": ("\ud800",)}
    (found,) = sent(
        Span("\ud800", SpanKind.INTERNAL, SpanContext(TRACE, ID), None, 1, 2, odd),
    )

    assert found.name == "?"
    assert len(found.attributes["long"]) == TEXT_CHARACTERS_MAX
    assert (found.attributes["odd"], found.attributes["list"]) == ("?", ["?"])
