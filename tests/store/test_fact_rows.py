from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import FormatError
from proxy.recording.facts import (
    ActFact,
    CostFact,
    EventFact,
    GapFact,
    MediaFact,
    MediaObject,
    ProblemFact,
    Recording,
    UnknownFact,
    UsageFact,
)
from proxy.store.fact_rows import (
    FACTS_VERSION,
    columns_digest,
    facts_from_json,
    facts_to_json,
    row_count,
    without_content,
)
from proxy.store.position import CommittedFacts
from tests.store.samples import committed, fact, recording, step


def full_recording() -> Recording:
    return Recording(
        recording(1).exchange,
        recording(1).observations,
        (step("text"), step("thought", 1)),
        (fact(UsageFact, id_hash=2**64 - 1),),
        (fact(EventFact, event_index=0), fact(EventFact, event_index=1)),
        (fact(MediaFact),),
        (fact(ProblemFact, kind="odd"),),
        (fact(UnknownFact, count=3),),
        (fact(CostFact, item="input"),),
    )


@pytest.mark.parametrize(
    "one",
    [
        committed(full_recording()),
        committed(recording(2, interaction=None)),
        CommittedFacts(full_recording(), None, ("a:1", "a:2"), "a:3"),
    ],
    ids=["everything", "an exchange about nothing", "references"],
)
def test_facts_come_back_as_they_were(one: CommittedFacts) -> None:
    assert facts_from_json(facts_to_json([one, one])) == ([one, one], [], [])


def test_gaps_and_acts_come_back_as_they_were() -> None:
    gap = fact(GapFact, exchange_count=3)
    act = ActFact(1, "mode", None, None, "strict")

    assert facts_from_json(facts_to_json((), [gap], [act])) == ([], [gap], [act])


def test_content_is_taken_off() -> None:
    held = Recording(recording(1).exchange, contents=(b"x",), media=(MediaObject(None, b"y"),))

    assert without_content(held) == Recording(recording(1).exchange)
    assert without_content(recording(1)) == recording(1)


@given(st.binary(max_size=60) | st.sampled_from([b"{}", b'{"version":5,"exchanges":[[]]}']))
def test_noise_is_no_facts(noise: bytes) -> None:
    with pytest.raises(FormatError):
        facts_from_json(noise)


def test_facts_of_a_later_version_are_refused() -> None:
    later = facts_to_json([]).replace(b'"version":5', b'"version":6')

    with pytest.raises(FormatError, match="version 6"):
        facts_from_json(later)


def test_whoever_changes_a_column_changes_the_version() -> None:
    """Vaults hold rows without names. A field goes to the end of its class and may be missing."""
    assert (FACTS_VERSION, columns_digest()) == (5, "8b728bcbb22b00aa")


def test_rows_of_all_tables_count() -> None:
    assert row_count(full_recording()) == 11


def test_rows_of_version_1_are_read_with_the_defaults_of_what_came_later() -> None:
    told = recording(1, steps=(step("model_output"),))
    value = orjson.loads(facts_to_json([committed(told)]))
    value["version"] = 1
    _, (observation,), (first,), *_ = value["exchanges"][0]
    del observation[-12:], first[-7:]
    del value["exchanges"][0][-4]  # the costs

    ((read,), _, _) = facts_from_json(orjson.dumps(value))

    assert read.recording.observations == told.observations
    assert read.recording.steps[0].annotation_count == 0
    assert read.recording.steps[0].variant is None
