from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from proxy.errors import StoreError
from proxy.store.database import Database
from proxy.store.position import CommittedFacts, FactBatch, VaultPosition
from proxy.store.queries import TablesReader
from proxy.telemetry.traces.lookup import LOOKUPS_PER_S, PAUSE_NS, StoreLookup
from proxy.telemetry.traces.mapping.memory import KnownCall, KnownInteraction, NotNow
from proxy.telemetry.traces.sampling import Sampler
from proxy.telemetry.traces.span import SpanContext, own_trace_id, span_id
from tests.recording.samples import MODEL
from tests.telemetry.traces.mapping.trees import ROOT_ID, create, named, poll, span_tree

LATER = 2**62
CALL = {"type": "function_call", "id": "c1", "name": "get_weather"}
ASKED = {"model": MODEL, "input": "x", "background": True}
CREATE = create(asked=ASKED, status="in_progress")
END = poll(2, "requires_action", steps=[CALL])


OTHER = create(
    3, asked={"model": MODEL, "input": "x", "previous_interaction_id": "v1_before"}, id="v1_other"
)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """They hold a background run from its create to its end, and a later turn of a conversation."""
    database = Database.open(tmp_path_factory.mktemp("tables") / "facts.duckdb")
    committed = tuple(CommittedFacts(one, None, (), "r") for one in (CREATE, END, OTHER))
    database.ingest(FactBatch(committed, (), (), VaultPosition("20261120-000001", 10)))
    yield database
    database.close()


def lookup(tables: Database, sampler: Sampler | None = None) -> StoreLookup:
    def reader() -> Future[TablesReader]:
        asked: Future[TablesReader] = Future()
        asked.set_result(tables.reader())
        return asked

    return StoreLookup(reader, sampler or Sampler(), lambda: 0)


def test_the_tables_know_what_was_recorded_before(tables: Database) -> None:
    exchange = CREATE.exchange.exchange

    found = lookup(tables)(ROOT_ID, LATER)

    assert isinstance(found, KnownInteraction)
    assert found.context == SpanContext(own_trace_id(exchange), span_id(exchange, "inference"))
    assert found == KnownInteraction(
        context=found.context,
        started_at=CREATE.exchange.started_at,
        known_at=found.known_at,
        status="requires_action",
        is_terminal=True,
        is_background=True,
        model=MODEL,
        agent=None,
        root=ROOT_ID,
        turn=1,
        calls={"c1": KnownCall("get_weather", None)},
    )


def test_what_came_later_is_not_known_yet(tables: Database) -> None:
    assert lookup(tables)(ROOT_ID, CREATE.exchange.started_at) is None
    found = lookup(tables)(ROOT_ID, CREATE.observations[0].at + 1000)
    assert isinstance(found, KnownInteraction)


def test_the_span_it_names_is_the_one_that_was_sent(tables: Database) -> None:
    tree = span_tree()
    sent = named(tree.spans(CREATE), f"generate_content {MODEL}")
    found = lookup(tables)(ROOT_ID, LATER)

    assert isinstance(found, KnownInteraction)
    assert found.context == sent.context


def test_a_trace_that_was_not_sampled_has_no_span_to_point_to(tables: Database) -> None:
    found = lookup(tables, Sampler(lambda _, caller: bool(caller)))(ROOT_ID, LATER)

    assert isinstance(found, KnownInteraction)
    assert found.context is None


def test_a_turn_that_is_not_the_first_has_no_place_in_its_conversation(tables: Database) -> None:
    found = lookup(tables)("v1_other", LATER)

    assert isinstance(found, KnownInteraction)
    assert (found.root, found.turn) == (None, None)


def test_nothing_is_known_of_what_nobody_recorded(tables: Database) -> None:
    assert lookup(tables)("v1_unknown", LATER) is None


def not_again() -> Future[TablesReader]:
    raise AssertionError("asked again")


def test_tables_that_cannot_be_asked_cost_a_link_and_nothing_more() -> None:
    def failing() -> Future[TablesReader]:
        asked: Future[TablesReader] = Future()
        asked.set_exception(StoreError("the recorder is stopping"))
        return asked

    now_ns = [0]
    asked = StoreLookup(failing, Sampler(), lambda: now_ns[0])

    assert asked(ROOT_ID, LATER) is NotNow.NOT_NOW
    asked._reader = not_again
    assert asked(ROOT_ID, LATER) is NotNow.NOT_NOW
    now_ns[0] = PAUSE_NS
    with pytest.raises(AssertionError, match="asked again"):
        asked(ROOT_ID, LATER)


def test_no_more_is_asked_in_a_second_than_the_tables_can_bear(tables: Database) -> None:
    now_ns = [0]
    once = lookup(tables)
    limited = StoreLookup(once._reader, Sampler(), lambda: now_ns[0])

    found = [
        isinstance(limited(ROOT_ID, LATER), KnownInteraction) for _ in range(LOOKUPS_PER_S + 2)
    ]
    now_ns[0] = 1_000_000_000

    assert found == [True] * LOOKUPS_PER_S + [False] * 2
    assert isinstance(limited(ROOT_ID, LATER), KnownInteraction)
