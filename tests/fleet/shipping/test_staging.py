from __future__ import annotations

from dataclasses import replace

from proxy.fleet.shipping.staging import Staging, is_copy
from proxy.recording.facts import ActFact, CostFact
from tests.fleet.standin import with_tables
from tests.store.samples import batch, fact, recording, step


def test_a_batch_is_sent_as_the_embedded_store_would_have_it() -> None:
    link = with_tables()
    staging = Staging(link.rows, "eu-1")

    for sequence in (1, 2):  # the second batch has no rows of the first
        staging.take(batch(recording(sequence, steps=(step("thought"), step("model_output")))))
        staging.send()

    assert link.lake("SELECT exchange, proxy FROM lake.exchanges ORDER BY sequence") == [
        ("x0-0000000000000007-1", "eu-1"),
        ("x0-0000000000000007-2", "eu-1"),
    ]
    found = link.lake("SELECT content_ref, seen_at FROM lake.steps ORDER BY content_ref LIMIT 1")
    assert [(ref, str(at)) for ref, at in found] == [
        ("20260921-000001:1000#0", "2026-09-21 14:13:20")
    ]


def test_costs_that_another_book_makes_are_rows_of_the_batch() -> None:
    link = with_tables()
    staging = Staging(link.rows, "eu-1")
    staging.take(batch(recording(1)))

    staging.add_costs([fact(CostFact, exchange="x", book="2026-11-01", quantity=5, at=1_000)])
    staging.send()

    assert link.lake("SELECT exchange, book, quantity, proxy FROM lake.costs") == [
        ("x", "2026-11-01", 5, "eu-1")
    ]


def test_a_hold_that_repeats_another_proxys_is_no_row() -> None:
    link = with_tables()
    staging = Staging(link.rows, "eu-1")
    own = fact(ActFact, kind="hold", actor="anna", detail="own")
    copied = replace(own, actor="fleet", detail="copied")

    staging.take(replace(batch(recording(1)), acts=(own, copied)))
    staging.send()

    assert (is_copy(own), is_copy(copied)) == (False, True)
    assert link.lake("SELECT detail FROM lake.acts") == [("own",)]
