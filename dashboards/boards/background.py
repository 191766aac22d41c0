"""What runs without anybody waiting? Background work and long conversations."""

from __future__ import annotations

from typing import Final

from dashboards.declare import (
    Board,
    Panel,
    Query,
    Row,
    Shipped,
    count,
    heat,
    or_nothing,
    selected,
    share,
    total,
)

_ENDED: Final = count("ixp_interactions_total", 'mode="background"')

BACKGROUND: Final = Board(
    "ixp-background",
    "Interactions Proxy / Background and conversations",
    "Work that goes on after its client has gone, and turns that hang together.",
    (
        Row(
            "Background",
            (
                Panel(
                    "Open by status",
                    "Background interactions whose end nobody has seen.",
                    "stacked",
                    (
                        Query(
                            or_nothing(
                                f"sum by (status) ({selected('ixp_background_interactions')})"
                            ),
                            "{{status}}",
                        ),
                    ),
                ),
                Panel(
                    "Oldest",
                    "Age of the oldest of them. Over an hour somebody should look: has it a reader?",
                    "stat",
                    (Query(f"max({selected('ixp_background_oldest_age_seconds')})"),),
                    "s",
                    ((1800, "yellow"), (3600, "red")),
                ),
                Panel(
                    "How long they take",
                    "From the request to when the end was seen.",
                    "heatmap",
                    (Query(heat("ixp_interaction_duration_seconds", 'mode="background"')),),
                    "s",
                ),
                Panel(
                    "Polls for each end",
                    "Reads of interactions for each background interaction that ended. Many polls cost quota.",
                    "stat",
                    (
                        Query(
                            share(
                                count("ixp_exchanges_total", 'operation="get"'),
                                f"({_ENDED})",
                                "1",
                            )
                        ),
                    ),
                    decimals=1,
                ),
                Panel(
                    "Not ended",
                    "From the records: which ones, since when, and who finishes them.",
                    "table",
                    (Shipped("unfinished_interactions"),),
                    width=24,
                ),
            ),
        ),
        Row(
            "Conversations",
            (
                Panel(
                    "Turns, first and later",
                    "Creates per second by their place in a conversation.",
                    "stacked",
                    (Query(total("ixp_turns_total", "place"), "{{place}}"),),
                    "reqps",
                ),
                Panel(
                    "Longest conversations",
                    "From the records: turns, models, tokens.",
                    "table",
                    (Shipped("longest_conversations"),),
                ),
            ),
        ),
    ),
    has_audit=True,
)
