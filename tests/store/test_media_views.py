"""Media in SQL: one object, however often it is sent."""

from __future__ import annotations

from dataclasses import replace

from proxy.recording.facts import MediaFact, Recording
from proxy.store.database import Database
from tests.store.samples import batch, fact, recording


def showing(sequence: int, *macs: str | None, interaction: str = "v1_one") -> Recording:
    base = recording(sequence, interaction=interaction)
    about = {"exchange": base.exchange.exchange, "interaction": interaction, "type": "image"}
    facts = tuple(
        fact(MediaFact, **about, media_index=place, media_mac=mac, media_bytes=7, width=640)
        for place, mac in enumerate(macs)
    )
    return replace(base, media_facts=facts)


def test_the_same_bytes_are_one_object(database: Database) -> None:
    database.ingest(
        batch(showing(1, "a", "b", None), showing(2, "a"), showing(3, "a", interaction="v1_two"))
    )

    rows = database.cursor().execute(
        "SELECT media_mac, shown_count, exchange_count, interaction_count, width, "
        "length(content_refs) FROM media_objects ORDER BY media_mac"
    )

    assert rows.fetchall() == [("a", 3, 3, 2, 640, 3), ("b", 1, 1, 1, 640, 1)]
