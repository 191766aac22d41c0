"""Did Google change something? For whoever maintains what reads it."""

from __future__ import annotations

from typing import Final

from dashboards.declare import Board, Panel, Query, Row, Shipped, count, or_nothing, total

DRIFT: Final = Board(
    "ixp-drift",
    "Interactions Proxy / Protocol drift",
    "Names and shapes this release does not know. They are kept raw and passed on; nothing breaks.",
    (
        Row(
            "Unknown",
            (
                Panel(
                    "Unknown names by kind",
                    "Fields, steps, events, statuses without a name here. A new one is a new feature of Google's.",
                    "bars",
                    (Query(count("ixp_protocol_unknown_total", by="kind")),),
                ),
                Panel(
                    "Unknown names, per second",
                    "A jump is a roll-out.",
                    "stacked",
                    (Query(or_nothing(total("ixp_protocol_unknown_total", "kind")), "{{kind}}"),),
                    "ops",
                ),
                Panel(
                    "First seen",
                    "From the records: each unknown name, where, since when, with which SDK and revision.",
                    "table",
                    (Shipped("drift"),),
                    width=24,
                ),
            ),
        ),
        Row(
            "Callers and oddities",
            (
                Panel(
                    "SDKs",
                    "From the records: versions by exchanges, and when they were last seen.",
                    "table",
                    (Shipped("sdk_versions"),),
                ),
                Panel(
                    "Problems",
                    "Odd things that did not stop the recording, by kind.",
                    "bars",
                    (Query(count("ixp_problems_total", by="kind")),),
                ),
            ),
        ),
    ),
    has_audit=True,
    begins="now-7d",
)
