"""What do agents do? Steps and tools."""

from __future__ import annotations

from typing import Final

from dashboards.declare import (
    Board,
    Panel,
    Query,
    Row,
    Shipped,
    count,
    or_nothing,
    quantile,
    share,
    total,
)

_BAD: Final = or_nothing(total("ixp_tool_results_total", labels='outcome="error"'))
_SPAN: Final = (("from", "${__from:date:iso}"), ("to", "${__to:date:iso}"))

STEPS: Final = Board(
    "ixp-steps",
    "Interactions Proxy / Steps and tools",
    "What interactions are made of: thinking, tools, output.",
    (
        Row(
            "Steps",
            (
                Panel(
                    "Steps by type",
                    "Steps that came out of interactions, per second, each once.",
                    "stacked",
                    (Query(total("ixp_steps_total", "type"), "{{type}}"),),
                    "ops",
                ),
                Panel(
                    "Duration by type, p95",
                    "From step.start to step.stop; streams only.",
                    "lines",
                    (Query(quantile(0.95, "ixp_step_duration_seconds", "type"), "{{type}}"),),
                    "s",
                ),
                Panel(
                    "Steps without an end",
                    "Steps whose end was not seen: streams that broke, clients that left.",
                    "stat",
                    (Query(count("ixp_steps_total", 'outcome="cut"')),),
                    "short",
                    ((1, "yellow"), (100, "red")),
                    width=6,
                    height=5,
                ),
                Panel(
                    "Chained turns",
                    "Share of creates that go on from an earlier turn.",
                    "stat",
                    (
                        Query(
                            share(
                                count("ixp_turns_total", 'place="later"'),
                                f"({count('ixp_turns_total')})",
                                "1",
                            )
                        ),
                    ),
                    "percentunit",
                    width=6,
                    height=5,
                ),
            ),
        ),
        Row(
            "Tools",
            (
                Panel(
                    "Calls by tool and side",
                    "provider: Google runs the tool; client: your program does.",
                    "bars",
                    (Query(count("ixp_tool_calls_total", by="tool, side")),),
                ),
                Panel(
                    "Failing tools",
                    "Share of tool results that are errors.",
                    "lines",
                    (
                        Query(
                            share(_BAD, f"({or_nothing(total('ixp_tool_results_total'))})"),
                            "failed",
                        ),
                    ),
                    "percentunit",
                    ((0.1, "red"),),
                ),
                Panel(
                    "Grounding queries",
                    "Uses of search and maps, as Google counted and bills them.",
                    "lines",
                    (Query(or_nothing(total("ixp_grounding_queries_total", "tool")), "{{tool}}"),),
                    "ops",
                ),
                Panel(
                    "Slowest tool calls",
                    "From the records: which calls took longest, with the interaction they belong to.",
                    "table",
                    (Shipped("slowest_tool_calls", _SPAN),),
                ),
            ),
        ),
    ),
    has_audit=True,
)
