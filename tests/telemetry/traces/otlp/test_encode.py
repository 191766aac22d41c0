from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.telemetry.traces.otlp.encode import VALUE_CHARACTERS_MAX, encode_request, encode_span
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
    scope = ("us", "1", "https://conventions")
    receiver.take(encode_request({"service.name": "x"}, scope, map(encode_span, spans)), {})
    return receiver.spans


def readable(attributes: Attributes) -> dict[str, object]:
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
def test_opentelemetrys_own_classes_read_what_was_meant(span: Span) -> None:
    (found,) = sent(span)

    assert found == Received(
        span.name,
        span.kind.name,
        TRACE.hex(),
        ID.hex(),
        span.parent.hex() if span.parent else "",
        span.start,
        span.end,
        readable(span.attributes),
        span.is_error,
        tuple((one.name, readable(one.attributes)) for one in span.events),
        tuple((TRACE.hex(), PARENT.hex(), readable(one.attributes)) for one in span.links),
        0x301 if span.is_parent_remote else 0x101,
    )


def test_values_that_are_equal_keep_their_kinds() -> None:
    kinds = [
        type(one.attributes["n"])
        for value in (1, True, 1.0)
        for one in sent(span_with({"n": value}))
    ]

    assert kinds == [int, bool, float]


def test_long_texts_are_cut_and_lone_surrogates_sent_as_question_marks() -> None:
    (found,) = sent(span_with({"long": "x" * 10_000, "odd": "\ud800"}))

    assert len(found.attributes["long"]) == VALUE_CHARACTERS_MAX
    assert found.attributes["odd"] == "?"


def span_with(attributes: Attributes) -> Span:
    return Span("a", SpanKind.INTERNAL, SpanContext(TRACE, ID), None, 1, 2, attributes)
